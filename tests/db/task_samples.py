"""Tasks to claim, and results to end them with."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from db_samples import FINGERPRINT, relaxation
from pymongo.errors import AutoReconnect

from db.documents import RelaxationDoc, TaskDoc
from db.expiry import end_expired
from db.leases import Leases
from db.tasks import add_tasks
from db.transactions import server_time

if TYPE_CHECKING:
    from db.claim import Claim
    from db.client import MongoDatabase


def ask_for_tasks(database: MongoDatabase, *names: str, **changes: Any) -> list[str]:
    """Store pending tasks with some keys and return the keys."""
    now = server_time(database)
    add_tasks(
        database,
        (
            TaskDoc(
                task_id=name,
                structure_id=f"crystal-of-{name}",
                potential_fingerprint=FINGERPRINT,
                nsites=2,
                created_at=now,
                updated_at=now,
                **changes,
            )
            for name in names
        ),
    )
    return list(names)


def task(database: MongoDatabase, name: str) -> TaskDoc:
    """Read one task."""
    return TaskDoc.from_mongo(database[TaskDoc.collection].find_one({"_id": name}))


def result_of(claim: Claim, **changes: Any) -> tuple[Claim, RelaxationDoc]:
    """What a worker stores that relaxed a crystal."""
    return claim, relaxation(claim.task_id, structure_id=claim.structure_id, **changes)


def leases_of(database, worker="w", seconds=60.0):
    return Leases(database, worker, seconds)


def lose(database, leases):
    """Let a worker die: its claims end now."""
    database[TaskDoc.collection].update_many(
        {"lease.lease_id": leases.lease_id},
        {"$set": {"lease.expires_at": server_time(database) - timedelta(seconds=1)}},
    )
    end_expired(database)


def counts(database):
    return Counter(each["status"] for each in database[TaskDoc.collection].find())


def results(database):
    return database[RelaxationDoc.collection].count_documents({})


def drop_answer_of(leases, name, monkeypatch):
    """Let the next call of a method do its work and lose the server's answer."""
    real = getattr(leases, name)

    def lost(*arguments):
        monkeypatch.setattr(leases, name, real)
        real(*arguments)
        raise AutoReconnect("connection reset")

    monkeypatch.setattr(leases, name, lost)
