"""How far campaigns are: counts that stay quick among a million tasks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from pymongo import ASCENDING, DESCENDING

from db.blocks import blocks
from db.documents import RelaxationDoc, TaskDoc
from db.documents.fields import StopReasonName
from db.documents.task import TaskStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from db.client import MongoDatabase

TASKS = TaskDoc.collection
TASKS_PER_REQUEST = 1000
FIREWORKS = "fireworks"
ROLE = "role"
SCREENING = "screening"
"""Role of the job that closes a campaign; comparisons and DFT add jobs of other categories."""
ENDS: tuple[str, ...] = get_args(StopReasonName)
STATUSES: tuple[str, ...] = get_args(TaskStatus)
OPEN = tuple(each for each in STATUSES if each != "done")
RESULT: list[dict[str, Any]] = [
    {
        "$lookup": {
            "from": RelaxationDoc.collection,
            "localField": "_id",
            "foreignField": "_id",
            "as": "result",
        }
    },
    {"$unwind": "$result"},
]


@dataclass(frozen=True)
class TaskCounts:
    """The tasks of a campaign.

    Attributes:
        statuses: How many there are of each status.
        ends: How many of those that are done ended in each way.
    """

    statuses: dict[str, int]
    ends: dict[str, int]


def count_places(database: MongoDatabase, campaign_id: str) -> TaskCounts:
    """Count the tasks of a campaign by status, and those that are done by how they ended.

    Each is counted on the keys of one index, and no key twice.
    """
    here = {"campaigns": {"$eq": campaign_id}}
    done = {**here, "status": "done"}
    tasks = database[TASKS]
    ends = Counter({end: tasks.count_documents({**done, "stop_reason": end}) for end in ENDS})
    num_silent = tasks.count_documents({**done, "stop_reason": None})
    statuses = {each: tasks.count_documents({**here, "status": each}) for each in OPEN}
    statuses["done"] = ends.total() + num_silent
    if num_silent:  # tasks that were closed without saying how their relaxation ended
        silent: list[dict[str, Any]] = [{"$match": {**done, "stop_reason": None}}, *RESULT]
        ends += _count(database, TASKS, silent, "$result.stop_reason")
    by_number = {end: count for end, count in ends.most_common() if count}
    return TaskCounts({each: statuses[each] for each in STATUSES}, by_number)


def note_ends(database: MongoDatabase, ends: Mapping[str, str]) -> None:
    """Write into tasks that are done how their relaxations ended, where they do not say.

    Args:
        database: Holds the tasks.
        ends: Stop reasons by key of the task.
    """
    for end in sorted(set(ends.values())):
        for block in blocks((key for key, each in ends.items() if each == end), TASKS_PER_REQUEST):
            where = {"_id": {"$in": block}, "status": "done", "stop_reason": None}
            database[TASKS].update_many(where, {"$set": {"stop_reason": end}})


def done_since(
    database: MongoDatabase, campaign_id: str, since: datetime
) -> tuple[int, datetime | None]:
    """Count the crystals relaxed for a campaign since a time; say when the first of them ended.

    Args:
        database: Holds the tasks.
        campaign_id: The campaign that asked for them.
        since: By the server's clock.
    """
    number, firsts = 0, []
    for end in (*ENDS, None):  # one value of each field, so that the index narrows to the time
        where = {
            "campaigns": {"$eq": campaign_id},
            "status": "done",
            "stop_reason": end,
            "updated_at": {"$gte": since},
        }
        number += database[TASKS].count_documents(where)
        earliest = [("updated_at", ASCENDING)]
        first = database[TASKS].find_one(where, {"updated_at": 1}, sort=earliest)
        if first is not None:
            firsts.append(first["updated_at"])
    return number, min(firsts, default=None)


def latest_messages(
    database: MongoDatabase, campaign_id: str, stop_reason: str, limit: int
) -> list[str]:
    """Return why crystals of a campaign ended as they did, those of the latest ends.

    Args:
        database: Holds tasks and results.
        campaign_id: The campaign that asked for them.
        stop_reason: How they ended.
        limit: Look at no more tasks than this.
    """
    messages: list[str] = []
    for said in (stop_reason, None):
        where = {"campaigns": {"$eq": campaign_id}, "status": "done", "stop_reason": said}
        stages: list[dict[str, Any]] = [
            {"$match": where},
            {"$sort": {"updated_at": DESCENDING}},
            {"$limit": limit},
            *RESULT,
            {"$match": {"result.stop_reason": stop_reason}},
            {"$project": {"result.message": 1}},
        ]
        found = database[TASKS].aggregate(stages)
        messages += [str(raw["result"]["message"]) for raw in found]
    return messages


def count_jobs(database: MongoDatabase, campaign_id: str) -> Counter[str]:
    """Count the jobs of a campaign by the state that FireWorks gives them."""
    where = [{"$match": {"spec.campaign_id": {"$eq": campaign_id}}}]
    return _count(database, FIREWORKS, where, "$state")


def category_of(database: MongoDatabase, campaign_id: str) -> str | None:
    """Return the kind of workers that take the jobs of a campaign; None when it never had jobs.

    Its screening is asked for: comparisons of the campaign and its DFT are for other workers.
    """
    where = {"spec.campaign_id": {"$eq": campaign_id}, f"spec.{ROLE}": SCREENING}
    found = database[FIREWORKS].find_one(where, {"spec._category": 1})
    return None if found is None else found["spec"].get("_category")


def _count(
    database: MongoDatabase, collection: str, stages: list[dict[str, Any]], field: str
) -> Counter[Any]:
    grouped = [*stages, {"$group": {"_id": field, "count": {"$sum": 1}}}]
    groups = database[collection].aggregate(grouped)
    return Counter({group["_id"]: int(group["count"]) for group in groups})
