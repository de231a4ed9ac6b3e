"""People decide what is calculated; a budget may decide in their place when they say so."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from db.blocks import blocks
from db.follow_ups import ask_and_decide, follow_ups_by_id, follow_ups_of
from db.transactions import server_time
from screening.rules import FlagRule
from workflows.dft.errors import FollowUpError
from workflows.dft.makers import MATERIALS_PROJECT, dft_maker, maker_digest
from workflows.dft.proposals import ranked, ranked_by_name
from workflows.dft.requests import crystals, follow_ups_for

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from db.client import MongoDatabase
    from db.documents import CampaignDoc
    from db.documents.follow_up import FollowUpDoc, FollowUpStatus
    from workflows.dft.proposals import Ranked

BY_BUDGET = "budget"
COMMITTED = ("approved", "submitted", "finished", "failed")
SHOWN_NAMES = 3
CANDIDATES_PER_TRANSACTION = 200


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


class Wishes(NamedTuple):
    """What a person says of candidates.

    Attributes:
        approve: Names of those to calculate.
        reject: Names of those not to calculate, whatever a budget would say.
    """

    approve: Sequence[str] = ()
    reject: Sequence[str] = ()


class Decided(NamedTuple):
    """Follow-ups as they are stored after a decision.

    Attributes:
        approved: Those of candidates that were to be approved.
        rejected: Those of candidates that were to be rejected.
    """

    approved: list[FollowUpDoc]
    rejected: list[FollowUpDoc]


def decide_on(
    database: MongoDatabase,
    campaign: CampaignDoc,
    wishes: Wishes,
    calculation: Calculation,
    by: str,
) -> Decided:
    """Approve and reject candidates by name; no other candidate of the campaign is looked at.

    Done again it changes nothing. Of two people who decide otherwise on a candidate, one is the
    last for all of its orderings. One that was cut off is ended by doing it again.

    Args:
        database: Holds the campaign.
        campaign: A screened campaign.
        wishes: The candidates; one that is in both is approved.
        calculation: What is calculated of each.
        by: Who decides.

    Raises:
        FollowUpError: The campaign has no such candidate, or it cannot be calculated; then nothing
            was decided.
    """
    names = list(dict.fromkeys((*wishes.reject, *wishes.approve)))
    known = ranked_by_name(database, campaign, names)
    _refuse_unknown(names, known)
    rows = list(known.values())
    made = dict(zip(known, _follow_ups(database, campaign, rows, calculation), strict=True))
    rejected = [made[name] for name in dict.fromkeys(wishes.reject)]
    approved = [made[name] for name in dict.fromkeys(wishes.approve)]
    return Decided(
        rejected=_decided(database, rejected, "rejected", by),
        approved=_decided(database, approved, "approved", by),
    )


def approve(
    database: MongoDatabase,
    campaign: CampaignDoc,
    names: Sequence[str],
    calculation: Calculation,
    by: str,
) -> list[FollowUpDoc]:
    """Approve candidates by name; return their follow-ups.

    Raises:
        FollowUpError: As ``decide_on``.
    """
    return decide_on(database, campaign, Wishes(approve=names), calculation, by).approved


def reject(
    database: MongoDatabase,
    campaign: CampaignDoc,
    names: Sequence[str],
    calculation: Calculation,
    by: str,
) -> list[FollowUpDoc]:
    """Reject candidates by name, so that no budget approves them; return their follow-ups.

    Raises:
        FollowUpError: As ``decide_on``.
    """
    return decide_on(database, campaign, Wishes(reject=names), calculation, by).rejected


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
    chosen: list[list[FollowUpDoc]] = []
    wanted = [each for each in ranked(database, campaign, budget) if each.choice.is_selected]
    for made in _follow_ups(database, campaign, wanted, calculation):
        new = [doc for doc in made if doc.follow_up_id not in decided]
        cost = sum(doc.cost for doc in new)
        if new and spent + cost <= allowed:
            chosen.append(new)
            spent += cost
    return _decided(database, chosen, "approved", BY_BUDGET)


def _refuse_unknown(names: Iterable[str], known: Container[str]) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise FollowUpError(
            f"The campaign has no relaxed candidate with a distance to the hull named "
            f"{', '.join(map(repr, unknown[:SHOWN_NAMES]))}; `facet approve CAMPAIGN --list` shows "
            f"those that can be approved."
        )


def _follow_ups(
    database: MongoDatabase,
    campaign: CampaignDoc,
    rows: Sequence[Ranked],
    calculation: Calculation,
) -> Iterator[list[FollowUpDoc]]:
    """Make the follow-ups of candidates, those of each together, in their order."""
    now = server_time(database)
    for each, structure in zip(rows, crystals(database, rows), strict=True):
        yield follow_ups_for(campaign, each, structure, calculation, now)


def _decided(
    database: MongoDatabase,
    made: Sequence[Sequence[FollowUpDoc]],
    status: FollowUpStatus,
    by: str,
) -> list[FollowUpDoc]:
    """Store follow-ups and decide on those that nobody has submitted; return them as stored.

    Those of a candidate are decided on together.
    """
    for block in blocks(made, CANDIDATES_PER_TRANSACTION):
        ask_and_decide(database, [doc for each in block for doc in each], status, by)
    return follow_ups_by_id(database, [doc.follow_up_id for each in made for doc in each])
