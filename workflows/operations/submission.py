"""Campaigns that are handed to workers: stored, compared with what is known, put into the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from db.campaigns import control_of
from db.filters import CandidateFilter
from db.indexes import ensure_indexes
from db.queries import counts_by
from workflows.campaign import CampaignMaker, work_of
from workflows.operations.queue import queue
from workflows.operations.rescore import in_order, rescore
from workflows.submit import submit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from db.client import MongoDatabase
    from workflows.operations.rescore import RescoreSettings
    from workflows.settings import CampaignSettings
    from workflows.submit import Submission


def submit_to_queue(
    database: MongoDatabase, settings: CampaignSettings, category: str
) -> dict[str, Any]:
    """Store a campaign and add its jobs; return what was found, as plain values.

    Nothing is relaxed here. Submitting the same again adds jobs only for what is left.

    Args:
        database: Holds campaigns and queue.
        settings: The campaign.
        category: Kind of workers that take its jobs.

    Raises:
        FacetError: The input, the potential or the reference cannot be used.
        DbError: The database refuses something.
    """
    ensure_indexes(database)
    maker = CampaignMaker(shard_size=settings.shard_size, category=category)
    return _queued(database, submit(database, settings), maker)


def rescore_in_queue(
    database: MongoDatabase, settings: RescoreSettings, maker: CampaignMaker
) -> dict[str, Any]:
    """Store a rescoring of a campaign and add its jobs; return what was found.

    Args:
        database: Holds campaigns and queue.
        settings: What is relaxed anew.
        maker: Makes the jobs.

    Raises:
        FacetError: The potential or the parent cannot be used.
        DbError: There is no such campaign, or the database refuses something.
    """
    ensure_indexes(database)
    submission = rescore(database, settings)
    work_of(database, submission.campaign)  # makes the tasks that are then put in order
    first = in_order(database, settings, submission.campaign)
    return _queued(database, submission, maker, first)


def _queued(
    database: MongoDatabase,
    submission: Submission,
    maker: CampaignMaker,
    first: Iterable[str] = (),
) -> dict[str, Any]:
    campaign = submission.campaign
    work = work_of(database, campaign)
    queued = queue(database, campaign, work, maker, first)
    rows = counts_by(database, "status", CandidateFilter(campaign_id=campaign.campaign_id))
    num_rejected = rows.get("rejected_input", 0)
    return {
        "campaign_id": campaign.campaign_id,
        "parent": campaign.parent,
        "is_resubmission": submission.is_known,
        "status": campaign.status,
        "control": control_of(database, campaign.campaign_id),
        "priority": campaign.priority,
        "crystals": {
            "num_inputs": sum(rows.values()),
            "num_rejected": num_rejected,
            "num_duplicates": sum(rows.values()) - num_rejected - work.num_structures,
            "num_different": work.num_structures,
            "num_already_relaxed": work.num_known,
            "num_set_aside": work.num_set_aside,
            "num_to_relax": len(work.missing),
        },
        "num_jobs_added": queued.num_jobs,
        "has_earlier_jobs": queued.is_waiting,
    }
