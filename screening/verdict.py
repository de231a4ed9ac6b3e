"""The verdict on one candidate: flagged or not, and why, in sentences with numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from screening.evidence import Evidence, Uncertainty
from screening.gates.outcome import GateOutcome, GateStatus
from screening.gates.sequence import obstacles_in, outcomes_of, walk
from screening.stability import Stability
from screening.trust import error_sentence, stability_under

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from screening.rules import FlagRule

__all__ = ["Evidence", "Uncertainty", "Verdict", "VerdictStatus", "judge", "stability_under"]


class VerdictStatus(StrEnum):
    """Where a screened candidate ended."""

    FLAGGED = "flagged"
    REJECTED = "rejected"
    NOT_CONVERGED = "not_converged"
    UNPHYSICAL = "unphysical"
    NO_REFERENCE = "no_reference"
    UNCERTAIN = "uncertain"
    DUPLICATE = "duplicate"
    KNOWN = "known"
    UNSTABLE = "unstable"


@dataclass(frozen=True)
class Verdict:
    """Whether a candidate is worth a DFT calculation.

    Attributes:
        is_flagged: Whether it is.
        status: Where it ended; the first obstacle if there were several.
        reasons: Sentences with numbers, the one behind the status first.
        rule_id: The rule that was applied.
        gates: What came of every gate, in their order.
        stability: How probable it is that the candidate is stable, if it has a distance.
        values: The evidence that the verdict rests on as plain data; another rule can judge it.
    """

    is_flagged: bool
    status: VerdictStatus
    reasons: tuple[str, ...]
    rule_id: str
    gates: tuple[GateOutcome, ...] = ()
    stability: Stability | None = None
    values: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as plain data."""
        return {
            "is_flagged": self.is_flagged,
            "status": self.status.value,
            "reasons": list(self.reasons),
            "rule_id": self.rule_id,
            "gates": [gate.to_dict() for gate in self.gates],
            "stability": self.stability.to_dict() if self.stability else None,
            "values": dict(self.values),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Verdict:
        """Read what ``to_dict`` made."""
        stability = data["stability"]
        gates = (
            GateOutcome(**{**gate, "status": GateStatus(gate["status"])}) for gate in data["gates"]
        )
        return cls(
            is_flagged=data["is_flagged"],
            status=VerdictStatus(data["status"]),
            reasons=tuple(data["reasons"]),
            rule_id=data["rule_id"],
            gates=tuple(gates),
            stability=Stability.from_dict(stability) if stability else None,
            values=data["values"],
        )


def judge(evidence: Evidence, rule: FlagRule) -> Verdict:
    """Apply a flag rule to the evidence on one candidate."""
    stability = stability_under(evidence, rule)
    outcomes = outcomes_of(evidence, rule, stability)
    gates = walk(outcomes)
    status = _status(gates)
    obstacles = obstacles_in(outcomes)
    remarks = [each.sentence for each in gates if each.status is GateStatus.WARNING]
    remarks += error_sentence(evidence, rule, stability)
    return Verdict(
        is_flagged=status is VerdictStatus.FLAGGED,
        status=status,
        reasons=(*(obstacles or (_hull_sentence(gates),)), *remarks),
        rule_id=rule.rule_id,
        gates=gates,
        stability=stability,
        values=evidence.to_dict(),
    )


def _status(gates: Sequence[GateOutcome]) -> VerdictStatus:
    """Name the place where a candidate ended."""
    end = next((gate.name for gate in gates if gate.is_failure), None)
    return VerdictStatus.FLAGGED if end is None else _ENDS.get(end, VerdictStatus.REJECTED)


def _hull_sentence(gates: Sequence[GateOutcome]) -> str:
    return next(gate.sentence for gate in gates if gate.name == "hull")


# A gate that is not here rejects.
_ENDS = {
    "converged": VerdictStatus.NOT_CONVERGED,
    "volume": VerdictStatus.UNPHYSICAL,
    "distances": VerdictStatus.UNPHYSICAL,
    "coordination": VerdictStatus.UNPHYSICAL,
    "reference": VerdictStatus.NO_REFERENCE,
    "probability_on_hull": VerdictStatus.UNCERTAIN,
    "probability_within_limit": VerdictStatus.UNCERTAIN,
    "uncertainty": VerdictStatus.UNCERTAIN,
    "unique": VerdictStatus.DUPLICATE,
    "new": VerdictStatus.KNOWN,
    "dynamical": VerdictStatus.UNSTABLE,
    "elastic": VerdictStatus.UNSTABLE,
}
