"""Does every crystal come out once, in constant memory, unharmed by what flies beside it?

    python benchmarks/endurance.py [--data ../shared/data] [--short]

Twenty thousand Lennard-Jones crystals and a thousand with Facet stream through the engine while
the resident memory is sampled; then a poisoned campaign is compared with a clean one, in single
and in double precision. Prints what was found, writes ``benchmarks/results/endurance.json``, and
exits with 1 when a promise is broken.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from candidates import campaign_crystals, pool_crystals
from machine import ROOT, when_and_where
from poisoned import MARKER, broken_promises, compare, poisoned_campaign
from report import print_table
from resident import resident_mib

from facet import load
from facet.graph.neighbors import Crystal
from facet.memory import keep_freed_memory
from facet.relaxation.rattle import rattled
from facet.relaxation.relaxer import relax
from facet.relaxation.settings import OPTIMIZERS, RelaxSettings
from facet.testing import LennardJones

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from facet.potential import Potential

RESULTS = ROOT / "benchmarks" / "results" / "endurance.json"
SEED = 20255
RATTLE, STRAIN = 0.1, 0.03
SMALL = 12
REFUSED_EVERY = 250
WARM_UP = 0.2
"""Share of the inputs after which the memory must be flat."""

FLAT = 0.1
NUM_SAMPLES = 200
PRIMITIVE = 0.5 * (np.ones((3, 3)) - np.eye(3))
REPEATS = ((1, 1, 1), (2, 1, 1), (3, 1, 1), (2, 2, 1), (3, 2, 1), (2, 2, 2))
COUNTS = {False: (20_000, 1_000, 200, 60), True: (2_000, 100, 60, 20)}
"""Crystals of Lennard-Jones, with Facet, and healthy ones in single and in double precision."""


def main() -> None:
    """Run everything, print, write the file, and exit by the outcome."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--optimizer", choices=OPTIMIZERS, default="lbfgs-springs")
    parser.add_argument("--short", action="store_true", help="a tenth of everything")
    parser.add_argument("--output", type=Path, default=RESULTS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    settings = RelaxSettings(optimizer=given.optimizer)
    num_pairs, num_facet, *num_healthy = COUNTS[given.short]
    streams = {
        "Lennard-Jones": endure(lennard_jones(num_pairs), num_pairs, short_ranged(), settings),
        "Facet": endure(disturbed(given.data, num_facet), num_facet, load("facet-s"), settings),
    }
    print_table([{"stream": name, **_shown(each)} for name, each in streams.items()])
    poisoned = {}
    for dtype, count in zip((torch.float32, torch.float64), num_healthy, strict=True):
        campaign = poisoned_campaign(healthy_crystals(given.data, count))
        report = compare(load("facet-s", dtype=dtype), campaign, settings)
        poisoned[str(dtype).removeprefix("torch.")] = report
    print_table([row for name, each in poisoned.items() for row in _rows(name, each)])
    broken = [f"{name}: {each}" for name, run in streams.items() for each in run["broken"]]
    broken += [f"{n}, {each}" for n, report in poisoned.items() for each in broken_promises(report)]
    document = {
        **when_and_where(),
        "settings": settings.to_dict(),
        "streams": streams,
        "poisoned": poisoned,
        "broken": broken,
    }
    given.output.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print("\n" + ("\n".join(broken) or "Every promise was kept."))
    sys.exit(bool(broken))


def endure(
    structures: Iterable[tuple[str, object]],
    count: int,
    potential: Potential,
    settings: RelaxSettings,
) -> dict[str, Any]:
    """Relax a stream whose names are numbers; count what comes out and watch the memory."""
    seen = np.zeros(count, dtype=int)
    ends: Counter[str] = Counter()
    every = max(1, count // NUM_SAMPLES)
    memory: list[float] = []
    started = time.perf_counter()
    for number, result in enumerate(relax(structures, potential, settings), start=1):
        seen[int(result.name)] += 1
        ends[str(result.stop_reason)] += 1
        if number % every == 0:
            memory.append(resident_mib())
    seconds = time.perf_counter() - started
    warm = np.array(memory[int(WARM_UP * len(memory)) :])
    drift = float(np.abs(warm / warm[0] - 1).max())
    broken = []
    if (seen != 1).any():
        broken.append(f"{int((seen != 1).sum())} inputs did not come out exactly once")
    if drift > FLAT:
        broken.append(f"the resident memory changed by {drift:.0%} after warm-up")
    return {
        "count": count,
        "ends": dict(ends),
        "seconds": seconds,
        "memory_mib": [round(each, 1) for each in memory],
        "drift": drift,
        "bytes_per_crystal": float(np.polyfit(np.arange(len(warm)) * every, warm, 1)[0] * 2**20),
        "broken": broken,
    }


def short_ranged() -> LennardJones:
    """The potential of the first stream; it knows one element."""
    return LennardJones(cutoff=4.2, switch_start=3.2, species=frozenset({29}))


def lennard_jones(count: int) -> Iterator[tuple[str, object]]:
    """Disturbed crystals of 1 to 8 atoms, and now and then something that is refused."""
    rng = np.random.default_rng(SEED)
    for index in range(count):
        times = np.array(REPEATS[rng.integers(len(REPEATS))])
        crystal = _supercell(3.5 * rng.uniform(0.95, 1.08) * PRIMITIVE, times)
        positions = crystal.positions + rng.normal(0, RATTLE, crystal.positions.shape)
        strain = np.eye(3) + rng.normal(0, STRAIN, (3, 3))
        source: object = crystal._replace(positions=positions @ strain, cell=crystal.cell @ strain)
        if index % REFUSED_EVERY == 0:
            refused = (
                crystal._replace(positions=np.nan * positions),
                crystal._replace(cell=np.ones((3, 3))),
                crystal._replace(species=crystal.species + 1),
                "no crystal",
            )
            source = refused[index // REFUSED_EVERY % len(refused)]
        yield str(index), source


def _supercell(cell: np.ndarray, times: np.ndarray) -> Crystal:
    steps = np.stack(np.meshgrid(*map(np.arange, times), indexing="ij"), axis=-1).reshape(-1, 3)
    return Crystal(np.full(len(steps), 29), steps @ cell, times[:, None] * cell)


def disturbed(data: Path, count: int) -> Iterator[tuple[str, Crystal]]:
    """Disturbed crystals of the pool with at most 20 atoms."""
    for index, each in enumerate(itertools.islice(pool_crystals(data, max_atoms=20), count)):
        yield str(index), rattled(each, RATTLE, STRAIN)


def healthy_crystals(data: Path, count: int) -> list[Crystal]:
    """Crystals of 2 to 12 atoms without the marked element.

    Half are disturbed crystals of the pool. Half are unrelaxed candidates: their symmetry holds
    some of them on a saddle, which they leave or not by the last digits of the forces.
    """
    pool = (rattled(each, RATTLE, STRAIN) for each in pool_crystals(data, max_atoms=12, seed=SEED))
    disturbed_ones = itertools.islice(filter(_is_sound, pool), count // 2)
    candidates = filter(_is_sound, campaign_crystals(data, count))
    return [*disturbed_ones, *itertools.islice(candidates, count - count // 2)]


def _is_sound(crystal: Crystal) -> bool:
    return 1 < len(crystal.species) <= SMALL and MARKER not in crystal.species


def _shown(stream: dict[str, Any]) -> dict[str, Any]:
    ends = ", ".join(f"{count} {end}" for end, count in stream["ends"].items())
    return {
        "crystals": stream["count"],
        "ends": ends,
        "seconds": stream["seconds"],
        "MiB at the end": stream["memory_mib"][-1],
        "drift": stream["drift"],
        "bytes per crystal": stream["bytes_per_crystal"],
    }


def _rows(precision: str, report: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "precision": precision,
            "healthy": report["num_healthy"],
            "run": name,
            "other ends": len(way["other_ends"]),
            "percentile": report["percentile"],
            "difference, meV/atom": 1e3 * way["difference"],
            "limit": 1e3 * report["limit"],
            "largest": 1e3 * way["largest_difference"],
            "same number of steps": way["same_number_of_steps"],
        }
        for name, way in report.items()
        if isinstance(way, dict) and "difference" in way
    ]


if __name__ == "__main__":
    main()
