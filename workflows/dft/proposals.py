"""Which candidates of a campaign are worth DFT, in which order, and what each would cost.

Cost, probability and verdict are those that screening stored, and the choice among them is made by
the same function; another budget is all that may differ.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from db.documents import CandidateDoc
from db.documents.candidate import candidate_id
from db.filters import CandidateFilter
from db.queries import candidates, documents_by_id, known_ids
from screening.budget import Choice, Proposal, Role, choose
from screening.calibration import Calibration
from screening.rank import may_be_drawn as verdict_may_be_drawn
from screening.rules import FlagRule
from screening.verdict import VerdictStatus
from workflows.dft.errors import FollowUpError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from db.client import MongoDatabase
    from db.documents import CampaignDoc
    from db.documents.follow_up import FollowUpKind

LEARNED = "dft"
"""Where a campaign's summary holds what DFT taught."""

KINDS: Mapping[Role, FollowUpKind] = {Role.CHOSEN: "flagged", Role.DRAWN: "exploration"}


class Ranked(NamedTuple):
    """A candidate that could be calculated.

    Attributes:
        candidate: The candidate.
        cost: Of a calculation, in core-hours.
        p_stable: Probability that it is stable, in the sense of the rule.
        choice: Whether it is chosen under the budget, and why.
    """

    candidate: CandidateDoc
    cost: float
    p_stable: float
    choice: Choice

    @property
    def spread(self) -> float | None:
        """Spread of the distance over a committee in eV/atom, if it is known."""
        found: Any = (self.candidate.evidence or {}).get("spread")
        return None if found is None else float(found)

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
        budget: Core-hours; None takes the budget of the rule, and so the stored choices.

    Raises:
        FollowUpError: A Facet screened it that stored neither costs nor choices.
    """
    where = CandidateFilter(campaign_id=campaign.campaign_id, role="candidate", status="screened")
    screened = list(candidates(database, where))
    found = {each.material_id: each for each in screened if can_be_calculated(each)}
    if not found and any(map(_is_of_older_facet, screened)):
        raise _older_facet(campaign)
    choices = _stored_choices(found.values()) if budget is None else None
    if choices is None:
        rule = FlagRule.from_dict(campaign.rule)
        if budget is not None:
            rule = replace(rule, budget=replace(rule.budget, core_hours=budget))
        choices = choose((_proposal(each) for each in found.values()), rule, campaign.campaign_id)
    return [_ranked(found[each.material_id], each) for each in choices]


def ranked_by_name(
    database: MongoDatabase, campaign: CampaignDoc, names: Iterable[str]
) -> dict[str, Ranked]:
    """Return some candidates that could be calculated, by name; names of others are left out.

    Only these are read: what each is worth beside the others was stored when they were judged.

    Args:
        database: Holds the campaign.
        campaign: A screened campaign.
        names: Of candidates.

    Raises:
        FollowUpError: As ``ranked``.
    """
    wanted = {name: candidate_id(campaign.campaign_id, _storable(name)) for name in names}
    keys = sorted(known_ids(database, CandidateDoc, set(wanted.values())))
    screened = [
        each
        for each in documents_by_id(database, CandidateDoc, keys)
        if (each.role, each.status) == ("candidate", "screened")
    ]
    found = {each.candidate_id: each for each in screened if can_be_calculated(each)}
    if any(_is_of_older_facet(each) for each in screened if not can_be_calculated(each)):
        raise _older_facet(campaign)
    choices = _stored_choices(found.values())
    if choices is None:  # judged by a Facet that stored no places in the queue
        rows = {each.candidate.candidate_id: each for each in ranked(database, campaign)}
    else:
        by_name = {each.material_id: each for each in choices}
        rows = {key: _ranked(each, by_name[each.material_id]) for key, each in found.items()}
    return {name: rows[key] for name, key in wanted.items() if key in rows}


def can_be_calculated(candidate: CandidateDoc) -> bool:
    """Whether a candidate has all that a calculation and its comparison need."""
    return candidate.core_hours is not None and candidate.energy_above_hull is not None


def may_be_drawn(candidate: CandidateDoc) -> bool:
    """Whether the lot may fall on a candidate; a copy of another stands for nothing."""
    return (
        can_be_calculated(candidate)
        and candidate.verdict is not None
        and verdict_may_be_drawn(VerdictStatus(candidate.verdict))
    )


def learned_calibration(campaign: CampaignDoc) -> Calibration | None:
    """Return what finished calculations of a campaign taught of its errors, if anything yet."""
    learned: Any = campaign.summary.get(LEARNED)
    fitted = learned.get("calibration") if isinstance(learned, dict) else None
    if not isinstance(fitted, dict):
        return None
    return Calibration(**{key: fitted[key] for key in ("stretch", "bias", "freedom", "offset")})


def learned_reference(campaign: CampaignDoc) -> str | None:
    """Return the id of a campaign's reference with its DFT results, if its distances are to that.

    Results on another reference, which a user may give an update, say nothing of them.
    """
    learned: Any = campaign.summary.get(LEARNED) or {}
    if learned.get("base_reference_id") != campaign.reference_id:
        return None
    key: str | None = learned.get("reference_id")
    return key


def _storable(name: str) -> str:
    """Write a name as it is stored, where undecodable bytes are spelled out."""
    return name.encode("utf-8", "backslashreplace").decode()


def _is_of_older_facet(candidate: CandidateDoc) -> bool:
    return candidate.evidence is None and candidate.energy_above_hull is not None


def _older_facet(campaign: CampaignDoc) -> FollowUpError:
    return FollowUpError(
        f"Campaign {campaign.campaign_id} was screened by an older Facet that stored no costs: "
        "run its `facet screen` again, which relaxes nothing twice."
    )


def _stored_choices(rows: Iterable[CandidateDoc]) -> list[Choice] | None:
    """Return the choices among candidates in the order of the queue; None if one is unknown."""
    choices = []
    for each in rows:
        stored = each.choice
        if stored is None or (stored.rank is None) != (stored.role == Role.LEFT.value):
            return None
        choices.append(
            Choice(
                each.material_id,
                Role(stored.role),
                stored.rank,
                stored.reason,
                stored.value,
                stored.inclusion_probability,
            )
        )
    return sorted(choices, key=lambda each: (each.rank or math.inf, each.material_id))


def _proposal(candidate: CandidateDoc) -> Proposal:
    return Proposal(
        material_id=candidate.material_id,
        chemsys=candidate.chemsys or "",
        is_flagged=bool(candidate.is_flagged),
        probability=candidate.p_stable or 0.0,
        core_hours=candidate.core_hours or 0.0,
        is_known=candidate.known_as is not None,
        may_be_drawn=may_be_drawn(candidate),
    )


def _ranked(candidate: CandidateDoc, choice: Choice) -> Ranked:
    return Ranked(candidate, candidate.core_hours or 0.0, candidate.p_stable or 0.0, choice)
