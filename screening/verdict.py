"""The verdict on one candidate: flagged or not, and why, in sentences with numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from screening.rules import FlagRule

_CONVERGED = "converged"
_SUSPICIOUS_DEPTH = 0.3
_FEW_MEV = 9.95
_NO_DISTANCE = "No distance to the hull was measured: relax the crystal to a finite energy."


class VerdictStatus(StrEnum):
    """Where a screened candidate ended."""

    FLAGGED = "flagged"
    REJECTED = "rejected"
    NOT_CONVERGED = "not_converged"
    NO_REFERENCE = "no_reference"
    DUPLICATE = "duplicate"


@dataclass(frozen=True)
class Evidence:
    """What is known of a candidate when it is judged.

    Attributes:
        stop_reason: Why its relaxation stopped, e.g. ``converged``.
        stop_message: The sentence that says so.
        energy_above_hull: Signed distance to the hull in eV/atom, if one could be measured.
        no_reference: Why none could be measured, if so.
        duplicate_of: The better candidate that it is a copy of, if so.
        decomposes_to: Formulas of the competing phases, largest share first.
        hull_description: The words that complete "27 meV/atom above ...".
    """

    stop_reason: str
    stop_message: str
    energy_above_hull: float | None
    no_reference: str | None
    duplicate_of: str | None
    decomposes_to: tuple[str, ...] = ()
    hull_description: str = "the supplied phases"


@dataclass(frozen=True)
class Verdict:
    """Whether a candidate is worth a DFT calculation.

    Attributes:
        is_flagged: Whether it is.
        status: Where it ended; the first obstacle if there were several.
        reasons: Sentences with numbers, the one behind the status first.
        rule_id: The rule that was applied.
    """

    is_flagged: bool
    status: VerdictStatus
    reasons: tuple[str, ...]
    rule_id: str


def judge(evidence: Evidence, rule: FlagRule) -> Verdict:
    """Apply a flag rule to the evidence on one candidate."""
    distance = _measured(evidence)
    findings = list(_obstacles(evidence, distance, rule))
    if not findings and distance is not None:
        findings = [(VerdictStatus.FLAGGED, _hull_sentence(distance, evidence, rule))]
    status = findings[0][0]
    return Verdict(
        is_flagged=status is VerdictStatus.FLAGGED,
        status=status,
        reasons=(*(sentence for _, sentence in findings), *_remarks(evidence, rule)),
        rule_id=rule.rule_id,
    )


def _obstacles(
    evidence: Evidence, distance: float | None, rule: FlagRule
) -> Iterator[tuple[VerdictStatus, str]]:
    """Yield everything that stands in the way of a flag, the weightiest first."""
    if rule.require_converged and evidence.stop_reason != _CONVERGED:
        yield (
            VerdictStatus.NOT_CONVERGED,
            f"Not relaxed to the end ({evidence.stop_reason}): {evidence.stop_message}",
        )
    if distance is None:
        yield VerdictStatus.NO_REFERENCE, evidence.no_reference or _NO_DISTANCE
    elif distance > rule.max_energy_above_hull:
        yield VerdictStatus.REJECTED, _hull_sentence(distance, evidence, rule)
    if evidence.duplicate_of is not None and not rule.allow_duplicates:
        yield (
            VerdictStatus.DUPLICATE,
            f"Relaxed to the same crystal as {evidence.duplicate_of}, which is kept in its place.",
        )


def _remarks(evidence: Evidence, rule: FlagRule) -> Iterator[str]:
    """Yield what the reader should know beside the verdict."""
    if evidence.stop_reason != _CONVERGED and not rule.require_converged:
        yield (
            f"Not relaxed to the end ({evidence.stop_reason}), which this rule permits: "
            f"{evidence.stop_message}"
        )
    if evidence.duplicate_of is not None and rule.allow_duplicates:
        yield f"A copy of {evidence.duplicate_of}, which this rule permits."
    distance = _measured(evidence)
    if distance is not None and distance < -_SUSPICIOUS_DEPTH:
        yield (
            f"So far below the hull ({_mev(-distance)} meV/atom) that the energy or the "
            f"reference is more likely wrong than the crystal this stable: check both."
        )


def _measured(evidence: Evidence) -> float | None:
    """Return the distance to the hull if there is one that is a number."""
    distance = evidence.energy_above_hull
    return distance if distance is not None and math.isfinite(distance) else None


def _hull_sentence(distance: float, evidence: Evidence, rule: FlagRule) -> str:
    """Say where a candidate lies: beside the limit, beside the hull, and against what."""
    margin = rule.max_energy_above_hull - distance
    limit = f"the flag limit of {_mev(rule.max_energy_above_hull)} meV/atom"
    beside_limit = f"{_mev(abs(margin))} meV/atom {'below' if margin >= 0 else 'above'} {limit}"
    is_above = distance >= 0
    beside_hull = f"{_mev(abs(distance))} meV/atom {'above' if is_above else 'below'}"
    rivals = " + ".join(evidence.decomposes_to)
    against = f", {'decomposing to' if is_above else 'more stable than'} {rivals}" if rivals else ""
    return f"{beside_limit}: {beside_hull} {evidence.hull_description}{against}."


def _mev(energy: float) -> str:
    """Write an energy in eV as meV, with a decimal where it is small."""
    mev = energy * 1000.0
    return f"{mev:.1f}" if abs(mev) < _FEW_MEV else f"{mev:.0f}"
