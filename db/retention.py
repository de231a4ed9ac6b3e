"""Letting go of what is large and no longer needed; it says what it frees, or would free.

A trajectory or a state leaves its document first. Its bytes in GridFS go when no document refers to
them and nobody has put them for a day: whoever writes a document puts its bytes just before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bson import ObjectId

from db.blobs import CHUNKS, FILES, delete_blobs
from db.blocks import blocks
from db.documents import CandidateDoc, ReferenceDoc, RelaxationDoc, StructureDoc, TaskDoc
from db.referring import REFERRING, blob_keys
from db.telling import nobody, told
from db.transactions import server_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from db.client import MongoDatabase
    from db.telling import Tell

YOUNGEST_ORPHAN = timedelta(days=1)
KEYS_PER_REQUEST = 500
KINDS = (StructureDoc, RelaxationDoc, ReferenceDoc, TaskDoc)


@dataclass(frozen=True)
class Freed:
    """What was let go of.

    Attributes:
        number: How many.
        num_bytes: How many bytes they are.
    """

    number: int = 0
    num_bytes: int = 0

    def __add__(self, other: Freed) -> Freed:
        """Return both together."""
        return Freed(self.number + other.number, self.num_bytes + other.num_bytes)


@dataclass(frozen=True)
class Trajectories:
    """Which trajectories may go.

    Attributes:
        older_than: The least time since their relaxation ended.
        keep_flagged: Whether those of flagged candidates, of any campaign, stay.
        campaign_id: Only those of this campaign, also where others share them; None for all.
    """

    older_than: timedelta
    keep_flagged: bool = False
    campaign_id: str | None = None


def prune_trajectories(
    database: MongoDatabase,
    which: Trajectories,
    *,
    is_dry_run: bool = False,
    tell: Tell = nobody,
) -> Freed:
    """Take trajectories out of their documents, and tell how far that has come."""
    freed = Freed()
    found = told(_trajectories(database, which), "trajectories looked at", tell)
    for block in blocks(found, KEYS_PER_REQUEST):
        freed += Freed(len(block), sum(raw["trajectory"]["num_bytes"] for raw in block))
        if not is_dry_run:
            where = {"_id": {"$in": [raw["_id"] for raw in block]}}
            gone = {"$set": {"trajectory": None, "num_frames": 0}}
            database[RelaxationDoc.collection].update_many(where, gone)
    return freed


def prune_states(database: MongoDatabase, *, is_dry_run: bool = False) -> Freed:
    """Take the suspended states out of tasks that are done."""
    where = {"status": "done", "state": {"$ne": None}}
    found = database[TaskDoc.collection].find(where, {"state.content.num_bytes": 1})
    freed = Freed()
    for raw in found:
        freed += Freed(1, raw["state"]["content"]["num_bytes"])
    if not is_dry_run:
        database[TaskDoc.collection].update_many(where, {"$set": {"state": None}})
    return freed


def prune_orphans(
    database: MongoDatabase, *, is_dry_run: bool = False, tell: Tell = nobody
) -> Freed:
    """Delete bytes that no document refers to, and uploads that were cut off."""
    # Before the documents are read: one that is written meanwhile has put its bytes after this.
    put_before = server_time(database) - YOUNGEST_ORPHAN
    in_use = {key for kind in KINDS for key in _keys_in(database, kind, tell)}
    freed = Freed()
    old = {"uploadDate": {"$lt": put_before}, "metadata.put_at": {"$not": {"$gte": put_before}}}
    found = database[FILES].find(old, {"filename": 1, "length": 1})
    files = told(found, "blobs looked at", tell, database[FILES].estimated_document_count())
    orphans = (raw for raw in files if raw["filename"] not in in_use)
    for block in blocks(orphans, KEYS_PER_REQUEST):
        freed += Freed(len(block), sum(raw["length"] for raw in block))
        if not is_dry_run:
            delete_blobs(database, {raw["filename"] for raw in block}, put_before)
    for upload, num_bytes in _cut_off(database, ObjectId.from_datetime(put_before)):
        freed += Freed(1, num_bytes)
        if not is_dry_run:
            database[CHUNKS].delete_many({"files_id": upload})
    return freed


def _trajectories(database: MongoDatabase, which: Trajectories) -> Iterator[dict[str, Any]]:
    ended_before = server_time(database) - which.older_than
    candidates = database[CandidateDoc.collection]
    of_campaign = {"campaign_id": {"$eq": which.campaign_id}}
    mine = (
        None
        if which.campaign_id is None
        else set(candidates.distinct("relaxation_id", of_campaign))
    )
    kept = set(candidates.distinct("relaxation_id", {"is_flagged": True}))
    where = {"trajectory": {"$type": "object"}, "created_at": {"$lt": ended_before}}
    fields = {"trajectory.num_bytes": 1}
    for raw in database[RelaxationDoc.collection].find(where, fields):
        is_asked_for = mine is None or raw["_id"] in mine
        if is_asked_for and not (which.keep_flagged and raw["_id"] in kept):
            yield raw


def _keys_in(database: MongoDatabase, kind: type[Any], tell: Tell) -> Iterator[str]:
    """Yield the keys of bytes that documents of a kind refer to."""
    where = {"$or": [{path: {"$type": "string"}} for path in REFERRING]}
    found = database[kind.collection].find(where, dict.fromkeys(REFERRING, 1))
    for raw in told(found, f"{kind.collection} with blobs looked at", tell):
        yield from blob_keys(kind, raw)


def _cut_off(database: MongoDatabase, begun_before: ObjectId) -> Iterator[tuple[ObjectId, int]]:
    """Yield uploads that never came to their end, and how many bytes of them are there."""
    stages: list[dict[str, Any]] = [
        {"$group": {"_id": "$files_id"}},
        {"$match": {"_id": {"$lt": begun_before}}},
        {"$lookup": {"from": FILES, "localField": "_id", "foreignField": "_id", "as": "file"}},
        {"$match": {"file": []}},
    ]
    for raw in database[CHUNKS].aggregate(stages, allowDiskUse=True):
        sizes = [
            {"$match": {"files_id": raw["_id"]}},
            {"$group": {"_id": None, "num_bytes": {"$sum": {"$binarySize": "$data"}}}},
        ]
        for total in database[CHUNKS].aggregate(sizes):
            yield raw["_id"], int(total["num_bytes"])
