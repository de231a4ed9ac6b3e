"""Measured stabilities: writing them once, finding those of relaxed crystals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.blocks import blocks
from db.documents.stability import StabilityDoc
from db.find import Find
from db.index import Index
from db.writes import insert_documents

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from db.client import MongoDatabase
    from db.writes import InsertCount

KEYS_PER_REQUEST = 500

OF_RELAXATION = Index(
    StabilityDoc.collection,
    "relaxation",
    ("relaxation_id", "kind", "created_at"),
    "stabilities_of some relaxed crystals",
)

OF_CAMPAIGN = Index(
    StabilityDoc.collection,
    "campaign",
    ("campaign_id",),
    "stability_spending of a campaign",
)


def insert_stabilities(database: MongoDatabase, stabilities: Iterable[StabilityDoc]) -> InsertCount:
    """Store measurements; of two with the same key the first acknowledged one stays.

    Raises:
        DocumentRefusedError: MongoDB cannot hold one of them.
    """
    return insert_documents(database, StabilityDoc, stabilities)


def stabilities_find(relaxation_ids: list[str]) -> Find:
    """Return the query for all measurements of some relaxed crystals, the latest last."""
    where = {"relaxation_id": {"$in": relaxation_ids}}
    return Find(StabilityDoc.collection, where, (("created_at", 1), ("_id", 1)))


def stabilities_of(
    database: MongoDatabase, relaxation_ids: Iterable[str]
) -> Iterator[StabilityDoc]:
    """Yield all measurements of some relaxed crystals; of one crystal the latest comes last."""
    for block in blocks(sorted(set(relaxation_ids)), KEYS_PER_REQUEST):
        for raw in stabilities_find(block).run(database):
            yield StabilityDoc.from_mongo(raw)
