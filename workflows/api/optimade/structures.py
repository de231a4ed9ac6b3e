"""Candidates as OPTIMADE structures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from db.documents import RelaxationDoc
from db.queries import documents_by_id
from workflows.api.one import crystal
from workflows.api.optimade.filters import last_changes
from workflows.api.optimade.properties import (
    LAST_MODIFIED,
    OF_THE_CRYSTAL,
    OWN,
    SAME_FOR_ALL,
    SERVED,
    STORED,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from db.client import MongoDatabase

TOP = frozenset({"id", "type"})
"""Properties that stand beside the attributes."""
EVERYTHING = tuple(name for name in SERVED if name not in TOP)


def resources(
    database: MongoDatabase, raws: Sequence[Mapping[str, Any]], fields: Iterable[str]
) -> list[dict[str, Any]]:
    """Return stored candidates as resource objects.

    Args:
        database: Where crystals and times are read, if they are asked for.
        raws: Candidates as they are stored.
        fields: Names of the attributes; names that are not served become None.
    """
    wanted = [name for name in fields if name not in TOP]
    times = last_changes(database) if LAST_MODIFIED in wanted else {}
    crystals = _crystals(database, raws) if set(wanted) & set(OF_THE_CRYSTAL) else {}
    return [
        {
            "id": raw["_id"],
            "type": "structures",
            "attributes": _attributes(raw, wanted, times, crystals.get(raw["_id"], {})),
        }
        for raw in raws
    ]


def _attributes(
    raw: Mapping[str, Any],
    wanted: Iterable[str],
    times: Mapping[str, datetime],
    of_the_crystal: Mapping[str, Any],
) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name in wanted:
        if name in OWN:
            told[name] = raw.get(OWN[name].stored)
        elif name in STORED:
            told[name] = raw.get(STORED[name])
        elif name == LAST_MODIFIED:
            told[name] = _rfc3339(times.get(raw["campaign_id"]))
        else:
            told[name] = of_the_crystal.get(name, SAME_FOR_ALL.get(name))
    return told


def _crystals(
    database: MongoDatabase, raws: Sequence[Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """What the relaxations of candidates tell, by key of the candidate."""
    keys = {str(raw["_id"]): str(raw["relaxation_id"]) for raw in raws}
    found = documents_by_id(database, RelaxationDoc, sorted(set(keys.values())))
    told = {each.relaxation_id: _of_the_crystal(each) for each in found}
    return {key: told[relaxation] for key, relaxation in keys.items()}


def _of_the_crystal(relaxation: RelaxationDoc) -> dict[str, Any]:
    plain = crystal(relaxation.geometry)
    return {
        "lattice_vectors": plain.cell,
        "cartesian_site_positions": plain.positions,
        "species": [
            {"name": symbol, "chemical_symbols": [symbol], "concentration": [1.0]}
            for symbol in sorted(set(plain.species))
        ],
        "species_at_sites": plain.species,
    }


def _rfc3339(moment: datetime | None) -> str | None:
    """A time to the second, rounded down, as the standard writes it."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def read_fields(needed: Iterable[str]) -> tuple[str, ...]:
    """Return the fields of candidates that some attributes are made of."""
    stored = {OWN[name].stored if name in OWN else STORED.get(name) for name in needed}
    always = {"_id", "campaign_id", "relaxation_id"}
    return tuple(sorted({name for name in stored if name is not None} | always))
