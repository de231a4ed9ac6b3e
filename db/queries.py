"""Finding documents; ``db.indexes`` holds the index of each query."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pymongo import ASCENDING, DESCENDING
from pymongo.errors import ExecutionTimeout

from db.blocks import blocks
from db.candidate_access import (
    PRIMARY,
    WITHOUT_CAMPAIGN,
    index_for,
    index_for_count,
    with_rarest_set,
)
from db.candidate_finds import candidate_finds, conditions
from db.documents import BaseDoc, CampaignDoc, CandidateDoc, RelaxationDoc, StructureDoc
from db.errors import MissingDocumentError
from db.filters import CandidateFilter, CandidateSort
from db.find import BoundedCount, Find
from db.paging import place_in
from db.storing import read_document

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from db.client import MongoDatabase

Doc = TypeVar("Doc", bound=BaseDoc)
CountField = Literal["status", "stop_reason", "role", "verdict", "is_flagged"]

KEYS_PER_REQUEST = 500
COUNTED_AT_MOST = 10_000
MILLISECONDS_TO_COUNT = 100
LAST_CHARACTER = "\U0010ffff"
EVERYTHING = CandidateFilter()
NEAREST_FIRST = CandidateSort()


def candidates(
    database: MongoDatabase,
    where: CandidateFilter = EVERYTHING,
    sort: CandidateSort = NEAREST_FIRST,
    limit: int | None = None,
    skip: int = 0,
    after: str | None = None,
) -> Iterator[CandidateDoc]:
    """Yield candidates that meet the conditions, in order.

    Pages are made by ``limit`` with ``after``, the ``token_after`` the last candidate of the page
    before, which is fast at any depth; or with ``skip``, whose time grows with the depth.

    Raises:
        DbError: The order makes no sense for these conditions, or the place is not of this order.
    """
    num_left, num_to_skip = limit, skip
    for part in planned_finds(database, where, sort, after):
        num_found = 0
        for raw in part.run(database, num_left, num_to_skip):
            num_found += 1
            yield CandidateDoc.from_mongo(raw)
        if num_left is not None:
            num_left -= num_found
            if num_left == 0:
                return
        if num_found > 0:
            num_to_skip = 0
        elif num_to_skip > 0:
            num_to_skip = max(0, num_to_skip - part.count(database))


def planned_finds(
    database: MongoDatabase, where: CandidateFilter, sort: CandidateSort, after: str | None = None
) -> Iterator[Find]:
    """Yield the queries behind ``candidates``, each with the index that it takes.

    Raises:
        DbError: As ``candidates`` does.
    """
    for find in candidate_finds(where, sort, None if after is None else place_in(after, sort)):
        asked = with_rarest_set(database, find.where)
        order = tuple(field for field, _ in find.sort)
        yield replace(find, where=asked, index=index_for(database, asked, order))


def count_candidates(database: MongoDatabase, where: CandidateFilter = EVERYTHING) -> int:
    """Count candidates that meet the conditions, however long it takes."""
    return count_find(database, where).count(database)


def count_up_to(
    database: MongoDatabase, where: CandidateFilter = EVERYTHING, limit: int = COUNTED_AT_MOST
) -> BoundedCount:
    """Count candidates that meet the conditions, soon: all of them, or that there are more.

    Without conditions the number is the server's own, which may be a little off after a crash.
    """
    if where == EVERYTHING:
        number = database[CandidateDoc.collection].estimated_document_count()
        return BoundedCount(number, is_all=True)
    try:
        found = count_find(database, where).count(database, limit + 1, MILLISECONDS_TO_COUNT)
    except ExecutionTimeout:
        return BoundedCount(0, is_all=False)
    return BoundedCount(min(found, limit), is_all=found <= limit)


def count_find(database: MongoDatabase, where: CandidateFilter) -> Find:
    """Return the query behind a count, with the index that it takes."""
    asked = with_rarest_set(database, conditions(where))
    index = index_for_count(asked)
    if index in WITHOUT_CAMPAIGN:  # the key tells the campaign
        asked.pop("campaign_id", None)
    return Find(CandidateDoc.collection, asked, index=index)


def counts_by(
    database: MongoDatabase, field: CountField, where: CandidateFilter = EVERYTHING
) -> dict[Any, int]:
    """Count candidates that meet the conditions by the values of a field, most frequent first."""
    groups = database[CandidateDoc.collection].aggregate(
        [
            {"$match": where.to_mongo()},
            {"$group": {"_id": f"${field}", "count": {"$sum": 1}}},
            {"$sort": {"count": DESCENDING, "_id": ASCENDING}},
        ]
    )
    return {group["_id"]: int(group["count"]) for group in groups}


def fingerprints_like(database: MongoDatabase, beginning: str) -> list[str]:
    """Return the fingerprints that begin with a text, of the potentials of all candidates."""
    within = {"$gte": beginning, "$lt": f"{beginning}{LAST_CHARACTER}"}
    where = {"potential_fingerprint": within}
    return sorted(database[CandidateDoc.collection].distinct("potential_fingerprint", where))


def pending_find(campaign_id: str) -> Find:
    """Return the query for candidates whose relaxation is still to be done."""
    pending = CandidateFilter(campaign_id=campaign_id, status="pending")
    return Find(CandidateDoc.collection, conditions(pending), fields=("structure_id",))


def pending_structures(database: MongoDatabase, campaign_id: str) -> Iterator[StructureDoc]:
    """Yield each crystal that candidates of a campaign still wait for, once.

    The list is drawn up at the start, so the caller may take its time with each crystal and write
    meanwhile.

    Raises:
        MissingDocumentError: A candidate names a crystal that is not stored.
    """
    waiting = pending_find(campaign_id).run(database)
    keys = {raw["structure_id"] for raw in waiting if raw["structure_id"] is not None}
    yield from documents_by_id(database, StructureDoc, sorted(keys))


def relaxed_find(campaign_id: str) -> Find:
    """Return the query for candidates that have a relaxation."""
    where = conditions(CandidateFilter(campaign_id=campaign_id))
    where["relaxation_id"] = {"$type": "string"}
    order = (("_id", ASCENDING),)
    return Find(CandidateDoc.collection, where, order, fields=("_id",), index=PRIMARY.name)


def relaxed_candidates(
    database: MongoDatabase, campaign_id: str
) -> Iterator[tuple[CandidateDoc, RelaxationDoc]]:
    """Yield every candidate of a campaign that has a relaxation, with it, by name.

    The list is drawn up at the start, as in ``pending_structures``.

    Raises:
        MissingDocumentError: A candidate names a relaxation that is not stored.
    """
    keys = [raw["_id"] for raw in relaxed_find(campaign_id).run(database)]
    for block in blocks(keys, KEYS_PER_REQUEST):
        relaxed = list(documents_by_id(database, CandidateDoc, block))
        wanted = sorted({str(each.relaxation_id) for each in relaxed})
        found = documents_by_id(database, RelaxationDoc, wanted)
        relaxation_of = {each.relaxation_id: each for each in found}
        yield from ((each, relaxation_of[str(each.relaxation_id)]) for each in relaxed)


def relaxations_find(structure_ids: list[str], potential_fingerprint: str | None) -> Find:
    """Return the query for relaxations of some crystals."""
    where: dict[str, Any] = {"structure_id": {"$in": structure_ids}}
    if potential_fingerprint is not None:
        where["potential_fingerprint"] = {"$eq": potential_fingerprint}
    return Find(RelaxationDoc.collection, where)


def relaxations_of(
    database: MongoDatabase,
    structure_ids: Iterable[str],
    potential_fingerprint: str | None = None,
) -> Iterator[RelaxationDoc]:
    """Yield all stored relaxations of some crystals, by one potential or by any."""
    for block in blocks(structure_ids, KEYS_PER_REQUEST):
        for raw in relaxations_find(block, potential_fingerprint).run(database):
            yield read_document(database, RelaxationDoc, raw)


def known_ids(database: MongoDatabase, kind: type[BaseDoc], keys: Iterable[str]) -> set[str]:
    """Return those of some keys under which a document is stored already."""
    known: set[str] = set()
    for block in blocks(keys, KEYS_PER_REQUEST):
        found = database[kind.collection].find({"_id": {"$in": block}}, projection={"_id": 1})
        known.update(str(raw["_id"]) for raw in found)
    return known


def documents_by_id(database: MongoDatabase, kind: type[Doc], keys: Iterable[str]) -> Iterator[Doc]:
    """Yield the documents with some keys, in the order of the keys.

    Raises:
        MissingDocumentError: One of them is not stored.
    """
    for block in blocks(keys, KEYS_PER_REQUEST):
        raws = database[kind.collection].find({"_id": {"$in": block}})
        found = {raw["_id"]: raw for raw in raws}
        for key in block:
            if key not in found:
                raise MissingDocumentError(
                    f"{kind.collection} holds no document {key!r}; submit the campaign again, "
                    "which stores what is missing."
                )
            yield read_document(database, kind, found[key])


def campaigns_find() -> Find:
    """Return the query for campaigns, the last saved one first."""
    return Find(CampaignDoc.collection, {}, (("updated_at", DESCENDING),))


def latest_campaign(database: MongoDatabase) -> CampaignDoc | None:
    """Return the campaign that was saved last, if there is one."""
    for raw in campaigns_find().run(database, limit=1):
        return CampaignDoc.from_mongo(raw)
    return None
