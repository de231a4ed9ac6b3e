"""Follow-ups in the database: asked for once, decided by people, finished once.

Each function writes in one step of one document, or of several in a transaction, so that a process
killed at any line leaves nothing half done, and doing it again changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, UpdateOne

from db.blocks import blocks
from db.documents.candidate import candidate_id
from db.documents.follow_up import FollowUpDoc
from db.errors import MissingDocumentError
from db.storing import encoded_fields, stored_form
from db.transactions import in_transaction, server_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pymongo.client_session import ClientSession
    from pymongo.collection import Collection

    from db.client import MongoDatabase
    from db.documents.follow_up import Comparison, DftResult, FollowUpStatus

CAMPAIGN = "requests.campaign_id"
CANDIDATE = "requests.candidate_id"
KEYS_PER_REQUEST = 500
UNDECIDED = ("proposed", "approved", "rejected")
WITHOUT_RESULT = ("proposed", "approved", "rejected", "submitted", "failed")


def follow_ups_of(
    database: MongoDatabase, campaign_id: str, statuses: Iterable[FollowUpStatus] = ()
) -> list[FollowUpDoc]:
    """Return the follow-ups that a campaign asked for, by key, without their frames.

    Args:
        database: Holds them.
        campaign_id: The campaign.
        statuses: Only those at one of these places of their life; all if there are none.
    """
    where: dict[str, Any] = {CAMPAIGN: {"$eq": campaign_id}}
    wanted = list(statuses)
    if wanted:
        where["status"] = {"$in": wanted}
    return _found(database, where)


def follow_ups_of_candidate(
    database: MongoDatabase, campaign_id: str, material_id: str
) -> list[FollowUpDoc]:
    """Return the follow-ups that a campaign asked for of one candidate, without their frames."""
    where = {CANDIDATE: {"$eq": candidate_id(campaign_id, material_id)}}
    return _found(database, where)


def follow_ups_by_id(database: MongoDatabase, keys: Iterable[str]) -> list[FollowUpDoc]:
    """Return the follow-ups with some keys, by key, without their frames."""
    parts = blocks(sorted(set(keys)), KEYS_PER_REQUEST)
    return [each for part in parts for each in _found(database, {"_id": {"$in": part}})]


def count_follow_ups(database: MongoDatabase, campaign_id: str) -> dict[str, int]:
    """Count the follow-ups that a campaign asked for by their status, without reading them."""
    stages: list[dict[str, Any]] = [
        {"$match": {CAMPAIGN: {"$eq": campaign_id}}},
        {"$group": {"_id": "$status", "count": {"$sum": 1}}},
        {"$sort": {"_id": ASCENDING}},
    ]
    return {raw["_id"]: int(raw["count"]) for raw in _collection(database).aggregate(stages)}


def count_results(database: MongoDatabase, campaign_id: str) -> int:
    """Return how many calculations that a campaign asked for have a result."""
    where = {CAMPAIGN: {"$eq": campaign_id}, "status": "finished"}
    return _collection(database).count_documents(where)


def follow_up_by_id(database: MongoDatabase, follow_up_id: str) -> FollowUpDoc:
    """Return a follow-up with its frames.

    Raises:
        MissingDocumentError: There is none.
    """
    raw = _collection(database).find_one({"_id": {"$eq": follow_up_id}})
    if raw is None:
        raise MissingDocumentError(
            f"The database holds no follow-up {follow_up_id!r}; `facet dft status` lists those of "
            "a campaign."
        )
    return FollowUpDoc.from_mongo(raw)


def ask(
    database: MongoDatabase,
    follow_ups: Iterable[FollowUpDoc],
    session: ClientSession | None = None,
) -> int:
    """Store follow-ups that are not stored yet, add what campaigns ask of the others.

    Args:
        database: Holds them.
        follow_ups: With the wishes of campaigns.
        session: Of the transaction that this is part of, if it is.

    Returns:
        How many wishes are new; one that is there already stays as it was made.
    """
    num_new = 0
    for block in blocks(follow_ups, KEYS_PER_REQUEST):
        made = [
            UpdateOne(
                {"_id": each.follow_up_id},
                {"$setOnInsert": stored_form(database, each)},
                upsert=True,
            )
            for each in block
        ]
        inserted = _collection(database).bulk_write(made, ordered=False, session=session)
        places = set(inserted.upserted_ids or {})
        num_new += sum(len(block[place].requests) for place in places)
        known = [each for place, each in enumerate(block) if place not in places]
        num_new += _add_requests(database, known, session)
    return num_new


def decide(
    database: MongoDatabase,
    keys: Sequence[str],
    status: FollowUpStatus,
    by: str,
    session: ClientSession | None = None,
) -> int:
    """Approve or reject what nobody has submitted yet; return how many were changed.

    Args:
        database: Holds them.
        keys: Of the follow-ups.
        status: ``approved`` or ``rejected``; one that has it keeps who decided so, and when.
        by: Who decides.
        session: As in ``ask``.
    """
    where = {"_id": {"$in": list(keys)}, "status": {"$in": [*UNDECIDED, "failed"], "$ne": status}}
    fields = {"status": status, "decided_by": by, "decided_at": server_time(database)}
    changed = _collection(database).update_many(where, {"$set": fields}, session=session)
    return changed.modified_count


def ask_and_decide(
    database: MongoDatabase, follow_ups: Sequence[FollowUpDoc], status: FollowUpStatus, by: str
) -> None:
    """Ask for follow-ups and decide on them as one step, which others see whole or not at all.

    A standalone server may be cut off between the two; doing it again then ends it.

    Args:
        database: Holds them.
        follow_ups: Few enough for one transaction; those of one candidate belong together.
        status: As in ``decide``.
        by: Who decides.
    """
    keys = sorted(each.follow_up_id for each in follow_ups)

    def work(session: ClientSession | None) -> None:
        ask(database, follow_ups, session)
        decide(database, keys, status, by, session)

    in_transaction(database, work)


def mark_submitted(database: MongoDatabase, follow_up_id: str, fw_ids: Sequence[int]) -> None:
    """Note that a follow-up is in the queue; one that has ended meanwhile keeps its end."""
    where = {"_id": follow_up_id, "status": {"$in": ["approved", "submitted"]}}
    fields = {"status": "submitted", "fw_ids": list(fw_ids)}
    _collection(database).update_one(where, {"$set": fields})


def finish(
    database: MongoDatabase, follow_up_id: str, result: DftResult, frames: bytes | None
) -> bool:
    """Store the result of a follow-up; False when it had one, which stays.

    Raises:
        DocumentRefusedError: MongoDB cannot hold it.
    """
    where = {"_id": follow_up_id, "status": {"$in": list(WITHOUT_RESULT)}}
    fields = {"status": "finished", "result": result.model_dump(), "frames": frames}
    encoded = encoded_fields(follow_up_id, {**fields, "failure": None})
    return _collection(database).update_one(where, {"$set": encoded}).modified_count > 0


def fail(database: MongoDatabase, follow_up_id: str, reason: str) -> bool:
    """Store why a follow-up has no result; False when it has one, which stays."""
    where = {"_id": follow_up_id, "status": {"$in": list(WITHOUT_RESULT)}}
    fields = encoded_fields(follow_up_id, {"status": "failed", "failure": reason})
    return _collection(database).update_one(where, {"$set": fields}).modified_count > 0


def replace_undecided(database: MongoDatabase, old: FollowUpDoc, new: FollowUpDoc) -> None:
    """Put a follow-up in the place of one that was not submitted; cut off, it can be done again."""
    ask(database, [new])
    fields = {key: getattr(new, key) for key in ("status", "decided_by", "decided_at")}
    where = {"_id": new.follow_up_id, "status": {"$in": list(UNDECIDED)}}
    _collection(database).update_one(where, {"$set": fields})
    _collection(database).delete_one({"_id": old.follow_up_id, "status": {"$in": list(UNDECIDED)}})


def save_comparisons(
    database: MongoDatabase, campaign_id: str, comparisons: Mapping[str, Comparison]
) -> None:
    """Set what DFT made of a campaign's predictions, by follow-up."""
    operations = [
        UpdateOne(
            {"_id": key, CAMPAIGN: campaign_id},
            {"$set": {"requests.$.comparison": each.model_dump()}},
        )
        for key, each in comparisons.items()
    ]
    if operations:
        _collection(database).bulk_write(operations, ordered=False)


def _add_requests(
    database: MongoDatabase, follow_ups: Iterable[FollowUpDoc], session: ClientSession | None
) -> int:
    """Add the wishes of campaigns that have none yet; return how many were added."""
    operations = [
        UpdateOne(
            {"_id": each.follow_up_id, CAMPAIGN: {"$ne": request.campaign_id}},
            {"$push": {"requests": request.model_dump()}},
        )
        for each in follow_ups
        for request in each.requests
    ]
    if not operations:
        return 0
    return _collection(database).bulk_write(operations, session=session).modified_count


def _found(database: MongoDatabase, where: dict[str, Any]) -> list[FollowUpDoc]:
    found = _collection(database).find(where, {"frames": 0}).sort("_id", ASCENDING)
    return [FollowUpDoc.from_mongo(raw) for raw in found]


def _collection(database: MongoDatabase) -> Collection[dict[str, Any]]:
    return database[FollowUpDoc.collection]
