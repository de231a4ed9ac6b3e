"""Writing documents so that writing twice is writing once.

Keys come from content. What is inserted is never overwritten; what a campaign learns later is set
field by field. When a function returns, a majority has its writes in the journal.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pymongo import UpdateOne

from db.blocks import blocks
from db.documents import CampaignDoc, CandidateDoc, ReferenceDoc, RelaxationDoc, StructureDoc
from db.storing import encoded_fields, stored_form

if TYPE_CHECKING:
    from collections.abc import Iterable

    from db.client import MongoDatabase
    from db.documents import BaseDoc, CandidateOutcome


OPERATIONS_PER_REQUEST = 1000


@dataclass(frozen=True)
class InsertCount:
    """What an insert did.

    Attributes:
        num_new: Documents that were not there before.
        num_known: Documents that were, and were left as they are.
    """

    num_new: int
    num_known: int


@dataclass(frozen=True)
class UpdateCount:
    """What an update did.

    Attributes:
        num_changed: Documents that now differ.
        num_same: Documents that said the same already.
        num_missing: Documents that are not there.
    """

    num_changed: int
    num_same: int
    num_missing: int


def insert_structures(database: MongoDatabase, structures: Iterable[StructureDoc]) -> InsertCount:
    """Store input crystals that are not stored yet; do this before inserting their candidates.

    Raises:
        DocumentRefusedError: MongoDB cannot hold one of them.
    """
    return insert_documents(database, StructureDoc, structures)


def insert_candidates(database: MongoDatabase, candidates: Iterable[CandidateDoc]) -> InsertCount:
    """Store candidates that are not stored yet; those that are keep what was learned of them.

    Raises:
        DocumentRefusedError: MongoDB cannot hold one of them.
    """
    return insert_documents(database, CandidateDoc, candidates)


def insert_references(database: MongoDatabase, references: Iterable[ReferenceDoc]) -> InsertCount:
    """Store references that are not stored yet.

    Raises:
        DocumentRefusedError: A reference is larger than a document may be.
    """
    return insert_documents(database, ReferenceDoc, references)


def write_relaxations(database: MongoDatabase, relaxations: Iterable[RelaxationDoc]) -> InsertCount:
    """Store results; of two results with the same key the first acknowledged one stays.

    Raises:
        DocumentRefusedError: MongoDB cannot hold one of them.
    """
    return insert_documents(database, RelaxationDoc, relaxations)


def update_candidates(
    database: MongoDatabase, outcomes: Iterable[tuple[str, CandidateOutcome]]
) -> UpdateCount:
    """Set what was learned of candidates, given as pairs of candidate_id and outcome.

    Only the fields that were given to an outcome are written; the others stay as they are.

    Raises:
        DocumentRefusedError: MongoDB cannot hold one of the outcomes.
    """
    num_sent = num_matched = num_changed = 0
    for block in blocks(outcomes, OPERATIONS_PER_REQUEST):
        operations = [_set_fields(key, outcome) for key, outcome in block]
        result = database[CandidateDoc.collection].bulk_write(operations, ordered=True)
        num_sent += len(block)
        num_matched += result.matched_count
        num_changed += result.modified_count
    return UpdateCount(num_changed, num_matched - num_changed, num_sent - num_matched)


def save_campaign(database: MongoDatabase, campaign: CampaignDoc) -> bool:
    """Store a campaign, or bring what may change of a stored one up to date; True when it is new.

    Raises:
        DocumentRefusedError: MongoDB cannot hold it.
    """
    document = campaign.to_mongo() | {"updated_at": datetime.now(UTC)}
    encoded_fields(campaign.campaign_id, document)  # refused here rather than by the server
    mutable = {name: document.pop(name) for name in CampaignDoc.mutable_fields}
    result = database[CampaignDoc.collection].update_one(
        {"_id": campaign.campaign_id}, {"$setOnInsert": document, "$set": mutable}, upsert=True
    )
    return result.upserted_id is not None


def insert_documents(
    database: MongoDatabase, kind: type[BaseDoc], documents: Iterable[BaseDoc]
) -> InsertCount:
    """Store documents of one kind that are not stored yet, and leave the others as they are.

    Raises:
        DocumentRefusedError: MongoDB cannot hold one of them.
    """
    num_new = num_sent = 0
    for block in blocks(documents, OPERATIONS_PER_REQUEST):
        operations = [
            UpdateOne(
                {"_id": each.document_id},
                {"$setOnInsert": stored_form(database, each)},
                upsert=True,
            )
            for each in block
        ]
        result = database[kind.collection].bulk_write(operations, ordered=False)
        num_new += result.upserted_count
        num_sent += len(block)
    return InsertCount(num_new, num_sent - num_new)


def _set_fields(key: str, outcome: CandidateOutcome) -> UpdateOne:
    """One update of the fields that were given."""
    fields = outcome.model_dump(include=outcome.model_fields_set)
    return UpdateOne({"_id": key}, {"$set": encoded_fields(key, fields)})
