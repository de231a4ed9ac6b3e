"""Phonons and elastic constants of some relaxed crystals: those that are missing, each stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from db.documents import RelaxationDoc
from db.documents.stability import StabilityDoc, StabilityKind
from db.queries import documents_by_id, known_ids
from db.stabilities import insert_stabilities
from facet.graph.neighbors import Crystal
from facet.relaxation.settings import RelaxSettings
from workflows.device_names import where_it_runs
from workflows.keys import stability_key
from workflows.progress import report
from workflows.stability.documents import stability_document
from workflows.stability.elastic import elasticities
from workflows.stability.phonons import phonons
from workflows.stability.rest import Fault, at_rest
from workflows.stability.settings import StabilitySettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from db.client import MongoDatabase
    from facet.potential import Potential
    from workflows.stability.elastic import Elasticity
    from workflows.stability.phonons import Phonons

TOP = 20
WORD = "stabilities measured"
Missing = dict[StabilityKind, list[str]]
"""Keys of relaxations that lack a measurement, by kind."""


class Wanted(NamedTuple):
    """What is to be measured of a campaign.

    Attributes:
        kinds: ``phonons``, ``elastic`` or both.
        top: The first so many of the flagged candidates, by rank.
        settings: How.
        campaign_id: Whose expense it is; empty is nobody's.
    """

    kinds: tuple[StabilityKind, ...]
    top: int = TOP
    settings: StabilitySettings = StabilitySettings()
    campaign_id: str = ""


class Measured(NamedTuple):
    """What was done.

    Attributes:
        num_measured: Measurements made now.
        num_faults: Those of them that failed.
        is_complete: False when it had to stop before the end.
        left: Relaxations of which something is missing still, as far as that was looked up.
    """

    num_measured: int = 0
    num_faults: int = 0
    is_complete: bool = True
    left: tuple[str, ...] = ()


class Finding(NamedTuple):
    """One measurement of one crystal.

    Attributes:
        name: Of the crystal.
        kind: What was measured.
        found: What came of it; bringing the crystal to rest is in the seconds of its first one.
    """

    name: str
    kind: StabilityKind
    found: Phonons | Elasticity | Fault


def missing_of(database: MongoDatabase, relaxation_ids: Iterable[str], wanted: Wanted) -> Missing:
    """Return what is not measured yet of some relaxed crystals."""
    keys = list(dict.fromkeys(relaxation_ids))
    plain = wanted.settings.to_dict()
    missing: Missing = {}
    for kind in wanted.kinds:
        named = {key: stability_key(key, kind, plain) for key in keys}
        known = known_ids(database, StabilityDoc, named.values())
        left = [key for key in keys if named[key] not in known]
        if left:
            missing[kind] = left
    return missing


def crystals_of(missing: Missing) -> tuple[str, ...]:
    """Return the keys of the relaxations of which something is missing, in their order."""
    return tuple(dict.fromkeys(key for keys in missing.values() for key in keys))


def measure_missing(
    database: MongoDatabase,
    potential: Potential,
    missing: Missing,
    wanted: Wanted,
    must_stop: Callable[[StabilityDoc], bool],
) -> Measured:
    """Measure what is missing and store each measurement when it is made.

    Args:
        database: Holds the relaxed crystals.
        potential: That they were relaxed with.
        missing: What is measured.
        wanted: How, and for whom.
        must_stop: Told of every measurement, and asked whether it was the last.
    """
    num_asked = sum(map(len, missing.values()))
    num_measured = num_faults = 0
    report(WORD, 0, num_asked)
    for found in _documents(database, potential, missing, wanted):
        insert_stabilities(database, [found])
        num_measured += 1
        report(WORD, num_measured, num_asked)
        num_faults += found.fault is not None
        if must_stop(found):
            left = crystals_of(missing_of(database, crystals_of(missing), wanted))
            return Measured(num_measured, num_faults, is_complete=False, left=left)
    return Measured(num_measured, num_faults)


def _documents(
    database: MongoDatabase, potential: Potential, missing: Missing, wanted: Wanted
) -> Iterator[StabilityDoc]:
    """Measure relaxed crystals together, and yield each document when it is known."""
    found = documents_by_id(database, RelaxationDoc, crystals_of(missing))
    stored = {each.relaxation_id: each for each in found}
    relaxed_by = RelaxSettings.from_dict(next(iter(stored.values())).settings)
    crystals = {key: Crystal(*each.geometry.unpack()) for key, each in stored.items()}
    made_by = where_it_runs(str(potential.device)) | {"campaign_id": wanted.campaign_id or None}
    for each in measurements(potential, crystals, missing, wanted.settings, relaxed_by):
        relaxation = stored[each.name]
        yield stability_document(relaxation, wanted.settings, each.kind, each.found, made_by)


def measurements(
    potential: Potential,
    crystals: Mapping[str, Crystal],
    missing: Mapping[StabilityKind, Sequence[str]],
    settings: StabilitySettings,
    relaxed_by: RelaxSettings,
) -> Iterator[Finding]:
    """Bring crystals to rest and measure them together; yield each measurement when it is known.

    Args:
        potential: Gives energies, forces and stresses.
        crystals: Relaxed, by name.
        missing: Names of crystals by what is measured of them.
        settings: How it is measured.
        relaxed_by: How they were relaxed.
    """
    resting = dict(at_rest(potential, crystals.items(), settings.resting(relaxed_by)))
    owed = {name: rest.seconds for name, rest in resting.items()}
    for kind, names in missing.items():
        good = []
        for name in names:
            rest = resting[name]
            if isinstance(rest, Fault):
                yield Finding(name, kind, rest._replace(seconds=owed.pop(name, 0.0)))
            else:
                good.append((name, rest.crystal))
        for name, found in _of_kind(kind, potential, good, settings, relaxed_by):
            seconds = found.seconds + owed.pop(name, 0.0)
            yield Finding(name, kind, found._replace(seconds=seconds))


def _of_kind(
    kind: StabilityKind,
    potential: Potential,
    crystals: Sequence[tuple[str, Crystal]],
    settings: StabilitySettings,
    relaxed_by: RelaxSettings,
) -> Iterator[tuple[str, Phonons | Elasticity | Fault]]:
    """Measure one kind of stability of crystals at rest."""
    if kind == "phonons":
        yield from phonons(potential, crystals, settings)
    else:
        strained = settings.strained(relaxed_by)
        yield from elasticities(potential, crystals, strained, settings.strain)
