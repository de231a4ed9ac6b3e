"""How each potential does where DFT's outcome is known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from screening.cost import CostModel, core_hours, workload
from screening.errors import ScreeningError
from screening.rules import FlagRule
from workflows.comparison.statistics import errors
from workflows.known_outcome import AS_SHIPPED, WITHOUT_OWN_FORMULA, known_outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from db.documents import CampaignDoc
    from workflows.comparison.decisions import Judgement
    from workflows.findings import Finding

FORMATION_ENERGY = "dft_e_form"
VOLUME = "dft_volume_per_atom"


def outcomes_of(judgement: Judgement, campaign: CampaignDoc) -> dict[str, Any] | None:
    """Errors against known outcomes; None where the candidates carry none.

    Returns:
        Scores of the classification, errors of formation energy (eV/atom) and volume (share of
        DFT's), and core-hours of DFT for every flagged candidate that is truly stable.
    """
    findings = list(judgement.findings.values())
    if judgement.hulls is None or not any(_truth(each) is not None for each in findings):
        return None
    rule = FlagRule.from_dict(campaign.rule)
    return {
        "hull": judgement.hull,
        "scores": known_outcome(findings, judgement.hulls, rule),
        "formation_energy": errors(_formation_errors(findings)),
        "volume": errors(_volume_errors(findings)),
        "discoveries": discoveries(findings),
    }


def discoveries(findings: Sequence[Finding]) -> dict[str, Any]:
    """What DFT calculations of all flagged candidates would cost, and how many would be right."""
    flagged = [each for each in findings if each.is_flagged and _truth(each) is not None]
    hours = sum(_hours(flagged))
    num_true = sum((_truth(each) or 0.0) <= 0.0 for each in flagged)
    return {
        "num_flagged": len(flagged),
        "num_truly_stable": num_true,
        "dft_core_hours": hours,
        "dft_core_hours_per_true_discovery": hours / num_true if num_true else None,
    }


def _hours(findings: Iterable[Finding]) -> Iterable[float]:
    model = CostModel()
    for each in findings:
        try:
            yield core_hours(workload(each.relaxed.structure), model)
        except ScreeningError:  # an element without a pseudopotential has no known cost
            continue


def _truth(finding: Finding) -> float | None:
    """DFT's distance to the hull in eV/atom, where known with phases of its own formula off it."""
    own = _known(finding, WITHOUT_OWN_FORMULA)
    return own if own is not None else _known(finding, AS_SHIPPED)


def _formation_errors(findings: Iterable[Finding]) -> list[float]:
    pairs = (
        (each.distance.formation_energy_per_atom, _known(each, FORMATION_ENERGY))
        for each in findings
        if each.distance is not None
    )
    return [found - truth for found, truth in pairs if truth is not None]


def _volume_errors(findings: Iterable[Finding]) -> list[float]:
    found = ((each.relaxed.structure, _known(each, VOLUME)) for each in findings)
    return [
        crystal.volume / len(crystal) / truth - 1.0 for crystal, truth in found if truth is not None
    ]


def _known(finding: Finding, key: str) -> float | None:
    value = (finding.relaxed.candidate.known_outcome or {}).get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
