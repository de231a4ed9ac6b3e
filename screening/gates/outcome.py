"""What came of one gate."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class GateStatus(StrEnum):
    """What came of a gate."""

    PASSED = "passed"
    FAILED = "failed"
    WARNING = "warning"
    SKIPPED = "skipped"
    NOT_REACHED = "not_reached"


@dataclass(frozen=True)
class GateOutcome:
    """One gate as a candidate met it.

    Attributes:
        name: The gate.
        status: What came of it; a gate behind the first failure is not reached.
        sentence: Says why, with numbers.
        value: What was measured, if it was.
        limit: What the rule allows, if it limits that.
    """

    name: str
    status: GateStatus
    sentence: str
    value: float | str | None = None
    limit: float | str | None = None

    @property
    def is_failure(self) -> bool:
        """Whether the candidate ends here."""
        return self.status is GateStatus.FAILED

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as plain data."""
        return {**asdict(self), "status": self.status.value}


def passed(
    name: str, sentence: str, value: float | str | None = None, limit: float | str | None = None
) -> GateOutcome:
    """Make the outcome of a gate that a candidate passed."""
    return GateOutcome(name, GateStatus.PASSED, sentence, value, limit)


def failed(
    name: str, sentence: str, value: float | str | None = None, limit: float | str | None = None
) -> GateOutcome:
    """Make the outcome of a gate where a candidate ends."""
    return GateOutcome(name, GateStatus.FAILED, sentence, value, limit)


def warned(
    name: str, sentence: str, value: float | str | None = None, limit: float | str | None = None
) -> GateOutcome:
    """Make the outcome of a gate that a candidate passed with a remark for the reader."""
    return GateOutcome(name, GateStatus.WARNING, sentence, value, limit)


def skipped(name: str, sentence: str) -> GateOutcome:
    """Make the outcome of a gate that was not asked for, or had nothing to judge by."""
    return GateOutcome(name, GateStatus.SKIPPED, sentence)
