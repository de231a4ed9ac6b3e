"""What a report knows of every candidate: a few numbers each, so that 100,000 fit in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from db.campaign_facts import candidate_facts, relaxation_facts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from db.client import MongoDatabase

CELL = (3, 3)


class Relaxed(NamedTuple):
    """How a candidate was relaxed.

    Attributes:
        stop_reason: Which of the six ends.
        message: Why, in one sentence.
        volume_per_atom: In cubic angstrom, None where the crystal is kept elsewhere.
        device: Where it ran.
        versions: Of the programs that did it.
        seconds: Its share of the wall time.
        ended_at: When it ended (UTC).
    """

    stop_reason: str
    message: str
    volume_per_atom: float | None
    device: str
    versions: Mapping[str, Any]
    seconds: float
    ended_at: datetime


class Fact(NamedTuple):
    """A candidate.

    Attributes:
        material_id: Its name.
        stored: Fields of its document, by name.
        relaxed: How it was relaxed, if it was.
    """

    material_id: str
    stored: Mapping[str, Any]
    relaxed: Relaxed | None

    @property
    def is_flagged(self) -> bool:
        """Whether it is worth DFT."""
        return bool(self.stored.get("is_flagged"))

    @property
    def distance(self) -> float | None:
        """Signed distance to the hull in eV/atom."""
        return self.stored.get("energy_above_hull")

    @property
    def formation_energy(self) -> float | None:
        """Formation energy in eV/atom."""
        return self.stored.get("formation_energy_per_atom")

    @property
    def gates(self) -> list[tuple[str, str]]:
        """Name and status of each gate, in order."""
        return [(each["name"], each["status"]) for each in self.stored.get("gates") or ()]


def facts_of(database: MongoDatabase, campaign_id: str) -> list[Fact]:
    """Return what is known of every candidate of a campaign, by name."""
    stored = list(candidate_facts(database, campaign_id))
    keys = {each["relaxation_id"] for each in stored if each.get("relaxation_id")}
    relaxed = {each["_id"]: _relaxed(each) for each in relaxation_facts(database, keys)}
    return [
        Fact(each["material_id"], each, relaxed.get(str(each.get("relaxation_id"))))
        for each in stored
    ]


def volume_per_atom(cell: bytes, nsites: int) -> float:
    """Return the volume in cubic angstrom of a packed cell for each of its sites."""
    vectors = np.frombuffer(cell, dtype="<f8").reshape(CELL)
    return float(abs(np.linalg.det(vectors))) / nsites


def _relaxed(raw: Mapping[str, Any]) -> Relaxed:
    cell = (raw.get("geometry") or {}).get("cell")
    return Relaxed(
        stop_reason=raw["stop_reason"],
        message=raw["message"],
        volume_per_atom=volume_per_atom(cell, int(raw["nsites"])) if cell else None,
        device=raw["device"],
        versions=raw["versions"],
        seconds=float(raw["wall_share"]),
        ended_at=raw["created_at"],
    )
