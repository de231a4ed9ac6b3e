"""People decide what is calculated; a budget may decide in their place when they say so."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from db.follow_ups import ask, decide, follow_ups_of
from db.indexes import ensure_indexes
from db.transactions import server_time
from screening.rules import FlagRule
from workflows.dft.errors import FollowUpError
from workflows.dft.makers import MATERIALS_PROJECT, dft_maker, maker_digest
from workflows.dft.proposals import ranked
from workflows.dft.requests import crystals, follow_ups_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from db.client import MongoDatabase
    from db.documents import CampaignDoc
    from db.documents.follow_up import FollowUpDoc
    from workflows.dft.proposals import Ranked

BY_BUDGET = "budget"
COMMITTED = ("approved", "submitted", "finished", "failed")
SHOWN_NAMES = 3


@dataclass(frozen=True)
class Calculation:
    """What is calculated of each approved candidate.

    Attributes:
        maker: Import path of the DFT Maker.
        num_antiferromagnetic: Most antiferromagnetic orderings beside the ferromagnetic one.
        digest: Of the Maker, looked up when it is not given.
    """

    maker: str = MATERIALS_PROJECT
    num_antiferromagnetic: int = 0
    digest: str = field(default="")

    def __post_init__(self) -> None:
        """Look at the Maker once.

        Raises:
            FollowUpError: There is no such Maker.
        """
        if not self.digest:
            object.__setattr__(self, "digest", maker_digest(dft_maker(self.maker)))


def approve(
    database: MongoDatabase,
    campaign: CampaignDoc,
    names: Sequence[str],
    calculation: Calculation,
    by: str,
) -> list[FollowUpDoc]:
    """Approve candidates by name; return their follow-ups.

    Raises:
        FollowUpError: The campaign has no such candidate, or it cannot be calculated.
    """
    wanted = _named(ranked(database, campaign), names)
    return _asked(database, campaign, wanted, calculation, ("approved", by))


def reject(
    database: MongoDatabase,
    campaign: CampaignDoc,
    names: Sequence[str],
    calculation: Calculation,
    by: str,
) -> list[FollowUpDoc]:
    """Reject candidates by name, so that no budget approves them; return their follow-ups.

    Raises:
        FollowUpError: As ``approve``.
    """
    wanted = _named(ranked(database, campaign), names)
    return _asked(database, campaign, wanted, calculation, ("rejected", by))


def approve_within(
    database: MongoDatabase, campaign: CampaignDoc, budget: float | None, calculation: Calculation
) -> list[FollowUpDoc]:
    """Approve what is worth most under a budget, in all runs together; return what is new.

    What a person rejected stays rejected.

    Args:
        database: Holds the campaign.
        campaign: A screened campaign.
        budget: Core-hours of the whole campaign; None takes the budget of its rule.
        calculation: What is calculated of each.

    Raises:
        FollowUpError: Neither gives a budget.
    """
    allowed = budget if budget is not None else FlagRule.from_dict(campaign.rule).budget.core_hours
    if allowed is None:
        raise FollowUpError(
            "Nobody looks at what --auto approves, so it needs a limit: give --budget CORE_HOURS."
        )
    known = follow_ups_of(database, campaign.campaign_id)
    decided = {each.follow_up_id for each in known if each.status != "proposed"}
    spent = sum(each.cost for each in known if each.status in COMMITTED)
    chosen: list[FollowUpDoc] = []
    now = server_time(database)
    wanted = [each for each in ranked(database, campaign, allowed) if each.choice.is_selected]
    for each, structure in zip(wanted, crystals(database, wanted), strict=True):
        made = follow_ups_for(campaign, each, structure, calculation, now)
        new = [doc for doc in made if doc.follow_up_id not in decided]
        cost = sum(doc.cost for doc in new)
        if new and spent + cost <= allowed:
            chosen += new
            spent += cost
    return _decided(database, chosen, "approved", BY_BUDGET)


def _named(rows: Iterable[Ranked], names: Sequence[str]) -> list[Ranked]:
    by_name = {each.candidate.material_id: each for each in rows}
    unknown = [name for name in names if name not in by_name]
    if unknown:
        raise FollowUpError(
            f"The campaign has no relaxed candidate with a distance to the hull named "
            f"{', '.join(map(repr, unknown[:SHOWN_NAMES]))}; `facet approve CAMPAIGN --list` shows "
            f"those that can be approved."
        )
    return [by_name[name] for name in dict.fromkeys(names)]


def _asked(
    database: MongoDatabase,
    campaign: CampaignDoc,
    wanted: Sequence[Ranked],
    calculation: Calculation,
    decision: tuple[str, str],
) -> list[FollowUpDoc]:
    now = server_time(database)
    made = [
        doc
        for each, structure in zip(wanted, crystals(database, wanted), strict=True)
        for doc in follow_ups_for(campaign, each, structure, calculation, now)
    ]
    return _decided(database, made, *decision)


def _decided(
    database: MongoDatabase, made: Sequence[FollowUpDoc], status: str, by: str
) -> list[FollowUpDoc]:
    """Store follow-ups and decide on those that nobody has submitted; return them as stored."""
    if not made:
        return []
    ensure_indexes(database)
    ask(database, made)
    keys = {each.follow_up_id for each in made}
    decide(database, sorted(keys), "approved" if status == "approved" else "rejected", by)
    campaign_id = made[0].requests[0].campaign_id
    return [each for each in follow_ups_of(database, campaign_id) if each.follow_up_id in keys]
