"""Small shaken crystals of a cheap potential, and one that tells how often it was asked."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from db.documents import CampaignDoc, RelaxationDoc, TaskDoc
from db.writes import insert_structures, save_campaign
from facet.relaxation.relaxer import relax
from facet.relaxation.settings import RelaxSettings
from facet.testing.fakes import LennardJones, Wrapper
from workflows.convert import structure_document
from workflows.duty import Duty, on_duty
from workflows.shards.run import relax_shard

if TYPE_CHECKING:
    from collections.abc import Callable

    from db.client import MongoDatabase
    from db.documents import BaseDoc
    from facet.graph.batch import GraphBatch
    from facet.potential import Prediction

SETTINGS = RelaxSettings(fmax=0.002, smax=0.02)


@dataclass(frozen=True)
class Watched(Wrapper):
    """Calls a function before every evaluation, and takes its time."""

    at_call: Callable[[int], object] = field(default=lambda _: None, compare=False)
    seconds: float = 0.0
    times: list[float] = field(default_factory=list, compare=False)
    sizes: list[int] = field(default_factory=list, compare=False)

    def __call__(self, batch: GraphBatch) -> Prediction:
        self.times.append(time.monotonic())
        self.sizes.append(batch.num_structures)
        self.at_call(len(self.times))
        time.sleep(self.seconds)
        return self.inner(batch)


def watched(at_call: Callable[[int], object] = lambda _: None, seconds: float = 0.0) -> Watched:
    return Watched(LennardJones(), at_call, seconds)


def once_at(number: int, action: Callable[[], object]) -> Callable[[int], object]:
    """Do something before the evaluation with a number."""
    return lambda call: action() if call == number else None


def shaken_crystals(count: int, seed: int = 5) -> list[Structure]:
    """Crystals of 4 atoms a cell, no two alike, all far from rest."""
    rng = np.random.default_rng(seed)
    crystals = []
    for _ in range(count):
        lattice = Lattice.cubic(3.5 * (1 + 0.05 * rng.uniform(-1, 1)))
        sites = [[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]
        crystal = Structure(lattice, ["Cu"] * 4, sites)
        shifts = rng.normal(0.0, 0.1, (len(crystal), 3))
        places = crystal.cart_coords + shifts
        crystals.append(
            Structure(crystal.lattice, crystal.species, places, coords_are_cartesian=True)
        )
    return crystals


def store(database: MongoDatabase, crystals: list[Structure]) -> list[str]:
    """Store crystals and return their keys."""
    documents = [structure_document(each) for each in crystals]
    insert_structures(database, documents)
    return [each.structure_id for each in documents]


def uninterrupted(crystals: list[Structure]) -> dict[str, tuple[float, int]]:
    """Energy per atom and steps of each crystal, relaxed without a database."""
    named = [(structure_document(each).structure_id, each) for each in crystals]
    sizes = {name: len(each) for name, each in named}
    return {
        each.name: (each.energy / sizes[each.name], each.num_steps)
        for each in relax(named, LennardJones(), SETTINGS)
    }


def save_a_campaign(database: MongoDatabase, name: str = "c1") -> CampaignDoc:
    campaign = CampaignDoc(
        campaign_id=name,
        created_at=datetime.now(UTC),
        source="crystals.jsonl",
        potential_name="lennard-jones",
        potential_fingerprint=LennardJones().fingerprint,
        energy_scheme=LennardJones().energy_scheme,
        relax_settings=SETTINGS.to_dict(),
        rule={},
    )
    save_campaign(database, campaign)
    return campaign


def all_of(database: MongoDatabase, kind: type[BaseDoc]) -> dict[str, BaseDoc]:
    """Every document of a kind by the crystal that it is about."""
    return {raw["structure_id"]: kind.from_mongo(raw) for raw in database[kind.collection].find()}


def tasks_of(database: MongoDatabase) -> dict[str, TaskDoc]:
    return all_of(database, TaskDoc)


def results_of(database: MongoDatabase) -> dict[str, RelaxationDoc]:
    return all_of(database, RelaxationDoc)


def assert_same_ends(database: MongoDatabase, expected: dict[str, tuple[float, int]]) -> None:
    """Every crystal ended once, where it would have ended undisturbed."""
    found = results_of(database)
    assert set(found) == set(expected)
    assert database[RelaxationDoc.collection].count_documents({}) == len(expected)
    for name, (energy, num_steps) in expected.items():
        assert found[name].stop_reason == "converged"
        assert abs(found[name].energy_per_atom - energy) < 1e-6
        assert found[name].num_steps == num_steps
    assert {each.status for each in tasks_of(database).values()} == {"done"}


def run(database, ids, potential=None, campaign=None, **duty):
    """Run a shard as a worker of its own."""
    name = duty.pop("worker", f"worker-{time.monotonic_ns()}")
    with on_duty(Duty(name, **duty)):
        return relax_shard(database, ids, potential or LennardJones(), SETTINGS, campaign)


def stop_at(number, **others):
    """A duty that ends before the evaluation with a number, and the potential that ends it."""
    stop = threading.Event()

    def end():
        stop.set()
        time.sleep(0.4)  # until the heartbeat has seen it

    return watched(once_at(number, end), **others), stop
