"""Which index a search for candidates takes: decided here, so that its time can be promised.

MongoDB would try every index that mentions the campaign against all the others, and keep the winner
for other values of the same question. Here rare conditions are recognized by counting a few keys;
what is rare is fetched and sorted, and what is common is met soon on a walk in the order asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from db.candidate_indexes import CAMPAIGN, CANDIDATE_INDEXES, CANDIDATES, ELEMENTS_INDEX
from db.documents.candidate import ELEMENT_SETS
from db.find import Find
from db.index import Index

if TYPE_CHECKING:
    from collections.abc import Mapping

    from db.client import MongoDatabase

FEW = 10_000
"""Candidates that are fetched and sorted sooner than met by chance on the way."""

FEW_ON_A_WALK = 1_000
"""The same where a walk looks at keys alone, or is along the condition itself."""

WITHOUT_CAMPAIGN = frozenset(i.name for i in CANDIDATE_INDEXES if CAMPAIGN not in i.fields)
MIN_SETS = 2

PRIMARY = Index(CANDIDATES, "_id_", ("_id",), "candidates of a campaign by name")
WIDE = frozenset({CAMPAIGN, "_id"})
"""Conditions that may leave hundreds of thousands."""


def index_for(
    database: MongoDatabase, where: Mapping[str, Any], order: tuple[str, ...]
) -> str | None:
    """Return the name of the index for a search, or None where none helps.

    Args:
        database: Where a few keys are counted, if that decides.
        where: The MongoDB filter.
        order: Fields of the order asked for, ties included; may be empty.
    """
    narrowing = _narrowing(where)
    ordered = [each for each in (*CANDIDATE_INDEXES, PRIMARY) if each.gives_order(where, order)]
    along = {*WIDE, order[0]} if order else WIDE
    best = [each for each in narrowing if each in ordered and set(each.conditions(where)) - along]
    if len(narrowing) > 1 or not set(narrowing) <= set(ordered):
        is_quick_walk = best or any(set(where) <= set(each.fields) for each in ordered)
        few = _with_few(database, where, narrowing, FEW_ON_A_WALK if is_quick_walk else FEW)
        if few is not None:
            return few.name
    chosen = next(iter((*best, *ordered, *narrowing)), None)
    return None if chosen is None else chosen.name


def index_for_count(where: Mapping[str, Any]) -> str | None:
    """Return the name of the index whose keys tell most of a search, or None where none helps."""
    used = {each: each.conditions(where) for each in CANDIDATE_INDEXES}
    able = [each for each, mine in used.items() if mine]
    # The key tells the campaign, so an index with the key need not hold the campaign besides.
    told = set(where) - {CAMPAIGN}
    best = max(
        able,
        key=lambda e: (told <= set(e.fields), len(set(used[e]) - WIDE), len(used[e])),
        default=None,
    )
    return None if best is None else best.name


def with_rarest_set(database: MongoDatabase, where: Mapping[str, Any]) -> dict[str, Any]:
    """Ask for the rarest of several sets of elements first, and for the others of what it finds.

    MongoDB would walk along all of them at once until one of the walks is done.
    """
    sets = where.get(ELEMENT_SETS, {}).get("$all", ())
    if len(sets) < MIN_SETS:
        return dict(where)
    rarest, least = sets[0], FEW
    for each in sets:
        find = Find(CANDIDATES, {ELEMENT_SETS: {"$eq": each}}, index=ELEMENTS_INDEX)
        found = find.count(database, least)
        if found < least:
            rarest, least = each, max(found, 1)
    others = {name: value for name, value in where[ELEMENT_SETS].items() if name != "$all"}
    symbols = sorted({symbol for each in sets for symbol in each.split("-")})
    return {
        **where,
        ELEMENT_SETS: {"$eq": rarest, **others},
        "elements": {**where.get("elements", {}), "$all": symbols},
    }


def _narrowing(where: Mapping[str, Any]) -> list[Index]:
    """Indexes that leave out much, without those that another one betters in every way."""
    used = {each: frozenset(each.conditions(where)) for each in CANDIDATE_INDEXES}
    most = [mine for mine in used.values() if not any(mine < other for other in used.values())]
    return [each for each, mine in used.items() if mine - WIDE and mine in most]


def _with_few(
    database: MongoDatabase, where: Mapping[str, Any], narrowing: list[Index], limit: int
) -> Index | None:
    """Return the index that leaves fewest candidates, if those are few."""
    fewest, least = None, limit + 1
    for index in narrowing:
        asked = {field: where[field] for field in index.conditions(where)}
        found = Find(CANDIDATES, asked, index=index.name).count(database, least)
        if found < least:
            fewest, least = index, max(found, 1)
    return fewest
