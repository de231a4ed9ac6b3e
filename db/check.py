"""Are the indexes as declared, and why is a question slow: in sentences that say how to mend it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from pymongo.errors import OperationFailure

from db.candidate_access import FEW
from db.candidate_pairs import conditions_of, is_kept_fast
from db.find import BAD_VALUE
from db.indexes import INDEXES, is_as_declared
from db.queries import EVERYTHING, NEAREST_FIRST, planned_finds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from db.client import MongoDatabase
    from db.filters import CandidateFilter, CandidateSort
    from db.find import Find

FaultKind = Literal["missing", "different", "foreign"]

PRIMARY = "_id_"
MANY_FOR_ONE = 20
"""Candidates looked at for each one found, from which on a question is called slow."""


@dataclass(frozen=True)
class IndexFault:
    """One index that is not as declared.

    Attributes:
        collection: Its collection.
        name: Its name.
        kind: Missing, different from its declaration, or not ours.
        sentence: What that means and how to mend it.
    """

    collection: str
    name: str
    kind: FaultKind
    sentence: str


@dataclass(frozen=True)
class Stretch:
    """How the server answered one of the queries that make a list.

    Attributes:
        index: The index it took, or None when it read the whole collection.
        missing_index: The index it would have taken, if that is not there.
        num_keys: Keys of the index that it looked at.
        num_documents: Candidates that it looked at.
        num_found: Candidates that it returned.
        is_sorted_in_memory: Whether it had to sort what it found.
        milliseconds: Time on the server.
        stages: Steps of its plan, the last one first.
    """

    index: str | None
    missing_index: str | None
    num_keys: int
    num_documents: int
    num_found: int
    is_sorted_in_memory: bool
    milliseconds: int
    stages: tuple[str, ...]


@dataclass(frozen=True)
class Explanation:
    """Why a question takes as long as it does.

    Attributes:
        is_slow: Whether something should be mended.
        is_kept_fast: Whether it is one of the questions that indexes are kept for.
        sentences: What was seen, and how to mend it.
        stretches: What the server did, query by query.
    """

    is_slow: bool
    is_kept_fast: bool
    sentences: tuple[str, ...]
    stretches: tuple[Stretch, ...]


def index_faults(database: MongoDatabase) -> list[IndexFault]:
    """Return every index that is missing, defined otherwise, or not ours, by collection."""
    faults = []
    for collection in dict.fromkeys(index.collection for index in INDEXES):
        stored = database[collection].index_information()
        faults += [*_missing_or_different(collection, stored), *_foreign(collection, stored)]
    return faults


def _missing_or_different(collection: str, stored: Mapping[str, Any]) -> Iterator[IndexFault]:
    for index in (each for each in INDEXES if each.collection == collection):
        if index.name not in stored:
            yield IndexFault(
                collection,
                index.name,
                "missing",
                f"{collection} has no index {index.name!r} ({index.serves}): "
                "`facet db init` creates it.",
            )
        elif not is_as_declared(stored[index.name], index):
            yield IndexFault(
                collection,
                index.name,
                "different",
                f"The index {index.name!r} of {collection} ({index.serves}) is not as declared: "
                "`facet db init` makes it anew.",
            )


def _foreign(collection: str, stored: Mapping[str, Any]) -> Iterator[IndexFault]:
    ours = {each.name for each in INDEXES if each.collection == collection} | {PRIMARY}
    for name in sorted(set(stored) - ours):
        yield IndexFault(
            collection,
            name,
            "foreign",
            f"The index {name!r} of {collection} is none of Facet's and slows every write: drop it "
            "unless a program of yours needs it.",
        )


def explain(
    database: MongoDatabase,
    where: CandidateFilter = EVERYTHING,
    sort: CandidateSort = NEAREST_FIRST,
    limit: int = 100,
    after: str | None = None,
) -> Explanation:
    """Run a question on the server and say how it was answered, and what to do if it is slow.

    Raises:
        DbError: The order makes no sense for these conditions.
    """
    stretches = []
    num_left = limit
    for find in planned_finds(database, where, sort, after):
        stretches.append(_stretch(database, find, num_left))
        num_left -= stretches[-1].num_found
        if num_left <= 0:
            break
    is_declared = is_kept_fast(where, sort)
    faults = tuple(each for stretch in stretches for each in _faults(stretch))
    advice = () if is_declared or not faults else (_advice(where, sort),)
    return Explanation(
        is_slow=bool(faults),
        is_kept_fast=is_declared,
        sentences=(*dict.fromkeys(faults), *advice) or (_praise(stretches),),
        stretches=tuple(stretches),
    )


def _stretch(database: MongoDatabase, find: Find, limit: int) -> Stretch:
    """Run one query for its plan."""
    missing_index = None
    try:
        told = find.execution(database, limit)
    except OperationFailure as error:
        if find.index is None or error.code != BAD_VALUE:
            raise
        missing_index = find.index
        told = replace(find, index=None).execution(database, limit)
    stats = told["executionStats"]
    steps = list(_steps(stats["executionStages"]))
    return Stretch(
        index=next((step["indexName"] for step in steps if "indexName" in step), None),
        missing_index=missing_index,
        num_keys=stats["totalKeysExamined"],
        num_documents=stats["totalDocsExamined"],
        num_found=stats["nReturned"],
        is_sorted_in_memory=any(step["stage"] == "SORT" for step in steps),
        milliseconds=stats["executionTimeMillis"],
        stages=tuple(step["stage"] for step in steps),
    )


def _steps(stage: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield all steps of a plan, outermost first."""
    yield stage
    inner = [stage[name] for name in ("inputStage", "thenStage", "elseStage") if name in stage]
    for each in (*inner, *stage.get("inputStages", ())):
        yield from _steps(each)


def _faults(stretch: Stretch) -> Iterator[str]:
    """Say what is slow about one query."""
    if stretch.missing_index is not None:
        yield f"The index {stretch.missing_index!r} is missing: run `facet db init`."
    if "COLLSCAN" in stretch.stages:
        yield "The whole collection is read for want of an index."
    elif stretch.num_documents > max(FEW, MANY_FOR_ONE * stretch.num_found):
        yield (
            f"{stretch.num_documents:,} candidates were fetched for the {stretch.num_found:,} that "
            f"meet all conditions, along the index {stretch.index!r}."
        )
    if stretch.is_sorted_in_memory and stretch.num_documents > FEW:
        yield f"{stretch.num_documents:,} candidates were sorted in memory, for want of an index."


def _advice(where: CandidateFilter, sort: CandidateSort) -> str:
    """Say how a question that no index is kept for can be asked otherwise."""
    asked = ", ".join(sorted(conditions_of(where))) or "no condition"
    scope = "in all campaigns" if where.campaign_id is None else "in a campaign"
    hints = ["add a condition that few candidates meet"]
    if where.campaign_id is None:
        hints.insert(0, "name a campaign")
    if sort.field != "energy_above_hull":
        hints.insert(0, "sort by energy_above_hull")
    return f"No index is kept for {asked} by {sort.field} {scope}: {', or '.join(hints)}."


def _praise(stretches: list[Stretch]) -> str:
    """Say that all is well, with numbers."""
    names = ", ".join(dict.fromkeys(each.index or "no index" for each in stretches))
    found = sum(each.num_found for each in stretches)
    keys = sum(each.num_keys for each in stretches)
    fetched = sum(each.num_documents for each in stretches)
    return (
        f"Nothing to mend: {found:,} candidates found along {names}, looking at {keys:,} keys and "
        f"fetching {fetched:,} candidates."
    )
