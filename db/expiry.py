"""Claims of workers that are not heard of any more, and what they leave behind."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from db.documents import TaskDoc
from db.transactions import server_start, server_time

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from db.client import MongoDatabase
    from db.documents.task import HowEnded

FEW = 8
"""A worker that is lost while it holds this many or fewer may have been killed by one of them."""

MOST_LOSSES_ALONE = 3
"""So many lost workers that held nothing else set a crystal aside."""

TIME_TO_COME_BACK = timedelta(seconds=30)
"""After a start of the server; while it was down nobody could renew anything."""


def end_expired(database: MongoDatabase, now: datetime | None = None) -> int:
    """Make tasks of workers that are not heard of any more pending again; return how many.

    One that ended too many workers is set aside instead. What was claimed before a restart of the
    server is left to its workers for a while, so that an outage costs no work and blames nobody.

    Args:
        database: Holds the tasks.
        now: The server's time; asked for when not given.
    """
    now = now or server_time(database)
    few = {"$cond": [{"$lte": ["$lease.crowd", FEW]}, 1, 0]}
    alone = {"$add": ["$losses_alone", {"$cond": [{"$eq": ["$lease.crowd", 1]}, 1, 0]}]}
    is_too_much = {"$gte": [alone, MOST_LOSSES_ALONE]}
    result = database[TaskDoc.collection].update_many(
        _is_over(now, server_start(database)),
        [
            {
                "$set": {
                    "status": {"$cond": [is_too_much, "set_aside", "pending"]},
                    "losses": {"$add": ["$losses", 1]},
                    "losses_among_few": {"$add": ["$losses_among_few", few]},
                    "losses_alone": alone,
                    "history": {"$concatArrays": ["$history", [attempt("lost", now)]]},
                    "lease": None,
                    "updated_at": now,
                }
            }
        ],
    )
    return result.modified_count


def _is_over(now: datetime, started: datetime | None) -> dict[str, Any]:
    """Which claims have ended."""
    where: dict[str, Any] = {"status": "leased", "lease.expires_at": {"$lte": now}}
    if started is not None and now - started < TIME_TO_COME_BACK:
        where["lease.claimed_at"] = {"$gte": started}
    return where


def attempt(how: HowEnded, now: datetime) -> dict[str, Any]:
    """Return the expression of what the history says of the claim that a task has."""
    return {
        "worker": "$lease.worker",
        "claimed_at": "$lease.claimed_at",
        "ended_at": now,
        "how": how,
        "crowd": "$lease.crowd",
    }
