"""What each potential makes of the same candidates: distances to its hull, and verdicts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from screening.errors import ScreeningError
from screening.rules import FlagRule
from workflows.competitors import reference_for
from workflows.convert import ON_HULL
from workflows.findings import relaxed_crystals
from workflows.judging.judged import judged
from workflows.judging.surroundings import surroundings_by
from workflows.judging.uncertainty import known_errors

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from db.client import MongoDatabase
    from db.documents import CampaignDoc
    from screening.hull import Hulls
    from workflows.findings import Finding


@dataclass(frozen=True)
class Judgement:
    """What one potential makes of the compared candidates.

    Attributes:
        findings: By name of the candidate.
        hulls: What they were measured against; None where there is nothing to measure against.
        hull: The same in words.
        fault: Why there is none.
    """

    findings: Mapping[str, Finding] = field(default_factory=dict)
    hulls: Hulls | None = None
    hull: str = ""
    fault: str | None = None


def judge_with(
    database: MongoDatabase,
    campaign: CampaignDoc,
    fingerprint: str,
    chosen: Collection[str],
    phases: Collection[str],
) -> Judgement:
    """Judge candidates as the campaign would have with another potential.

    Args:
        database: Holds the relaxations.
        campaign: Says against what and by which rule.
        fingerprint: Of the potential.
        chosen: Names of the candidates.
        phases: Names of the reference crystals that count.
    """
    is_own = fingerprint == campaign.potential_fingerprint
    # What DFT taught of the errors of one potential says nothing of another.
    summary = campaign.summary if is_own else {}
    as_its_own = campaign.model_copy(
        update={"potential_fingerprint": fingerprint, "summary": summary}
    )
    names = {*chosen, *phases}
    crystals = [
        each for each in relaxed_crystals(database, as_its_own) if each.material_id in names
    ]
    competing = [each for each in crystals if each.material_id in set(phases)]
    try:
        reference = reference_for(database, as_its_own, competing)
        reference.check_candidates(fingerprint)
        around = surroundings_by(reference, fingerprint, competing)
        errors = known_errors(as_its_own, around.headline, competing)
    except ScreeningError as error:
        return Judgement(fault=str(error))
    mine = [each for each in crystals if each.material_id in set(chosen)]
    around = around._replace(errors=errors)
    findings = judged(database, mine, around, FlagRule.from_dict(campaign.rule))
    is_table = campaign.reference_id is not None
    hull = "the table of known energies, with MP2020" if is_table else "its own energies"
    return Judgement({each.material_id: each for each in findings}, around.hulls, hull)


def is_stable(finding: Finding | None) -> bool | None:
    """Whether a candidate opens the hull or lies on it; None where that is not known."""
    if finding is None or finding.energy_above_hull is None:
        return None
    return finding.energy_above_hull <= ON_HULL


def decisions_of(first: Finding | None, other: Finding | None) -> dict[str, Any]:
    """What two potentials make of one candidate, and where they part.

    Returns:
        ``disagreement`` in eV/atom is the difference of both distances to the hull, which a rule
        can take for an uncertainty of the first.
    """
    distances = [None if each is None else each.energy_above_hull for each in (first, other)]
    stable = [is_stable(each) for each in (first, other)]
    flagged = [None if each is None else each.is_flagged for each in (first, other)]
    return {
        "energy_above_hull": distances,
        "disagreement": None if None in distances else abs(distances[1] - distances[0]),  # type: ignore[operator]
        "is_stable": stable,
        "is_flagged": flagged,
        "verdicts": [
            None if each is None else each.verdict.status.value for each in (first, other)
        ],
        "reasons": [[] if each is None else list(each.verdict.reasons) for each in (first, other)],
        "stability_flips": None not in stable and stable[0] != stable[1],
        "flag_flips": None not in flagged and flagged[0] != flagged[1],
    }
