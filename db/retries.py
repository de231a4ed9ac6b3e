"""Results that are given up, so that their crystals are relaxed anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo import UpdateOne

from db.blocks import blocks
from db.documents import CandidateDoc, CandidateOutcome, RelaxationDoc, TaskDoc
from db.documents.task import Retry
from db.tasks import reopen
from db.transactions import in_transaction, server_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from pymongo.client_session import ClientSession

    from db.client import MongoDatabase

RESULTS_PER_TRANSACTION = 500
CANDIDATES = CandidateDoc.collection
UNKNOWN = CandidateOutcome().model_dump()
"""What is known of a candidate that was never relaxed."""


def ended_as(
    database: MongoDatabase, relaxation_ids: Iterable[str], stop_reasons: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Yield key, crystal, stop reason and message of those results that ended in certain ways."""
    fields = {"structure_id": 1, "stop_reason": 1, "message": 1}
    for block in blocks(relaxation_ids, RESULTS_PER_TRANSACTION):
        where = {"_id": {"$in": block}, "stop_reason": {"$in": list(stop_reasons)}}
        yield from database[RelaxationDoc.collection].find(where, fields)


def give_up(database: MongoDatabase, results: Iterable[dict[str, Any]]) -> set[str]:
    """Delete results, reopen their tasks and reset the candidates that they told about.

    Each block of them is one step: a result is there with its task done, or neither is. The task
    remembers how the relaxation had ended.

    Args:
        database: Holds all of them.
        results: As ``ended_as`` yields them.

    Returns:
        Keys of the campaigns whose candidates were reset.
    """
    campaigns: set[str] = set()
    for block in blocks(results, RESULTS_PER_TRANSACTION):
        now = server_time(database)

        def work(
            session: ClientSession | None,
            block: list[dict[str, Any]] = block,
            now: datetime = now,
        ) -> set[str]:
            return _give_up(database, block, now, session)

        campaigns |= in_transaction(database, work)
    return campaigns


def reopen_set_aside(database: MongoDatabase, campaign_id: str, tasks: dict[str, str]) -> int:
    """Make tasks that were set aside pending again; return how many.

    Args:
        database: Holds them.
        campaign_id: The campaign whose candidates are reset with them.
        tasks: Keys of tasks and of their crystals.
    """
    for block in blocks(tasks.values(), RESULTS_PER_TRANSACTION):
        where = {
            "campaign_id": {"$eq": campaign_id},
            "structure_id": {"$in": block},
            "status": "set_aside",
        }
        database[CANDIDATES].update_many(where, {"$set": UNKNOWN})
    return reopen(database, tasks, "set_aside")


def _give_up(
    database: MongoDatabase,
    results: list[dict[str, Any]],
    now: datetime,
    session: ClientSession | None,
) -> set[str]:
    keys = [each["_id"] for each in results]
    told = {
        "structure_id": {"$in": [each["structure_id"] for each in results]},
        "relaxation_id": {"$in": keys},
    }
    rows = database[CANDIDATES]
    campaigns = set(rows.distinct("campaign_id", told, session=session))
    rows.update_many(told, {"$set": UNKNOWN}, session=session)
    database[RelaxationDoc.collection].delete_many({"_id": {"$in": keys}}, session=session)
    database[TaskDoc.collection].bulk_write(
        [_reopening(each, now) for each in results], ordered=False, session=session
    )
    return campaigns


def _reopening(result: dict[str, Any], now: datetime) -> UpdateOne:
    retry = Retry(stop_reason=result["stop_reason"], message=result["message"], retried_at=now)
    fresh = {
        "status": "pending",
        "losses": 0,
        "losses_among_few": 0,
        "losses_alone": 0,
        "state": None,
        "stop_reason": None,
        "updated_at": now,
    }
    return UpdateOne(
        {"_id": result["_id"], "status": "done"},
        {
            "$set": fresh,
            "$push": {"retries": retry.model_dump()},
            "$inc": {"token": 1},  # whoever held it last can bring the old result no more
        },
    )
