"""How often each optimizer asks the potential until a candidate is relaxed.

    python benchmarks/optimizers.py [--potential facet-s] [--data ../shared/data] [--count 788]
        [--ase-count 100] [--only fire,lbfgs-springs,ase-fire]

Unrelaxed candidates are relaxed, cell and positions, by every optimizer of the engine, and a part
of them one by one by ASE's (``FrechetCellFilter``), stopped by the same limits. An evaluation is a
call of the potential for one crystal; that of the engine's last look in double precision is shown
apart. The same part is relaxed more tightly for the energies of the minima. Prints Markdown tables
and writes ``benchmarks/results/optimizers.json``, keeping there what is not measured anew.
"""

from __future__ import annotations

import argparse
import json
import lzma
import time
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ase.io
import numpy as np
import torch
from ase.calculators.calculator import all_changes
from ase.filters import FrechetCellFilter
from ase.optimize import BFGS, FIRE, LBFGS
from machine import hardware, revision
from optimizer_tables import costs, minima
from report import print_table

from facet.calculator import FacetCalculator
from facet.checkpoint import load
from facet.relaxation.relaxer import relax
from facet.relaxation.settings import OPTIMIZERS, RelaxSettings
from facet.units import EV_PER_CUBIC_ANGSTROM_IN_GPA

if TYPE_CHECKING:
    from collections.abc import Callable

    from ase import Atoms

    from facet.potential import Potential

FILE = "campaign_substitution.extxyz.xz"
RESULTS = Path(__file__).parent / "results" / "optimizers.json"
THEIRS = {"ase-fire": FIRE, "ase-lbfgs": LBFGS, "ase-bfgs": BFGS}


@dataclass(frozen=True)
class Walk:
    """One relaxation: places at which the potential was asked, all calls, its end and energy."""

    num_places: int
    num_evaluations: int
    end: str
    energy_per_atom: float


def main() -> None:
    """Measure, print and store the tables."""
    given = _arguments()
    torch.set_num_threads(1)
    potential = load(given.potential)
    candidates = read_candidates(given.data)
    mine = evenly(candidates, given.count)
    part = evenly(mine, given.ase_count)
    document = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"runs": {}}
    document |= {"potential": given.potential, "fingerprint": potential.fingerprint}
    document |= {"hardware": hardware(), "revision": revision(), "num_candidates": len(mine)}
    runs = document["runs"]
    for name in given.only.split(","):
        if name in THEIRS:
            runs[name] = measured(partial(by_ase, part, potential, name))
        else:
            usual = RelaxSettings(optimizer=name)
            tight = replace(usual, fmax=0.01, smax=0.05)
            runs[name] = measured(partial(by_engine, mine, potential, usual))
            runs[f"{name}, tight"] = measured(partial(by_engine, part, potential, tight))
        RESULTS.write_text(json.dumps(document, separators=(",", ":")) + "\n")
        print(f"{name}: {runs[name]['seconds']:.0f} s", flush=True)
    document["tables"] = {"evaluations": costs(runs), "minima": minima(runs)}
    RESULTS.write_text(json.dumps(document, separators=(",", ":")) + "\n")
    for rows in document["tables"].values():
        print_table(rows)


def read_candidates(data: Path) -> dict[str, Atoms]:
    """Read the unrelaxed candidates by their place in the file."""
    with lzma.open(data / FILE, "rt") as file:
        return {str(i): atoms for i, atoms in enumerate(ase.io.read(file, ":", format="extxyz"))}


def evenly(candidates: dict[str, Atoms], count: int) -> dict[str, Atoms]:
    """Choose so many candidates at even distances in the file."""
    keys = list(candidates)
    chosen = np.linspace(0, len(keys), min(count, len(keys)), endpoint=False).astype(int)
    return {keys[i]: candidates[keys[i]] for i in chosen}


def measured(work: Callable[[], dict[str, Walk]]) -> dict[str, Any]:
    """Run and time something that returns walks by candidate."""
    started = time.perf_counter()
    walks = work()
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "walks": {name: asdict(each) for name, each in walks.items()}}


def by_engine(
    candidates: dict[str, Atoms], potential: Potential, settings: RelaxSettings
) -> dict[str, Walk]:
    """Relax candidates in the moving batch."""
    return {
        each.name: Walk(
            min(each.num_steps + 1, each.num_evaluations),
            each.num_evaluations,
            str(each.stop_reason),
            each.energy / len(each.species),
        )
        for each in relax(candidates.items(), potential, settings)
    }


def by_ase(candidates: dict[str, Atoms], potential: Potential, name: str) -> dict[str, Walk]:
    """Relax candidates one by one with ASE."""
    return {key: _one_by_ase(atoms.copy(), potential, name) for key, atoms in candidates.items()}


class CountingCalculator(FacetCalculator):
    """Counts its evaluations."""

    num_evaluations = 0

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Evaluate the potential once more."""
        self.num_evaluations += 1
        super().calculate(atoms, properties, system_changes)


def _one_by_ase(atoms: Atoms, potential: Potential, name: str) -> Walk:
    settings = RelaxSettings()
    atoms.calc = CountingCalculator(potential)
    walk = THEIRS[name](FrechetCellFilter(atoms), logfile=None)
    end = "max_steps"
    try:
        for _ in walk.irun(fmax=0.0, steps=settings.max_steps):
            if _is_at_rest(atoms, settings):
                end = "converged"
                break
    except Exception as error:  # noqa: BLE001 (any failure of one walk is a row of the table)
        end = f"failed: {type(error).__name__}"
    count = atoms.calc.num_evaluations
    energy = float("nan") if end.startswith("failed") else atoms.get_potential_energy() / len(atoms)
    return Walk(count, count, end, energy)


def _is_at_rest(atoms: Atoms, settings: RelaxSettings) -> bool:
    fmax = np.linalg.norm(atoms.get_forces(), axis=1).max()
    smax = np.abs(atoms.get_stress()).max() * EV_PER_CUBIC_ANGSTROM_IN_GPA
    return bool(fmax <= settings.fmax and smax <= settings.smax)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--potential", default="facet-s")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--count", type=int, default=788, help="candidates for the engine")
    parser.add_argument(
        "--ase-count", type=int, default=100, help="of those, for ASE and tight runs"
    )
    parser.add_argument("--only", default=",".join([*OPTIMIZERS, *THEIRS]))
    return parser.parse_args()


if __name__ == "__main__":
    main()
