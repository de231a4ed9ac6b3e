"""Which candidates of a campaign are compared: all, or a sample spread over their chemistry."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING, Literal

from db.filters import CandidateFilter, CandidateSort
from db.queries import candidates

if TYPE_CHECKING:
    from collections.abc import Iterable

    from db.client import MongoDatabase
    from db.documents import CandidateDoc

Stratum = Literal["chemsys", "nelements", "none"]


def candidates_of(database: MongoDatabase, campaign_id: str) -> list[CandidateDoc]:
    """Candidates of a campaign that were not rejected, by name."""
    where = CandidateFilter(campaign_id=campaign_id, role="candidate")
    found = candidates(database, where, CandidateSort(field="material_id"))
    return [each for each in found if each.structure_id is not None]


def phases_of(
    database: MongoDatabase, campaign_id: str, chosen: Iterable[CandidateDoc]
) -> list[CandidateDoc]:
    """Reference crystals that can be on the hull of a chosen candidate."""
    systems = {frozenset(each.elements) for each in chosen}
    where = CandidateFilter(campaign_id=campaign_id, role="reference")
    found = candidates(database, where, CandidateSort(field="material_id"))
    return [
        each
        for each in found
        if each.structure_id is not None
        and any(frozenset(each.elements) <= system for system in systems)
    ]


def sampled(
    crystals: list[CandidateDoc], number: int | None, stratum: Stratum = "none"
) -> list[CandidateDoc]:
    """Choose candidates by lot, as many of each stratum as there is room for.

    The lot is drawn with the crystal itself, so that the same campaign always gives the same
    sample, and a larger sample holds the smaller one.

    Args:
        crystals: All candidates.
        number: How many at most; None takes all.
        stratum: ``chemsys`` or ``nelements`` go round the groups until the number is reached.

    Returns:
        The chosen ones, by name.
    """
    if number is None or number >= len(crystals):
        return list(crystals)
    groups: defaultdict[object, list[CandidateDoc]] = defaultdict(list)
    for each in sorted(crystals, key=_lot):
        groups[None if stratum == "none" else getattr(each, stratum)].append(each)
    in_turns = [
        (place, _lot(each), each)
        for members in groups.values()
        for place, each in enumerate(members)
    ]
    chosen = sorted(in_turns, key=lambda turn: turn[:2])[:number]
    return sorted((each for _, _, each in chosen), key=lambda each: each.material_id)


def _lot(candidate: CandidateDoc) -> str:
    return hashlib.sha256(f"{candidate.structure_id}{candidate.material_id}".encode()).hexdigest()
