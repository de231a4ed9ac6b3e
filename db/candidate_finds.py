"""The queries that give candidates in an order, from its beginning or from any place in it."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, DESCENDING

from db.documents import CandidateDoc
from db.errors import DbError
from db.find import Find

if TYPE_CHECKING:
    from collections.abc import Iterator

    from db.filters import CandidateFilter, CandidateSort
    from db.paging import Place

END_OF_CAMPAIGN = chr(ord("/") + 1)
"""Sorts right behind the slash that ends the campaign in a candidate's key."""

TEXTS = frozenset({"material_id", "formula_pretty"})


def candidate_finds(
    where: CandidateFilter, sort: CandidateSort, after: Place | None = None
) -> list[Find]:
    """Return the queries that give candidates in order, one after the other.

    MongoDB sorts a missing value before every number, so those without one are asked for last. A
    place is two queries: the rest of those with its value, and those beyond.

    Raises:
        DbError: Ranks of several campaigns cannot be compared.
    """
    if sort.field == "rank" and where.campaign_id is None:
        raise DbError("A rank counts within one campaign; name the campaign or sort otherwise.")
    fields = order_of(where, sort)
    direction = DESCENDING if sort.is_descending else ASCENDING
    parts = _parts(conditions(where), fields[0], after, "$lt" if sort.is_descending else "$gt")
    return [
        Find(
            CandidateDoc.collection,
            part,
            tuple((field, direction) for field in _open(part, fields)),
        )
        for part in parts
    ]


def conditions(where: CandidateFilter) -> dict[str, Any]:
    """Return the MongoDB filter of a search.

    A candidate's key begins with its campaign: so every index that holds the key knows the
    campaign, and within one the primary index sorts by name.
    """
    asked = where.to_mongo()
    if where.campaign_id is None:
        return asked
    within = {"$gte": f"{where.campaign_id}/", "$lte": f"{where.campaign_id}{END_OF_CAMPAIGN}"}
    return asked | {"_id": within}


def order_of(where: CandidateFilter, sort: CandidateSort) -> tuple[str, ...]:
    """Return the fields to sort by."""
    if sort.field == "material_id" and where.campaign_id is not None:
        return ("_id",)
    return (sort.stored_field, "_id")


def _open(part: dict[str, Any], fields: tuple[str, ...]) -> tuple[str, ...]:
    """Return the fields of an order that are not of one value."""
    return tuple(field for field in fields if "$eq" not in part.get(field, ()))


def _parts(
    asked: dict[str, Any], field: str, after: Place | None, beyond: str
) -> Iterator[dict[str, Any]]:
    """Yield the filters, one for each stretch of the list that a sorted index holds together."""
    if field == "_id":
        yield _with(asked, "_id", {} if after is None else {beyond: after.candidate_id})
        return
    if after is not None:
        same = _with(asked, field, {"$eq": after.value})
        yield _with(same, "_id", {beyond: after.candidate_id})
    if after is None or after.value is not None:
        yield _with(asked, field, _from(field, after, beyond))
        if field != "material_id" and field not in asked:
            yield _with(asked, field, {"$eq": None})


def _from(field: str, after: Place | None, beyond: str) -> dict[str, Any]:
    """All values, or those beyond a place; either leaves out those without a value."""
    if after is not None:
        return {beyond: after.value}
    return {"$gte": "" if field in TEXTS else -inf}


def _with(asked: dict[str, Any], field: str, more: dict[str, Any]) -> dict[str, Any]:
    """Add conditions on a field to those that there are."""
    return asked | {field: {**more, **asked.get(field, {})}} if more else asked
