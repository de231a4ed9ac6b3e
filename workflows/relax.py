"""Jobs that relax crystals."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

from jobflow import Maker, job

from db.client import open_database
from db.documents import RelaxationDoc, StructureDoc
from db.queries import documents_by_id, known_ids
from db.writes import write_relaxations
from facet.graph.neighbors import Crystal
from facet.relaxation.relaxer import relax
from facet.relaxation.settings import RelaxSettings
from workflows.convert import relaxation_document
from workflows.keys import relaxation_key
from workflows.potentials import resident_potential
from workflows.progress import tell
from workflows.writing import WriteBehind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from db.client import MongoDatabase
    from facet.potential import Potential


@dataclass
class RelaxShardMaker(Maker):
    """Relax the crystals of a shard, named by id, and store each result.

    Attributes:
        name: Of the job.
        potential: Bundled name or path of the potential.
        fingerprint: SHA-256 that its weights must have; empty takes them as they are.
        settings: Relaxation settings as plain values.
    """

    name: str = "relax shard"
    potential: str = "facet-s"
    fingerprint: str = ""
    settings: dict[str, Any] = field(default_factory=dict)

    @job
    def make(self, structure_ids: list[str]) -> dict[str, Any]:
        """Relax what is not relaxed yet.

        Args:
            structure_ids: Keys of stored crystals.

        Returns:
            A small summary: how many were relaxed and how they ended, how many were known, seconds.
        """
        potential = resident_potential(self.potential, self.fingerprint or None)
        settings = RelaxSettings.from_dict(self.settings)
        with open_database() as database:
            return relax_shard(database, structure_ids, potential, settings)


def relax_shard(
    database: MongoDatabase,
    structure_ids: Iterable[str],
    potential: Potential,
    settings: RelaxSettings,
) -> dict[str, Any]:
    """Relax stored crystals that have no result yet and store each result as it comes.

    Interrupted at any moment, it leaves every result stored that it had.

    Returns:
        Crystals relaxed, counts by stop reason, crystals known before, and seconds.
    """
    started = perf_counter()
    asked = set(structure_ids)
    missing = not_relaxed(database, asked, potential.fingerprint, settings.to_dict())
    ends: Counter[str] = Counter()
    in_flight: dict[str, StructureDoc] = {}
    with WriteBehind(partial(write_relaxations, database)) as writer:
        for result in relax(_crystals(database, missing, in_flight), potential, settings):
            stored = in_flight.pop(result.name)
            writer.put(relaxation_document(stored, result, potential, settings))
            ends[result.stop_reason.value] += 1
            tell(result.stop_reason.value)
    return {
        "num_relaxed": ends.total(),
        "num_known": len(asked) - len(missing),
        "ends": dict(ends),
        "seconds": round(perf_counter() - started, 3),
    }


def not_relaxed(
    database: MongoDatabase,
    structure_ids: Iterable[str],
    fingerprint: str,
    settings: Mapping[str, Any],
) -> list[str]:
    """Return the crystals, in a fixed order, that these settings and potential never relaxed."""
    keys = {each: relaxation_key(each, fingerprint, settings) for each in structure_ids}
    done = known_ids(database, RelaxationDoc, keys.values())
    return sorted(each for each, key in keys.items() if key not in done)


def _crystals(
    database: MongoDatabase, structure_ids: Iterable[str], in_flight: dict[str, StructureDoc]
) -> Iterator[tuple[str, Crystal]]:
    """Read crystals as there is room for them, and remember those that have not come back."""
    for stored in documents_by_id(database, StructureDoc, structure_ids):
        in_flight[stored.structure_id] = stored
        yield stored.structure_id, Crystal(*stored.geometry.unpack())
