"""How far campaigns are, read from the database alone."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from db.campaigns import control_of
from db.documents import CampaignDoc
from db.filters import CandidateFilter
from db.progress import TaskCounts, count_jobs, count_places, done_since, latest_messages
from db.queries import campaigns_find, counts_by, documents_by_id
from db.transactions import server_time
from db.workers import living_workers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from db.client import MongoDatabase
    from db.documents.worker import WorkerDoc

RATE_SECONDS = 300.0
MOST_MESSAGES = 1000
"""Messages that are read of each kind of end, the latest ones."""
MOST_REASONS = 12
A_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def list_campaigns(database: MongoDatabase, limit: int) -> list[dict[str, Any]]:
    """Return the campaigns that were saved last, each with its place and its tasks by status."""
    stored = campaigns_find().run(database, limit=limit)
    campaigns = [CampaignDoc.from_mongo(raw) for raw in stored]
    return [_head(each, count_places(database, each.campaign_id)) for each in campaigns]


def campaign_status(database: MongoDatabase, campaign_id: str) -> dict[str, Any]:
    """Return how far a campaign is, as plain values.

    Raises:
        MissingDocumentError: There is no such campaign.
    """
    control_of(database, campaign_id)
    (campaign,) = documents_by_id(database, CampaignDoc, [campaign_id])
    places = count_places(database, campaign_id)
    here = CandidateFilter(campaign_id=campaign_id)
    return {
        **_head(campaign, places),
        "rows": counts_by(database, "status", here),
        "ends": places.ends,
        "failures": _reasons(database, campaign_id, places.ends),
        **_pace(database, campaign_id, places.statuses),
        "jobs": dict(sorted(count_jobs(database, campaign_id).items())),
        "workers": [_worker(each) for each in living_workers(database)],
        "counts": campaign.counts,
    }


def _head(campaign: CampaignDoc, places: TaskCounts) -> dict[str, Any]:
    return {
        "campaign_id": campaign.campaign_id,
        "source": campaign.source,
        "potential": campaign.potential_name,
        "potential_fingerprint": campaign.potential_fingerprint,
        "parent": campaign.parent,
        "status": campaign.status,
        "control": campaign.control,
        "priority": campaign.priority,
        "created_at": campaign.created_at.isoformat(),
        "tasks": places.statuses,
    }


def _pace(database: MongoDatabase, campaign_id: str, tasks: Mapping[str, int]) -> dict[str, Any]:
    """Crystals per second over the last minutes, and seconds until the rest is done.

    A campaign that has just begun is timed from its first result, which then does not count.
    """
    now = server_time(database)
    number, first = done_since(database, campaign_id, now - timedelta(seconds=RATE_SECONDS))
    rate = number / RATE_SECONDS
    if first is not None and number > 1:
        rate = (number - 1) / max((now - first).total_seconds(), 1.0)
    left = tasks["pending"] + tasks["leased"]
    return {
        "structures_per_second": round(rate, 4),
        "eta_seconds": round(left / rate) if rate > 0 else None,
    }


def _reasons(
    database: MongoDatabase, campaign_id: str, ends: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Group messages of bad ends that differ in numbers only, the most frequent first."""
    groups: Counter[tuple[str, str]] = Counter()
    for end in ends:
        if end != "converged":
            messages = latest_messages(database, campaign_id, end, MOST_MESSAGES)
            groups.update((end, A_NUMBER.sub("#", each)) for each in messages)
    return [
        {"stop_reason": end, "reason": reason, "count": count}
        for (end, reason), count in groups.most_common(MOST_REASONS)
    ]


def _worker(worker: WorkerDoc) -> dict[str, Any]:
    return {
        "worker_id": worker.worker_id,
        "host": worker.host,
        "device": worker.device,
        "status": worker.status,
        "seen_at": worker.seen_at.isoformat(timespec="seconds") if worker.seen_at else None,
        "structures_per_second": worker.structures_per_second,
    }
