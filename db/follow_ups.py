"""Follow-ups in the database: asked for once, decided by people, finished once.

Each function writes in one step of one document, so that a process killed at any line leaves
nothing half done, and doing it again changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, UpdateOne

from db.documents.follow_up import FollowUpDoc
from db.errors import MissingDocumentError
from db.storing import encoded_fields, stored_form
from db.transactions import server_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pymongo.collection import Collection

    from db.client import MongoDatabase
    from db.documents.follow_up import Comparison, DftResult, FollowUpStatus, Request

CAMPAIGN = "requests.campaign_id"
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
    found = _collection(database).find(where, {"frames": 0}).sort("_id", ASCENDING)
    return [FollowUpDoc.from_mongo(raw) for raw in found]


def follow_ups_of_candidate(
    database: MongoDatabase, campaign_id: str, material_id: str
) -> list[FollowUpDoc]:
    """Return the follow-ups that a campaign asked for of one candidate, without their frames."""
    request = {
        "$elemMatch": {
            "campaign_id": {"$eq": campaign_id},
            "material_id": {"$eq": material_id},
        }
    }
    where = {CAMPAIGN: {"$eq": campaign_id}, "requests": request}
    found = _collection(database).find(where, {"frames": 0}).sort("_id", ASCENDING)
    return [FollowUpDoc.from_mongo(raw) for raw in found]


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


def ask(database: MongoDatabase, follow_ups: Iterable[FollowUpDoc]) -> int:
    """Store follow-ups that are not stored yet, add what campaigns ask of the others.

    Returns:
        How many wishes are new; one that is there already stays as it was made.
    """
    num_new = 0
    for each in follow_ups:
        stored = stored_form(database, each)
        key = {"_id": each.follow_up_id}
        made = _collection(database).update_one(key, {"$setOnInsert": stored}, upsert=True)
        if made.upserted_id is not None:
            num_new += len(each.requests)
            continue
        for request in each.requests:
            num_new += _add_request(database, each.follow_up_id, request)
    return num_new


def decide(database: MongoDatabase, keys: Sequence[str], status: FollowUpStatus, by: str) -> int:
    """Approve or reject what nobody has submitted yet; return how many were changed."""
    where = {"_id": {"$in": list(keys)}, "status": {"$in": [*UNDECIDED, "failed"], "$ne": status}}
    fields = {"status": status, "decided_by": by, "decided_at": server_time(database)}
    return _collection(database).update_many(where, {"$set": fields}).modified_count


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


def _add_request(database: MongoDatabase, follow_up_id: str, request: Request) -> int:
    """Add a campaign's wish unless it has one; return how many were added or came just now."""
    where = {"_id": follow_up_id, CAMPAIGN: {"$ne": request.campaign_id}}
    added = {"$push": {"requests": request.model_dump()}}
    return _collection(database).update_one(where, added).modified_count


def _collection(database: MongoDatabase) -> Collection[dict[str, Any]]:
    return database[FollowUpDoc.collection]
