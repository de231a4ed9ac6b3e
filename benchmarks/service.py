"""What the service costs beside its engine, and how many results it stores in a second.

    python benchmarks/service.py --candidates candidates.extxyz.xz --reference hull.json.xz

The same crystals go in the same order through bare ``relax()`` and through the service (read,
submit, lease, relax, store, screen) in one process and in turns, on a private mongod with majority
and journal. Processor time is that of this process: the one beside, which finds space groups, and
the server are told by the wall clock only.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

import ase.io
import numpy as np
from machine import hardware, revision

from db.blocks import blocks
from db.client import open_database
from db.documents import RelaxationDoc, TaskDoc, pack_geometry
from db.indexes import ensure_indexes
from db.leases import Leases
from db.settings import DbSettings
from db.tasks import add_tasks
from facet.relaxation.relaxer import relax
from facet.relaxation.settings import RelaxSettings
from workflows.campaign import work_of
from workflows.inputs import read_crystals
from workflows.keys import relaxation_key, structure_key
from workflows.potentials import resident_potential
from workflows.screen import screen
from workflows.settings import CampaignSettings
from workflows.shards.run import relax_shard
from workflows.submit import submit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymatgen.core.structure import Structure

    from db.claim import Claim
    from db.client import MongoDatabase

GATE_OVERHEAD = 0.10
GATE_WRITES_PER_SECOND = 5000
RESULTS_PER_CALL = 500
ATOMS_OF_A_RESULT = 8
FINGERPRINT = "f" * 64


@dataclass
class Clock:
    """Seconds by what they were spent on: of the wall, and of all threads of this process."""

    wall: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def on(self, name: str) -> Iterator[None]:
        """Count the time that the block takes."""
        wall, cpu = perf_counter(), process_time()
        yield
        self.wall[name] = self.wall.get(name, 0.0) + perf_counter() - wall
        self.cpu[name] = self.cpu.get(name, 0.0) + process_time() - cpu


def main() -> None:
    """Measure both and write a JSON file."""
    told = arguments()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FACET_HOME"] = folder
        os.environ.pop("FACET_MONGO_URI", None)
        with open_database(DbSettings(home=Path(folder), database="service")) as database:
            ensure_indexes(database)
            found: dict[str, Any] = {"writing": write_rate(database, told.results)}
            if told.candidates is not None:
                found["overhead"] = overhead(database, told, Path(folder))
    record = {"hardware": hardware(), "revision": revision(), **found}
    told.out.write_text(json.dumps(record, indent=1) + "\n")
    print(json.dumps(found, indent=1))


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=Path, help="extxyz.xz; without it only writing")
    parser.add_argument("--reference", type=Path, help="table of formation energies")
    parser.add_argument("--crystals", type=int, default=1000)
    parser.add_argument("--per-turn", type=int, default=250)
    parser.add_argument("--results", type=int, default=20_000)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/service.json"))
    return parser.parse_args()


def overhead(database: MongoDatabase, told: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Relax the crystals of a campaign with and without the service, shard by shard in turns."""
    clock = Clock()
    settings = campaign_settings(told, folder)
    potential = resident_potential(settings.potential)
    crystals = crystals_in(settings.candidates[0])
    list(relax(list(crystals.values())[:8], potential, settings.relax))  # only the first is slow
    with clock.on("submission"):
        campaign = submit(database, settings).campaign
        missing = work_of(database, campaign).missing

    def bare(ids: list[str]) -> None:
        plain = settings.relax.to_dict()
        order = sorted(ids, key=lambda each: relaxation_key(each, potential.fingerprint, plain))
        with clock.on("engine"):  # in the order in which they are leased: batches end alike
            list(relax([crystals[each] for each in order], potential, settings.relax))

    def served(ids: list[str]) -> None:
        with clock.on("service"):
            relax_shard(database, ids, potential, settings.relax, campaign)

    for turn, ids in enumerate(blocks(missing, told.per_turn)):
        for way in (bare, served) if turn % 2 == 0 else (served, bare):
            way(ids)
    with clock.on("screening"):
        finished = screen(database, campaign.campaign_id)
    return summary(clock, len(missing)) | {"counts": finished.counts}


def summary(clock: Clock, num_crystals: int) -> dict[str, Any]:
    """Shares of the engine's own time; screening is work of its own, and told apart."""
    engine = clock.wall["engine"]
    service = {
        "reading_and_submission": clock.wall["submission"],
        "leases_and_writes": clock.wall["service"] - engine,
    }
    shares = {name: round(seconds / engine, 4) for name, seconds in service.items()}
    total = round(sum(service.values()) / engine, 4)
    return {
        "num_crystals": num_crystals,
        "screening_share_of_engine": round(clock.wall["screening"] / engine, 4),
        "seconds": {name: round(each, 2) for name, each in clock.wall.items()},
        "cpu_seconds": {name: round(each, 2) for name, each in clock.cpu.items()},
        "share_of_engine": shares,
        "overhead": total,
        "gate": GATE_OVERHEAD,
        "is_within_gate": total <= GATE_OVERHEAD,
    }


def campaign_settings(told: argparse.Namespace, folder: Path) -> CampaignSettings:
    """A campaign of real candidates; those that lack to the number are shaken copies."""
    with lzma.open(told.candidates, "rt") as file:
        crystals = ase.io.read(file, index=":", format="extxyz")
    for index in range(told.crystals - len(crystals)):
        shaken = crystals[index].copy()
        shaken.rattle(0.05, seed=index)
        crystals.append(shaken)
    path = folder / "candidates.extxyz"
    ase.io.write(path, crystals[: told.crystals], format="extxyz")
    return CampaignSettings(candidates=(path,), reference=told.reference)


def crystals_in(path: Path) -> dict[str, Structure]:
    """Read the structures of a file by their keys; one that is there twice counts once."""
    read = (each.structure for each in read_crystals([path]))
    return {structure_key(each): each for each in read if each is not None}


def write_rate(database: MongoDatabase, count: int) -> dict[str, Any]:
    """Store results under leases, as the thread of a worker does, and count them by second."""
    keys = [f"r{number:06}" for number in range(count)]
    add_tasks(database, map(a_task, keys))
    leases = Leases(database, "benchmark", 600.0)
    seconds = 0.0
    for block in blocks(keys, RESULTS_PER_CALL):
        results = [(claim, a_result(claim)) for claim in leases.claim(block, len(block))]
        began = perf_counter()
        leases.finish(results)
        seconds += perf_counter() - began
    stored = database[RelaxationDoc.collection].count_documents({})
    return {
        "num_results": stored,
        "results_per_second": round(stored / seconds),
        "gate": GATE_WRITES_PER_SECOND,
        "is_within_gate": stored / seconds >= GATE_WRITES_PER_SECOND,
    }


def a_task(key: str) -> TaskDoc:
    """A task that waits."""
    now = datetime.now(UTC)
    return TaskDoc(
        task_id=key,
        structure_id=f"of-{key}",
        potential_fingerprint=FINGERPRINT,
        nsites=ATOMS_OF_A_RESULT,
        created_at=now,
        updated_at=now,
    )


def a_result(claim: Claim) -> RelaxationDoc:
    """A result as large as a usual one."""
    places = np.random.default_rng(int(claim.task_id[1:])).random((ATOMS_OF_A_RESULT, 3))
    return RelaxationDoc(
        relaxation_id=claim.task_id,
        structure_id=claim.structure_id,
        potential_fingerprint=FINGERPRINT,
        energy_scheme="PBE+U uncorrected",
        settings=RelaxSettings().to_dict(),
        stop_reason="converged",
        message="Forces and stress are below their limits.",
        nsites=ATOMS_OF_A_RESULT,
        geometry=pack_geometry([12, 8] * (ATOMS_OF_A_RESULT // 2), 6 * places, 6 * np.eye(3)),
        energy=-50.0,
        energy_per_atom=-6.25,
        fmax=0.01,
        smax=0.02,
        num_steps=17,
        wall_share=0.3,
        device="cpu",
        versions={"facet": "0.1.0", "torch": "2.13.0"},
        created_at=datetime.now(UTC),
    )


if __name__ == "__main__":
    main()
