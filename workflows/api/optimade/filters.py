"""From the text of a filter to a search for candidates that is as quick as indexes make it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from lark.exceptions import LarkError, VisitError
from optimade.exceptions import BadRequest, NotImplementedResponse
from optimade.filterparser import LarkParser
from pymongo.errors import PyMongoError

from db.candidate_access import index_for, with_rarest_set
from db.documents import CampaignDoc, CandidateDoc
from db.find import Find
from workflows.api.optimade.same import COMPARISONS
from workflows.api.optimade.transformer import StructureTransformer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from db.client import MongoDatabase

LONGEST_FILTER = 1_000
SERVED: dict[str, Any] = {"role": {"$eq": "candidate"}, "stop_reason": {"$eq": "converged"}}
"""Candidates that are at rest; only those are structures."""
_parsing = threading.Lock()


@dataclass(frozen=True)
class Asked:
    """What a filter asks of candidates.

    Attributes:
        where: A MongoDB filter; None asks nothing.
        warnings: Properties of other providers, which are unknown here.
    """

    where: dict[str, Any] | None = None
    warnings: tuple[str, ...] = field(default=())


def read_filter(database: MongoDatabase, text: str | None) -> Asked:
    """Read the text of a filter.

    Raises:
        BadRequest: It is no filter, or names what is not there.
        NotImplementedResponse: It asks for what is not supported.
    """
    if text is None or not text.strip():
        return Asked()
    if len(text) > LONGEST_FILTER:
        raise BadRequest(f"A filter may have {LONGEST_FILTER} characters; ask for less at once.")

    def modified(comparison: str, moment: datetime) -> Sequence[str]:
        times = last_changes(database)
        return [key for key, each in times.items() if COMPARISONS[comparison](each, moment)]

    transformer = StructureTransformer(modified)
    try:
        with _parsing:
            tree = _parser().lark.parse(text)
        where = transformer.transform(tree)
    except (VisitError, NotImplementedError, LarkError, RecursionError) as error:
        raise _refusal(error) from error
    return Asked(where, tuple(dict.fromkeys(transformer.warnings)))


def _refusal(error: Exception) -> Exception:
    """What a reader is told of a filter that cannot be used."""
    refusal: Exception = BadRequest(
        'The filter cannot be read; write it like elements HAS "O" AND nelements=2.'
    )
    cause = error.orig_exc if isinstance(error, VisitError) else error
    if isinstance(cause, NotImplementedError):
        refusal = NotImplementedResponse(str(cause))
    elif isinstance(cause, BadRequest | PyMongoError):
        refusal = cause
    return refusal


def search(
    database: MongoDatabase,
    asked: dict[str, Any] | None,
    order: tuple[tuple[str, int], ...] = (),
    above: str | None = None,
) -> Find:
    """Return the query for structures, with the index that it takes.

    Args:
        database: Where a few keys are counted to choose the index.
        asked: What the filter asks.
        order: Fields and directions.
        above: Only structures whose id comes after this one.
    """
    plain, rest = _parted(asked) if asked else ({}, [])
    where = with_rarest_set(database, SERVED | plain)
    if above is not None:
        rest = [*rest, {"_id": {"$gt": above}}]
        if "_id" not in where:
            where["_id"] = rest.pop()["_id"]
    index = index_for(database, where, tuple(name for name, _ in order))
    if rest:
        where["$and"] = rest
    return Find(CandidateDoc.collection, where, order, index=index)


def last_changes(database: MongoDatabase) -> dict[str, datetime]:
    """Return when each campaign, and so its candidates, was last changed."""
    fields = {"updated_at": 1, "created_at": 1}
    found = database[CampaignDoc.collection].find({}, fields)
    return {str(raw["_id"]): raw.get("updated_at") or raw["created_at"] for raw in found}


def _parted(where: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Conditions on single fields, which indexes know, and all others."""
    plain: dict[str, Any] = {}
    rest: list[dict[str, Any]] = []
    for each in where.get("$and", [where]) if set(where) == {"$and"} else [where]:
        ((name, condition), *others) = each.items()
        if others or name.startswith("$") or name in plain or name in SERVED:
            rest.append(each)
        else:
            plain[name] = condition
    return plain, rest


@cache
def _parser() -> LarkParser:
    return LarkParser()
