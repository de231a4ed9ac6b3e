"""The order in which the tasks of one campaign are claimed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.blocks import blocks
from db.documents import TaskDoc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from db.client import MongoDatabase

TASKS_PER_REQUEST = 1000


def raise_priorities(database: MongoDatabase, task_ids: Iterable[str], priority: int) -> None:
    """Let those of some tasks that wait go first; a higher priority than this one stays."""
    for block in blocks(task_ids, TASKS_PER_REQUEST):
        where = {"_id": {"$in": block}, "status": "pending"}
        database[TaskDoc.collection].update_many(where, {"$max": {"priority": priority}})
