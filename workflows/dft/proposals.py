"""Which candidates of a campaign are worth DFT, in which order, and what each would cost."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from db.queries import relaxed_candidates
from screening.budget import Choice, Proposal, Role, choose
from screening.calibration import Calibration
from screening.cost import core_hours, workload
from screening.rules import FlagRule, StableMeans
from screening.stability import stability_of
from screening.valence import VALENCE_ELECTRONS
from workflows.convert import structure_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pymatgen.core.structure import Structure

    from db.client import MongoDatabase
    from db.documents import CampaignDoc, CandidateDoc, RelaxationDoc
    from db.documents.follow_up import FollowUpKind

LEARNED = "dft"
"""Where a campaign's summary holds what DFT taught."""

KINDS: Mapping[Role, FollowUpKind] = {Role.CHOSEN: "flagged", Role.DRAWN: "exploration"}


class Ranked(NamedTuple):
    """A candidate that could be calculated.

    Attributes:
        candidate: The candidate.
        relaxation: How it was relaxed.
        structure: As relaxed.
        cost: Of a calculation, in core-hours.
        p_stable: Probability that it is stable, in the sense of the rule.
        choice: Whether it is chosen under the budget, and why.
    """

    candidate: CandidateDoc
    relaxation: RelaxationDoc
    structure: Structure
    cost: float
    p_stable: float
    choice: Choice

    @property
    def kind(self) -> FollowUpKind:
        """Why it would be calculated if somebody asked for it now."""
        return KINDS.get(self.choice.role, "flagged" if self.candidate.is_flagged else "picked")


def ranked(
    database: MongoDatabase, campaign: CampaignDoc, budget: float | None = None
) -> list[Ranked]:
    """Return every candidate that could be calculated: those chosen by rank, then the others.

    Args:
        database: Holds the campaign.
        campaign: A screened campaign.
        budget: Core-hours; None takes the budget of the rule.
    """
    rule = FlagRule.from_dict(campaign.rule)
    if budget is not None:
        rule = replace(rule, budget=replace(rule.budget, core_hours=budget))
    learned = learned_calibration(campaign)
    found: dict[str, tuple[CandidateDoc, RelaxationDoc, Structure, Proposal]] = {}
    for candidate, relaxation in relaxed_candidates(database, campaign.campaign_id):
        if can_be_calculated(candidate):
            structure = structure_of(relaxation.geometry)
            proposal = _proposal(candidate, structure, rule, learned)
            found[candidate.material_id] = (candidate, relaxation, structure, proposal)
    choices = choose((each[3] for each in found.values()), rule, campaign.campaign_id)
    return [_ranked(*found[each.material_id], each) for each in choices]


def can_be_calculated(candidate: CandidateDoc) -> bool:
    """Whether a candidate has all that a calculation and its comparison need."""
    return (
        candidate.role == "candidate"
        and candidate.stop_reason == "converged"
        and candidate.energy_above_hull is not None
        and set(candidate.elements) <= VALENCE_ELECTRONS.keys()
    )


def may_be_drawn(candidate: CandidateDoc) -> bool:
    """Whether the lot may fall on a candidate; a copy of another stands for nothing."""
    return can_be_calculated(candidate) and candidate.duplicate_of is None


def learned_calibration(campaign: CampaignDoc) -> Calibration | None:
    """Return what finished calculations of a campaign taught of its errors, if anything yet."""
    learned: Any = campaign.summary.get(LEARNED)
    fitted = learned.get("calibration") if isinstance(learned, dict) else None
    if not isinstance(fitted, dict):
        return None
    return Calibration(**{key: fitted[key] for key in ("stretch", "bias", "freedom", "offset")})


def _proposal(
    candidate: CandidateDoc, structure: Structure, rule: FlagRule, learned: Calibration | None
) -> Proposal:
    stability = stability_of(
        candidate.energy_above_hull or 0.0,
        rule.max_energy_above_hull,
        spread=None if learned is None else 0.0,
        calibration=learned,
        assumed_error=rule.assumed_error,
    )
    is_on_hull = rule.ranking.stable_means is StableMeans.ON_HULL
    return Proposal(
        material_id=candidate.material_id,
        chemsys=candidate.chemsys or "",
        is_flagged=bool(candidate.is_flagged),
        probability=stability.on_hull if is_on_hull else stability.within_limit,
        core_hours=core_hours(workload(structure), rule.cost),
        may_be_drawn=may_be_drawn(candidate),
    )


def _ranked(
    candidate: CandidateDoc,
    relaxation: RelaxationDoc,
    structure: Structure,
    proposal: Proposal,
    choice: Choice,
) -> Ranked:
    cost, probability = proposal.core_hours, proposal.probability
    return Ranked(candidate, relaxation, structure, cost, probability, choice)
