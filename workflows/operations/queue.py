"""The jobs of a campaign in the queue that workers take from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from db.campaigns import control_of
from db.documents import CampaignDoc
from db.progress import category_of
from db.queries import documents_by_id
from workflows.campaign import CampaignMaker, work_of
from workflows.errors import UnfinishedError
from workflows.launch import add_flow, launchpad
from workflows.makers import FACET_CATEGORY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jobflow import Flow

    from db.client import MongoDatabase
    from workflows.campaign import Work


class Queued(NamedTuple):
    """What was put into the queue.

    Attributes:
        num_jobs: Jobs added: shards, and the one that screens.
        is_waiting: Whether nothing was added because earlier jobs of the campaign have not ended.
    """

    num_jobs: int
    is_waiting: bool


NOTHING = Queued(0, is_waiting=False)


def stored_campaign(database: MongoDatabase, campaign_id: str) -> CampaignDoc:
    """Return a campaign.

    Raises:
        MissingDocumentError: There is no such campaign.
    """
    control_of(database, campaign_id)
    (campaign,) = documents_by_id(database, CampaignDoc, [campaign_id])
    return campaign


def queue(
    database: MongoDatabase,
    campaign: CampaignDoc,
    work: Work,
    maker: CampaignMaker | None = None,
    first: Iterable[str] = (),
) -> Queued:
    """Add the jobs that a campaign still needs; none where it is finished, paused or canceled.

    Args:
        database: Holds the queue.
        campaign: A submitted campaign.
        work: What is left to do of it.
        maker: Makes the jobs; None makes them like those that the campaign had before.
        first: Keys of crystals in the order in which they are to be relaxed; the others follow.
    """
    is_over = campaign.status == "finished" and not work.missing
    if is_over or control_of(database, campaign.campaign_id) != "active":
        return NOTHING
    missing = set(work.missing)
    ordered = [each for each in dict.fromkeys(first) if each in missing]
    ordered += sorted(missing.difference(ordered))
    maker = maker or CampaignMaker(
        category=category_of(database, campaign.campaign_id) or FACET_CATEGORY
    )
    flow = maker.rest(campaign, ordered)
    _put_in_order(flow, campaign.priority)
    added = add_flow(launchpad(database), flow, campaign.campaign_id, campaign.priority)
    return Queued(len(flow.jobs), is_waiting=False) if added.is_new else Queued(0, is_waiting=True)


def _put_in_order(flow: Flow, priority: int) -> None:
    """Let shards go one after the other, yet none of them before a more urgent campaign."""
    shards = flow.jobs[:-1]
    for index, shard in enumerate(shards):
        rank = 1.0 - (index + 1) / (len(shards) + 1)
        shard.config.manager_config |= {"_priority": priority + rank}


def queue_again(database: MongoDatabase, campaign_id: str) -> tuple[Work, Queued]:
    """Find what is left of a campaign and add the jobs for it.

    Raises:
        MissingDocumentError: There is no such campaign.
        UnfinishedError: Not all of its crystals are stored.
    """
    campaign = stored_campaign(database, campaign_id)
    if campaign.status == "submitted":
        raise UnfinishedError(
            f"The submission of campaign {campaign_id} was cut off; submit the same files again."
        )
    work = work_of(database, campaign)
    return work, queue(database, campaign, work)
