"""What a distance is worth under a rule: its error, where that is known from, and in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from screening.calibration import Calibration
from screening.evidence import CAMPAIGN, Uncertainty
from screening.gates.words import mev
from screening.stability import Stability, stability_of

if TYPE_CHECKING:
    from screening.evidence import Evidence
    from screening.rules import FlagRule


def stability_under(evidence: Evidence, rule: FlagRule) -> Stability | None:
    """Tell how probable it is that a candidate is stable; None without a distance."""
    distance, known = evidence.distance, evidence.uncertainty
    if distance is None:
        return None
    calibration = (
        Calibration(known.stretch, known.bias, known.freedom, known.offset) if known else None
    )
    return stability_of(
        distance,
        rule.max_energy_above_hull,
        spread=known.spread if known else None,
        calibration=calibration,
        assumed_error=rule.assumed_error,
        disagreement=disagreement_under(evidence, rule),
    )


def uncertainty_by(
    calibration: Calibration, spread: float | None, source: str = CAMPAIGN
) -> Uncertainty | None:
    """Read a spread with a calibration; None where that needs one and there is none.

    Args:
        calibration: What a spread is worth.
        spread: Of the distance over the members in eV/atom, if it is known.
        source: Where the calibration is from, completing "as known from ...".
    """
    if spread is None and calibration.stretch > 0:
        return None
    return Uncertainty(spread or 0.0, **calibration.to_dict(), source=source)


def disagreement_under(evidence: Evidence, rule: FlagRule) -> float:
    """Return the disagreement with others in eV/atom as a rule weighs it; 0 if it does not."""
    largest = evidence.largest_disagreement
    with_potentials = rule.disagreement.potentials * (largest.size if largest else 0.0)
    return math.hypot(with_potentials, rule.disagreement.hulls * evidence.hull_disagreement)


def error_sentence(evidence: Evidence, rule: FlagRule, stability: Stability | None) -> list[str]:
    """Say how large the error of the distance is and who says so, if there is anything to say."""
    known = evidence.uncertainty
    if stability is None or not (known or evidence.no_uncertainty or stability.disagreement):
        return []
    size = f"{mev(stability.scale)} meV/atom"
    if known is not None:
        read = f", read with a spread of {mev(known.spread)} meV/atom" if known.stretch else ""
        sentence = f"The distance is uncertain by {size}, as known from {known.source}{read}"
    else:
        sentence = f"The distance is assumed to be uncertain by {size}"
    reason = f" {evidence.no_uncertainty}" if known is None and evidence.no_uncertainty else ""
    return [f"{sentence}{others_in_words(evidence, rule, stability)}.{reason}"]


def others_in_words(evidence: Evidence, rule: FlagRule, stability: Stability) -> str:
    """Continue a sentence about an error by what disagreement adds to it, if it adds anything."""
    if not stability.disagreement:
        return ""
    largest, causes = evidence.largest_disagreement, []
    if largest is not None and rule.disagreement.potentials * largest.size:
        causes.append(f"{largest.other} disagrees by {mev(largest.size)} meV/atom")
    if rule.disagreement.hulls * evidence.hull_disagreement:
        causes.append("the hulls disagree")
    return f"; of that {mev(stability.disagreement)} meV/atom because {' and '.join(causes)}"
