"""How a campaign compares with the outcomes that its input carries."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from screening.errors import ScreeningError
from screening.metrics import classification

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from screening.hull import Hulls
    from screening.rules import FlagRule
    from workflows.findings import Finding

AS_SHIPPED = "dft_e_above_hull"
WITHOUT_OWN_FORMULA = "dft_e_above_hull_excl_own"


def known_outcome(
    findings: Sequence[Finding], hulls: Hulls, rule: FlagRule
) -> dict[str, Any] | None:
    """Compare distances to the hull with known ones; None when the input carries none.

    ``stable`` asks for a distance of at most zero, ``near_hull`` for at most the flag limit, which
    is what a flag predicts. ``wbm_without_own_formula`` is the headline: rows whose DFT labels are
    certain, phases of the candidate's own formula taken off the hull for truth and prediction.
    """
    report: dict[str, Any] = {}
    known = [each for each in findings if _truth(each, AS_SHIPPED) is not None]
    if known:
        report["as_shipped"] = _scores(known, AS_SHIPPED, lambda each: each.energy_above_hull, rule)
    certain = [
        each
        for each in findings
        if _truth(each, WITHOUT_OWN_FORMULA) is not None and _is_certain(each)
    ]
    if certain:
        report["wbm_without_own_formula"] = _scores(
            certain, WITHOUT_OWN_FORMULA, lambda each: _distance_without_own(each, hulls), rule
        )
    return report or None


def _scores(
    known: Sequence[Finding],
    key: str,
    predicted: Callable[[Finding], float | None],
    rule: FlagRule,
) -> dict[str, Any]:
    limit = rule.max_energy_above_hull
    truth = [_truth(each, key) or 0.0 for each in known]
    guesses = [
        predicted(each) if each.verdict.status != "not_converged" else None for each in known
    ]
    pairs = [(t, g) for t, g in zip(truth, guesses, strict=True) if g is not None]
    return {
        "num": len(known),
        "num_measured": len(pairs),
        "stable": classification(
            [value <= 0 for value in truth], [g is not None and g <= 0 for g in guesses]
        ),
        "near_hull": classification(
            [value <= limit for value in truth], [g is not None and g <= limit for g in guesses]
        ),
        "energy_above_hull_mae": sum(abs(t - g) for t, g in pairs) / len(pairs) if pairs else None,
    }


def _truth(finding: Finding, key: str) -> float | None:
    """Known distance to the hull in eV/atom, if the input carries a finite one."""
    value = (finding.relaxed.candidate.known_outcome or {}).get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _is_certain(finding: Finding) -> bool:
    """Whether the DFT label is of the relaxed crystal itself, not only likely."""
    return str((finding.relaxed.candidate.known_outcome or {}).get("source")).startswith("wbm")


def _distance_without_own(finding: Finding, hulls: Hulls) -> float | None:
    relaxed = finding.relaxed
    if relaxed.energy is None:
        return None
    try:
        distance = hulls.distance(
            relaxed.structure.composition, relaxed.energy.total, without_formula=True
        )
    except ScreeningError:
        return None
    return distance.energy_above_hull
