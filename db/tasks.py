"""The list of what is to be relaxed: asking for work, and how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymongo import UpdateOne

from db.blocks import blocks
from db.documents import TaskDoc
from db.transactions import server_time

if TYPE_CHECKING:
    from collections.abc import Iterable

    from db.client import MongoDatabase
    from db.documents.task import TaskStatus

TASKS = TaskDoc.collection
TASKS_PER_REQUEST = 1000
COUNTS_OF_LOSSES = ("losses", "losses_among_few", "losses_alone")


def add_tasks(database: MongoDatabase, tasks: Iterable[TaskDoc]) -> int:
    """Ask for work; what is asked for already gets the campaigns and the higher priority too.

    Returns:
        How many tasks are new.
    """
    num_new = 0
    for block in blocks(tasks, TASKS_PER_REQUEST):
        operations = [_asking(each) for each in block]
        num_new += database[TASKS].bulk_write(operations, ordered=False).upserted_count
    return num_new


def reopen(database: MongoDatabase, task_ids: Iterable[str], status: TaskStatus) -> int:
    """Make those of some tasks pending again that have a status; return how many.

    What was counted against them is forgotten; their history is not.
    """
    fresh = {"status": "pending", "state": None} | dict.fromkeys(COUNTS_OF_LOSSES, 0)
    num_open = 0
    for block in blocks(task_ids, TASKS_PER_REQUEST):
        where = {"_id": {"$in": block}, "status": status}
        changed = {"$set": {**fresh, "updated_at": server_time(database)}}
        num_open += database[TASKS].update_many(where, changed).modified_count
    return num_open


def close_known(database: MongoDatabase, task_ids: Iterable[str]) -> int:
    """Close those of some tasks that wait although their results are stored; return how many.

    Results come from elsewhere too, such as an imported archive.
    """
    num_closed = 0
    for block in blocks(task_ids, TASKS_PER_REQUEST):
        where = {"_id": {"$in": block}, "status": {"$in": ["pending", "set_aside"]}}
        closed = {"status": "done", "state": None, "updated_at": server_time(database)}
        num_closed += database[TASKS].update_many(where, {"$set": closed}).modified_count
    return num_closed


def with_status(
    database: MongoDatabase, task_ids: Iterable[str], *statuses: TaskStatus
) -> set[str]:
    """Return those of some tasks that have one of the statuses."""
    found: set[str] = set()
    for block in blocks(task_ids, TASKS_PER_REQUEST):
        where = {"_id": {"$in": block}, "status": {"$in": list(statuses)}}
        found |= {str(raw["_id"]) for raw in database[TASKS].find(where, projection={"_id": 1})}
    return found


def _asking(task: TaskDoc) -> UpdateOne:
    fields = task.to_mongo()
    key = fields.pop("_id")
    campaigns, priority = fields.pop("campaigns"), fields.pop("priority")
    update = {
        "$setOnInsert": fields,
        "$addToSet": {"campaigns": {"$each": list(campaigns)}},
        "$max": {"priority": priority},
    }
    return UpdateOne({"_id": key}, update, upsert=True)
