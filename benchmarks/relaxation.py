"""Structures per second of Facet in this engine, of Facet through ASE, and of MACE in this engine.

    python benchmarks/relaxation.py [--data ../shared/data] [--count 200] [--slices 5]
        [--sides facet,facet-ase,mace] [--device cuda]

Every side runs in a process of its own, in single precision and on one thread. The candidates of
the campaign file are cut into slices, which all sides relax in turns, so that a disturbance of the
machine meets all of them; ratios are taken slice by slice. All stop by the same limits. On a GPU
the crystals are disturbed ones of the pool, many enough that tens of thousands of atoms fly. Sides
named ``-ase`` go crystal by crystal with ASE's optimizer and ``FrechetCellFilter``; the optional
ones (``facet-ase-bfgs``, ``mace-ase``) relax only the first few candidates of every slice.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import torch
from machine import ROOT, when_and_where
from remote import WEIGHTS, Remote
from report import print_table, spread_of

from facet.relaxation.settings import OPTIMIZERS, RelaxSettings
from workflows.lines import ProcessLostError

if TYPE_CHECKING:
    from collections.abc import Sequence

WORKER = ROOT / "benchmarks" / "relaxation_worker.py"
SIDES = {
    "facet": ("facet", ""),
    "facet-fire": ("facet", "fire"),
    "facet-ase": ("facet", "ase-fire"),
    "facet-ase-bfgs": ("facet", "ase-bfgs"),
    "mace": ("mace", ""),
    "mace-ase": ("mace", "ase-fire"),
}
"""Model of each side and what moves the crystals; nothing stands for the optimizer to be shown."""

WHOLE = ("facet", "facet-ase", "mace")
"""Sides that relax all candidates."""

CUDA_ATOMS = 50_000
ATOMS_PER_CRYSTAL = 15
"""Of the pool, roughly; to know how many crystals fill a GPU."""

NUMBER, PLACES, ASKED, END, ENERGY = range(5)
"""Of a walk: number of the candidate, places where the potential was asked, all calls, its end and
its energy in eV/atom."""

SAME = 1e-3
"""Energies in eV/atom that differ by less belong to the same minimum."""


def main() -> None:
    """Start the sides, relax slice by slice in turns, print the table and write the file."""
    given = parse_arguments()
    if given.device == "cuda" and not torch.cuda.is_available():
        print("There is no CUDA device here; nothing was measured.")
        return
    sides = start_sides(given)
    portions: dict[str, list[dict[str, Any]]] = {each.name: [] for each in sides}
    length = given.count // given.slices
    for turn in range(given.slices):
        first = turn % len(sides)
        for each in [*sides[first:], *sides[:first]]:
            size = length if each.name in WHOLE else min(given.subset, length)
            start = turn * length
            said = each.ask("relax", start=start, stop=start + size)
            portions[each.name].append(said)
            rate = len(said["walks"]) / said["seconds"]
            print(f"slice {turn + 1}, {each.name}: {rate:.2f} structures/s", flush=True)
    stream = next((each for each in sides if each.name == "facet" and given.slices > 1), None)
    if stream is not None:
        portions["facet, one stream"] = [stream.ask("relax", start=0, stop=given.count)]
    for each in sides:
        each.close()
    rows = [make_row(name, each, portions) for name, each in portions.items()]
    print_table([shown(row) for row in rows])
    document = {
        **when_and_where(),
        "settings": {
            "device": given.device,
            "precision": "float32",
            "threads": 1,
            "crystals": "pool" if given.device == "cuda" else "campaign_substitution",
            "slices": given.slices,
            "relaxation": RelaxSettings(optimizer=given.optimizer).to_dict(),
        },
        "sides": {each.name: each.about for each in sides},
        "rows": rows,
    }
    given.output.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"\nwritten to {given.output}")


def parse_arguments() -> argparse.Namespace:
    """Options of the command line, with the defaults that depend on the device filled in."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--sides", default=",".join(WHOLE), help=f"of {','.join(SIDES)}")
    parser.add_argument("--optimizer", choices=OPTIMIZERS, default="lbfgs-springs")
    parser.add_argument("--count", type=int, help="candidates of all slices")
    parser.add_argument("--slices", type=int)
    parser.add_argument("--subset", type=int, default=10, help="of a slice, for optional sides")
    parser.add_argument("--batch-atoms", type=int, help="largest batch; by default the engine's")
    parser.add_argument("--mace-weights", type=Path, default=ROOT / ".venv-mace" / WEIGHTS["mace"])
    parser.add_argument("--output", type=Path, help="JSON file to write")
    given = parser.parse_args()
    is_cuda = given.device == "cuda"
    if unknown := sorted(set(given.sides.split(",")) - set(SIDES)):
        parser.error(f"there is no side {unknown[0]}; choose of {', '.join(SIDES)}")
    given.slices = given.slices or (1 if is_cuda else 5)
    given.count = given.count or (3 * CUDA_ATOMS // ATOMS_PER_CRYSTAL if is_cuda else 200)
    given.batch_atoms = given.batch_atoms or (CUDA_ATOMS if is_cuda else 0)
    results = ROOT / "benchmarks" / "results"
    given.output = given.output or results / f"relaxation-{given.device}.json"
    return given


def start_sides(given: argparse.Namespace) -> list[Remote]:
    """Start every side that is installed, and say of the others why they are left out."""
    sides = []
    for name in given.sides.split(","):
        try:
            sides.append(Remote(name, command_of(name, given)))
        except (ProcessLostError, FileNotFoundError) as reason:
            print(f"{name} is left out: {reason}")
    if len({each.about["crystals"] for each in sides}) != 1:
        sys.exit("The sides read different crystals, or none could be started.")
    return sides


def command_of(name: str, given: argparse.Namespace) -> list[str]:
    """Interpreter, worker and options of a side."""
    model, mover = SIDES[name]
    is_mace = model == "mace"
    python = ROOT / ".venv-mace" / "bin" / "python" if is_mace else sys.executable
    command = [str(python), str(WORKER), model, mover or given.optimizer]
    command += ["--weights", str(given.mace_weights) if is_mace else "facet-s"]
    command += ["--device", given.device, "--data", str(given.data), "--count", str(given.count)]
    command += ["--batch-atoms", str(given.batch_atoms)]
    return [*command, "--from-pool"] if given.device == "cuda" else command


def make_row(
    name: str, portions: Sequence[dict[str, Any]], others: dict[str, list[dict[str, Any]]]
) -> dict[str, Any]:
    """Summarize a side: rates and ratios over slices, everything else over all its candidates."""
    rates = [len(each["walks"]) / each["seconds"] for each in portions]
    walks = [walk for each in portions for walk in each["walks"]]
    ends = Counter(walk[END] for walk in walks)
    asked = sum((Counter(each["evaluations"]) for each in portions), Counter[str]())
    seconds = sum(each["seconds"] for each in portions)
    flying = [atoms for each in portions for atoms in each["atoms_in_flight"]]
    idle = [share for each in portions for share in each["idle"]]
    row = {
        "side": name,
        "candidates": len(walks),
        "seconds": [each["seconds"] for each in portions],
        "structures_per_second": vars(spread_of(rates)),
        "evaluations_per_crystal": asked["float32"] / len(walks),
        "double_evaluations_per_crystal": asked["float64"] / len(walks),
        "converged": ends["converged"] / len(walks),
        "failures": {end: count for end, count in ends.items() if end != "converged"},
        "idle_share": fmean(idle) if idle else None,
        "atoms_in_flight": fmean(flying) if flying else None,
        "overhead": 1 - sum(each["potential_seconds"] for each in portions) / seconds,
        "peak_mib": max(each["peak_mib"] for each in portions),
    }
    base = others.get("facet")
    if base and len(base) == len(portions):
        row |= against(portions, base)
    return row


def against(portions: Sequence[dict[str, Any]], base: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Compare with Facet in the engine, slice by slice: how many times as fast that is.

    A side that relaxed only some candidates of a slice is compared with the rate for all of them.
    """
    speed = [
        (len(own["walks"]) / own["seconds"]) / (len(other["walks"]) / other["seconds"])
        for own, other in zip(base, portions, strict=True)
    ]
    ours = {walk[NUMBER]: walk for each in base for walk in each["walks"]}
    pairs = [(ours[walk[NUMBER]], walk) for each in portions for walk in each["walks"]]
    both = [(own, other) for own, other in pairs if own[END] == other[END] == "converged"]
    same = [abs(own[ENERGY] - other[ENERGY]) <= SAME for own, other in both]
    return {
        "facet_in_engine_is_faster_by": vars(spread_of(speed)),
        "facet_in_engine_asks_less_by": _times(both, PLACES),
        "last_look_counted": _times(both, ASKED),
        "same_minimum": fmean(same) if same else None,
    }


def _times(pairs: Sequence[tuple[Any, Any]], column: int) -> float:
    """How many times as many the others are."""
    own, others = (sum(pair[side][column] for pair in pairs) for side in (0, 1))
    return float(others / max(1, own))


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the printed table."""
    rate, ratio = row["structures_per_second"], row.get("facet_in_engine_is_faster_by")
    failures = ", ".join(f"{count} {end}" for end, count in row["failures"].items())
    return {
        "side": row["side"],
        "candidates": row["candidates"],
        "structures/s": _with_quartiles(rate),
        "slower than facet": _with_quartiles(ratio) if ratio else "",
        "evaluations": row["evaluations_per_crystal"],
        "in double": row["double_evaluations_per_crystal"],
        "times facet's": row.get("facet_in_engine_asks_less_by", ""),
        "with last look": row.get("last_look_counted", ""),
        "P": row["converged"],
        "failures": failures or "none",
        "idle": "" if row["idle_share"] is None else row["idle_share"],
        "overhead": row["overhead"],
        "peak MiB": row["peak_mib"],
    }


def _with_quartiles(spread: dict[str, float]) -> str:
    return f"{spread['median']:.3g} ({spread['lower']:.3g}-{spread['upper']:.3g})"


if __name__ == "__main__":
    main()
