"""Finding documents; ``db.indexes`` holds the index of each query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pymongo import ASCENDING, DESCENDING

from db.blocks import blocks
from db.documents import BaseDoc, CampaignDoc, CandidateDoc, RelaxationDoc, StructureDoc
from db.errors import DbError, MissingDocumentError
from db.filters import CandidateFilter, CandidateSort

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pymongo.cursor import Cursor

    from db.client import MongoDatabase

Doc = TypeVar("Doc", bound=BaseDoc)
CountField = Literal["status", "stop_reason", "role", "verdict", "is_flagged"]

KEYS_PER_REQUEST = 500
EVERYTHING = CandidateFilter()
NEAREST_FIRST = CandidateSort()


@dataclass(frozen=True)
class Find:
    """One query that can be run or explained: what is explained is what runs.

    Attributes:
        collection: Where to look.
        where: The MongoDB filter.
        sort: Fields and directions.
        fields: The only fields to fetch; all when empty.
    """

    collection: str
    where: dict[str, Any]
    sort: tuple[tuple[str, int], ...] = ()
    fields: tuple[str, ...] = ()

    def run(
        self, database: MongoDatabase, limit: int | None = None, skip: int = 0
    ) -> Iterator[dict[str, Any]]:
        """Yield raw documents."""
        if limit == 0:  # MongoDB reads 0 as no limit
            return
        yield from self._cursor(database).skip(skip).limit(limit or 0)

    def plan(self, database: MongoDatabase) -> dict[str, Any]:
        """Return the server's winning plan."""
        return dict(self._cursor(database).explain()["queryPlanner"]["winningPlan"])

    def _cursor(self, database: MongoDatabase) -> Cursor[dict[str, Any]]:
        projection = dict.fromkeys(self.fields, 1) or None
        return database[self.collection].find(
            self.where, projection=projection, sort=list(self.sort) or None
        )


def candidates(
    database: MongoDatabase,
    where: CandidateFilter = EVERYTHING,
    sort: CandidateSort = NEAREST_FIRST,
    limit: int | None = None,
    skip: int = 0,
) -> Iterator[CandidateDoc]:
    """Yield candidates that meet the conditions, in order; limit and skip make pages.

    Raises:
        DbError: The order makes no sense for these conditions.
    """
    num_left, num_to_skip = limit, skip
    for part in candidate_finds(where, sort):
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
            num_here = database[part.collection].count_documents(part.where)
            num_to_skip = max(0, num_to_skip - num_here)


def candidate_finds(where: CandidateFilter, sort: CandidateSort) -> list[Find]:
    """Return the queries that give candidates in order, one after the other.

    MongoDB sorts a missing value before every number, so those without one are asked for last.

    Raises:
        DbError: Ranks of several campaigns cannot be compared.
    """
    if sort.field == "rank" and where.campaign_id is None:
        raise DbError("A rank counts within one campaign; name the campaign or sort otherwise.")
    direction = DESCENDING if sort.is_descending else ASCENDING
    order = ((sort.field, direction), ("_id", direction))
    asked = where.to_mongo()
    if sort.field == "material_id" or sort.field in asked:
        return [Find(CandidateDoc.collection, asked, order)]
    return [
        Find(CandidateDoc.collection, asked | {sort.field: {"$type": "number"}}, order),
        Find(CandidateDoc.collection, asked | {sort.field: {"$eq": None}}, order),
    ]


def count_candidates(database: MongoDatabase, where: CandidateFilter = EVERYTHING) -> int:
    """Count candidates that meet the conditions."""
    return database[CandidateDoc.collection].count_documents(where.to_mongo())


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


def pending_find(campaign_id: str) -> Find:
    """Return the query for candidates whose relaxation is still to be done."""
    pending = CandidateFilter(campaign_id=campaign_id, status="pending")
    return Find(CandidateDoc.collection, pending.to_mongo(), fields=("structure_id",))


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
    where = CandidateFilter(campaign_id=campaign_id).to_mongo()
    where["relaxation_id"] = {"$type": "string"}
    order = (("material_id", ASCENDING), ("_id", ASCENDING))
    return Find(CandidateDoc.collection, where, order, fields=("_id",))


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
            yield RelaxationDoc.from_mongo(raw)


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
            yield kind.from_mongo(found[key])


def campaigns_find() -> Find:
    """Return the query for campaigns, the last saved one first."""
    return Find(CampaignDoc.collection, {}, (("updated_at", DESCENDING),))


def latest_campaign(database: MongoDatabase) -> CampaignDoc | None:
    """Return the campaign that was saved last, if there is one."""
    for raw in campaigns_find().run(database, limit=1):
        return CampaignDoc.from_mongo(raw)
    return None
