"""What a verdict is told of measured stabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from db.stabilities import stabilities_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from db.client import MongoDatabase
    from db.documents.stability import StabilityDoc


def stability_evidence(
    database: MongoDatabase, relaxation_ids: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """Return the fields of ``Evidence`` that measurements fill in, by relaxation.

    Of several measurements of one kind the latest counts.
    """
    found: dict[str, dict[str, Any]] = {}
    for each in stabilities_of(database, relaxation_ids):
        found.setdefault(each.relaxation_id, {}).update(_fields(each))
    return found


def _fields(stability: StabilityDoc) -> dict[str, Any]:
    if stability.kind == "phonons":
        lowest = stability.phonons.lowest_frequency if stability.phonons else None
        return {"lowest_frequency": lowest, "no_frequency": stability.fault}
    lowest = stability.elastic.eigenvalues[0] if stability.elastic else None
    return {"lowest_elastic": lowest, "no_elastic": stability.fault}
