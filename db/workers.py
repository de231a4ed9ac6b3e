"""Heartbeats of workers: written by each, read by whoever asks who is there."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pymongo import DESCENDING

from db.documents.worker import WorkerDoc
from db.find import Find
from db.transactions import server_time

if TYPE_CHECKING:
    from db.client import MongoDatabase

SECONDS_OF_SILENCE = 600.0


def save_heartbeat(database: MongoDatabase, worker: WorkerDoc) -> None:
    """Store what a worker says of itself, with the server's time."""
    document = worker.to_mongo()
    # A pipeline, for the server's clock; $literal keeps every text in the document a text.
    said: list[dict[str, Any]] = [
        {"$replaceWith": {"$mergeObjects": [{"$literal": document}, {"seen_at": "$$NOW"}]}}
    ]
    database[WorkerDoc.collection].update_one({"_id": worker.worker_id}, said, upsert=True)


def living_workers(database: MongoDatabase, seconds: float = SECONDS_OF_SILENCE) -> list[WorkerDoc]:
    """Return the workers that have not stopped and were heard of lately, the last one first."""
    since = server_time(database) - timedelta(seconds=seconds)
    where = {"seen_at": {"$gte": since}, "status": {"$ne": "stopped"}}
    found = Find(WorkerDoc.collection, where, (("seen_at", DESCENDING),))
    return [WorkerDoc.from_mongo(raw) for raw in found.run(database)]


def forget_workers(database: MongoDatabase, seconds: float) -> int:
    """Delete workers that were not heard of for so long; return how many."""
    since = server_time(database) - timedelta(seconds=seconds)
    return database[WorkerDoc.collection].delete_many({"seen_at": {"$lt": since}}).deleted_count
