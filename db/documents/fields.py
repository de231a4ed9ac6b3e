"""Types of document fields: what MongoDB would lose, refuse or misread is mended at this door."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    JsonValue,
    StringConstraints,
)

StopReasonName = Literal[
    "converged", "max_steps", "diverged", "failed", "unsupported", "stopped_early"
]
CandidateStatus = Literal["rejected_input", "pending", "set_aside", "relaxed", "screened"]
CandidateRole = Literal["candidate", "reference"]
CampaignStatus = Literal["submitted", "running", "finished"]
CampaignControl = Literal["active", "paused", "cancelled"]


def _storable(text: str) -> str:
    """Spell out lone surrogates (undecodable bytes of a file name), which BSON cannot hold."""
    return text.encode("utf-8", "backslashreplace").decode()


def _none_unless_finite(value: object) -> object:
    """Turn NaN and infinities into None, so that they neither sort first nor break JSON."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _milliseconds_utc(time: datetime) -> datetime:
    """Round down to what MongoDB keeps, so that a document equals what is read back."""
    time = time.astimezone(UTC)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def _storable_json(value: object) -> object:
    """Make every text storable, and refuse keys, at any depth, that are operators or paths."""
    if isinstance(value, dict):
        for key in value:
            if not key or key.startswith("$") or "." in key or "\0" in key:
                raise ValueError(f"{key!r} cannot be a key: empty, or it holds '$', '.' or NUL")
        return {_storable(key): _storable_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_storable_json(inner) for inner in value]
    return _storable(value) if isinstance(value, str) else value


Text = Annotated[str, AfterValidator(_storable)]
Finite = Annotated[float | None, BeforeValidator(_none_unless_finite)]
UtcTime = Annotated[AwareDatetime, AfterValidator(_milliseconds_utc)]
JsonObject = Annotated[dict[str, JsonValue], AfterValidator(_storable_json)]
JsonValues = Annotated[list[JsonValue], AfterValidator(_storable_json)]
Counts = Annotated[dict[str, int], AfterValidator(_storable_json)]
ContentKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,200}$")]
ElementSymbol = Annotated[str, StringConstraints(pattern=r"^[A-Z][a-z]?$")]


class Part(BaseModel):
    """A frozen piece of a document that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")
