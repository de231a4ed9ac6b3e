"""How long distances to the hull of a large reference take, and whether pymatgen finds the same.

    python benchmarks/hulls.py [--data ../shared/data] [--candidates 10000] [--sample 250]

Candidates are known phases with other elements in their places, of one to eight elements, drawn
with a fixed seed; half of them take elements as frequent as they are in the reference, so that
their chemical systems are crowded. Times are processor time of one core. A random sample of all
sizes is given to pymatgen's ``PhaseDiagram``; a diagram that takes longer than ``--patience`` is
given up and counted. Writes ``benchmarks/results/hulls.json``.
"""

from __future__ import annotations

import argparse
import json
import signal
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import process_time
from typing import TYPE_CHECKING, Any

import numpy as np
from machine import ROOT, hardware, revision
from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
from pymatgen.core.composition import Composition
from substitutions import SEED, SIZES, draw, draw_crowded

from screening.changes import PhaseChange
from screening.formulas import element_amounts
from screening.hull import Hulls
from screening.references import load_formation_energies

if TYPE_CHECKING:
    from collections.abc import Iterator

    from substitutions import Drawn

    from screening.hull import HullDistance
    from screening.reference import Reference

CHANGES = 200
CROWDED = 200
NUM_YARDSTICKS = 12


def main() -> None:
    """Draw, measure, compare, print and store."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--candidates", type=int, default=10_000)
    parser.add_argument("--sample", type=int, default=250)
    parser.add_argument("--patience", type=int, default=20)
    given = parser.parse_args()
    started = process_time()
    reference = load_formation_energies(given.data / "mp_hull.json.xz")
    loaded = process_time()
    hulls = Hulls(reference)
    prepared = process_time()
    candidates = draw(reference, given.candidates)
    crowded = draw_crowded(reference, CROWDED)
    drawn = process_time()
    found = [hulls.distance(*each) for each in candidates]
    measured = process_time()
    sample = np.random.default_rng(SEED + 1).choice(len(candidates), given.sample, replace=False)
    row: dict[str, Any] = {
        "num_phases": len(reference.phases),
        "num_candidates": len(candidates),
        "load_seconds": loaded - started,
        "prepare_seconds": prepared - loaded,
        "measure_seconds": measured - drawn,
        "again_by_size": by_size(hulls, candidates),
        "crowded_8_elements": measure_crowded(hulls, crowded),
        "changes": measure_changes(hulls, candidates, found),
        "pymatgen": compare(
            reference, [candidates[each] for each in sample.tolist()], hulls, given.patience
        ),
        "pymatgen_crowded": compare(reference, crowded[:NUM_YARDSTICKS], hulls, given.patience),
    }
    row["total_seconds"] = sum(row[f"{step}_seconds"] for step in ("load", "prepare", "measure"))
    print(json.dumps(row, indent=1))
    versions = {name: version(name) for name in ("pymatgen", "numpy", "scipy")}
    document = {**revision(), "hardware": hardware(), "versions": versions, "seed": SEED, **row}
    path = ROOT / "benchmarks" / "results" / "hulls.json"
    path.write_text(json.dumps(document, indent=1) + "\n")


def by_size(hulls: Hulls, candidates: list[Drawn]) -> dict[str, Any]:
    """Time distances by number of elements, in systems gathered before."""
    rows = {}
    for size in SIZES:
        some = [each for each in candidates if len(each.composition) == size]
        times = []
        for each in some:
            start = process_time()
            hulls.distance(*each)
            times.append(process_time() - start)
        rows[str(size)] = {
            "num": len(some),
            "median_ms": 1e3 * median(times),
            "largest_ms": 1e3 * max(times),
        }
    return rows


def measure_crowded(hulls: Hulls, crowded: list[Drawn]) -> dict[str, Any]:
    """Time distances in crowded systems, gathering the phases included."""
    times = []
    for each in crowded:
        start = process_time()
        hulls.distance(*each)
        times.append(process_time() - start)
    return {"num": len(times), "median_ms": 1e3 * median(times), "largest_ms": 1e3 * max(times)}


def measure_changes(
    hulls: Hulls, candidates: list[Drawn], found: list[HullDistance]
) -> dict[str, Any]:
    """Let one reference phase after another fall by 50 meV/atom and rise again."""
    dice = np.random.default_rng(SEED)
    phases = hulls.reference.phases
    times, sizes = [], []
    for index in dice.choice(len(phases), CHANGES, replace=False).tolist():
        phase = phases[index]
        lower = replace(phase, formation_energy_per_atom=phase.formation_energy_per_atom - 0.05)
        for state in (lower, phase):
            start = process_time()
            sizes.append(len(hulls.apply(PhaseChange(put=(state,)))))
            times.append(process_time() - start)
    same = all(
        hulls.distance(*each) == before for each, before in zip(candidates, found, strict=True)
    )
    return {
        "num": len(times),
        "median_ms": 1e3 * median(times),
        "largest_ms": 1e3 * max(times),
        "median_systems_affected": median(sizes),
        "largest_systems_affected": max(sizes),
        "distances_as_before_once_undone": same,
    }


def compare(
    reference: Reference, candidates: list[Drawn], hulls: Hulls, patience: int
) -> dict[str, Any]:
    """Measure a sample with pymatgen too."""
    known = [(Composition(each.formula), each) for each in reference.phases]
    pool = [
        (
            frozenset(element_amounts(each)),
            PDEntry(each, phase.formation_energy_per_atom * each.num_atoms),
        )
        for each, phase in known
    ]
    errors: dict[int, list[float]] = {size: [] for size in SIZES}
    num_given_up, num_same = 0, 0
    for composition, energy in candidates:
        ours = hulls.distance(composition, energy)
        symbols = set(element_amounts(composition))
        inside = [entry for elements, entry in pool if elements <= symbols]
        formation = ours.formation_energy_per_atom * composition.num_atoms
        try:
            with patient(patience):
                diagram = PhaseDiagram([*inside, *bare_elements(symbols, inside)])
                shares, theirs = diagram.get_decomp_and_e_above_hull(
                    PDEntry(composition, formation), allow_negative=True, check_stable=False
                )
        except TimeoutError:
            num_given_up += 1
            continue
        errors[len(symbols)].append(abs(float(theirs) - ours.energy_above_hull))
        names = {Composition(each.formula).reduced_formula for each in ours.decomposes_to.values()}
        num_same += names == {each.composition.reduced_formula for each in shares or {}}
    everything = [error for some in errors.values() for error in some]
    return {
        "num_compared": len(everything),
        "num_given_up": num_given_up,
        "num_same_decomposition": num_same,
        "largest_difference": max(everything, default=None),
        "num_compared_by_size": {str(size): len(some) for size, some in errors.items()},
        "largest_difference_by_size": {
            str(size): max(some) for size, some in errors.items() if some
        },
    }


def bare_elements(symbols: set[str], entries: list[PDEntry]) -> list[PDEntry]:
    """Stand in at zero for elements that the reference has no phase of."""
    there = {str(each.composition.elements[0]) for each in entries if each.is_element}
    return [PDEntry(Composition(symbol), 0.0) for symbol in sorted(symbols - there)]


@contextmanager
def patient(seconds: int) -> Iterator[None]:
    """Give up after some time."""

    def give_up(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


if __name__ == "__main__":
    main()
