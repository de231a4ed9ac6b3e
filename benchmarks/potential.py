"""Time energy, forces and stress per atom of Facet and of other potentials, side by side.

Every potential runs in a process and environment of its own, in single precision and one thread.
One is measured at a time, in turns, so that a disturbance of the machine meets all of them; ratios
are taken round by round. Facet is always there; the others where ``make mace``, ``make sevennet``
and ``make mattersim`` have installed them. Building neighbor lists is not part of the time and is
reported beside it.

The mixed crystals come from a pool file, or are generated where there is none. Potentials differ in
the size of a batch that suits them, so each runs at the size that it is fastest at on this device;
``--batch-atoms`` gives all the same. ``--training`` times a training step instead: loss of energy,
forces and stresses, its gradient, an update.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from machine import ROOT, when_and_where
from remote import MODELS, Remote, start
from report import make_row, print_case, write_results
from workloads import find_pool

from workflows.lines import ProcessLostError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TITLES = {
    "si64": "Si, 64 atoms",
    "srtio3": "SrTiO3 2x2x2, 40 atoms",
    "mixed": "256 mixed crystals",
    "150": "mixed, 150 atoms",
    "1k": "mixed, 1,000 atoms",
    "10k": "mixed, 10,000 atoms",
    "50k": "mixed, 50,000 atoms",
    "100k": "mixed, 100,000 atoms",
}
CASES = {
    "cpu": ("si64", "srtio3", "mixed"),
    "cuda": tuple(name for name in TITLES if name != "150"),
}
BATCH_ATOMS = {"cpu": [32, 64, 128, 256, 512], "cuda": [10**9]}
NUM_SLICES = {"cpu": 4, "cuda": 1}
"""Portions of the mixed case, timed in turns: its 256 crystals take minutes on one core."""

MIN_ROUNDS = 3


def main() -> None:
    """Start the workers, time every case, print the tables and write the file."""
    given = parse_arguments()
    pool = find_pool(given.pool)
    workers = start_workers(given, pool)
    cases: dict[str, Any] = {}
    for name in given.cases.split(","):
        cases[name] = time_case(workers, name, given)
        if cases[name]["rows"]:
            print_case(cases[name])
    for each in workers:
        each.close()
    about = {
        **when_and_where(),
        "settings": {
            "device": given.device,
            "precision": "float32",
            "work": "training step" if given.training else "energy, forces, stress",
            "threads": 1,
            "rounds": given.rounds,
            "crystals": "pool" if pool else "generated",
        },
        "models": {each.name: each.about for each in workers},
    }
    write_results(given.output, about, cases)
    print(f"\nwritten to {given.output}")


def parse_arguments() -> argparse.Namespace:
    """Options of the command line, with the defaults that depend on the device filled in."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", choices=sorted(CASES), default="cpu")
    parser.add_argument("--models", default=",".join(MODELS), help="comma-separated")
    parser.add_argument("--cases", help=f"comma-separated, of {','.join(TITLES)}")
    parser.add_argument("--rounds", type=int, default=9, help="rounds of every case")
    parser.add_argument(
        "--seconds", type=float, default=300, help="begin no more rounds of a case after this long"
    )
    parser.add_argument("--batch-atoms", type=int, action="append", help="size of a batch")
    parser.add_argument("--pool", type=Path, help="crystals of the mixed cases, an npz.xz file")
    parser.add_argument("--weights", action="append", default=[], metavar="MODEL=PATH")
    parser.add_argument("--python", action="append", default=[], metavar="MODEL=PATH")
    parser.add_argument(
        "--training", action="store_true", help="time a training step: loss, gradient, update"
    )
    parser.add_argument("--output", type=Path, help="JSON file to write")
    given = parser.parse_args()
    given.cases = given.cases or ("150" if given.training else ",".join(CASES[given.device]))
    if unknown := sorted(set(given.cases.split(",")) - set(TITLES)):
        parser.error(f"there is no case {unknown[0]}; choose of {', '.join(TITLES)}")
    if unknown := sorted(set(given.models.split(",")) - set(MODELS)):
        parser.error(f"there is no potential {unknown[0]}; choose of {', '.join(MODELS)}")
    given.batch_atoms = given.batch_atoms or BATCH_ATOMS[given.device]
    results = ROOT / "benchmarks" / "results"
    work = "training" if given.training else "potential"
    given.output = given.output or results / f"{work}-{given.device}.json"
    return given


def start_workers(given: argparse.Namespace, pool: Path | None) -> list[Remote]:
    """Start every potential that is installed, and say of the others why they are left out."""
    options = ["--device", given.device]
    if pool is not None:
        options += ["--pool", str(pool)]
    if given.training:
        options += ["--training"]
    pythons, weights = pairs(given.python), pairs(given.weights)
    workers = []
    for name in given.models.split(","):
        try:
            workers.append(start(name, options, pythons, weights))
        except ProcessLostError as reason:
            print(f"{name} is left out: {reason}")
    if not workers:
        sys.exit("No potential could be loaded; the lines above say why.")
    return workers


def pairs(given: Sequence[str]) -> dict[str, Path]:
    """Read ``MODEL=PATH`` options."""
    return {name: Path(path) for name, _, path in (each.partition("=") for each in given)}


def time_case(workers: Sequence[Remote], case: str, given: argparse.Namespace) -> dict[str, Any]:
    """Prepare a case everywhere, then measure in turns; a potential that cannot is left out."""
    failed: dict[str, str] = {}
    prepared: dict[str, dict[str, Any]] = {}
    for each in workers:
        try:
            prepared[each.name] = each.ask(
                "prepare",
                case=case,
                num_slices=NUM_SLICES[given.device],
                batch_atoms=given.batch_atoms,
            )
        except ProcessLostError as reason:
            failed[each.name] = str(reason)
    check_same_crystals(prepared)
    ready = [each for each in workers if each.name in prepared]
    seconds: dict[str, list[float]] = {each.name: [] for each in ready}
    begin = time.monotonic()
    for turn in range(given.rounds):
        if turn >= MIN_ROUNDS and time.monotonic() - begin > given.seconds:
            break
        measure_round(ready, turn, prepared, seconds, failed)
    rows = [
        make_row(
            each.name,
            seconds[each.name],
            seconds.get("facet"),
            prepared[each.name],
            each.ask("memory")["peak_mib"],
        )
        for each in ready
        if each.name not in failed
    ]
    for name, why in failed.items():
        print(f"{name} is left out of {case}: {why}")
    first = next(iter(prepared.values()), {})
    shape = {key: first.get(key) for key in ("crystals", "num_crystals", "num_atoms")}
    return {"title": TITLES[case], **shape, "rows": rows, "failed": failed}


def check_same_crystals(prepared: Mapping[str, Mapping[str, Any]]) -> None:
    """Stop where two processes made different crystals: their times would not compare."""
    if len({each["crystals"] for each in prepared.values()}) > 1:
        sys.exit(
            f"The processes made different crystals: {prepared}; mend benchmarks/workloads.py."
        )


def measure_round(
    workers: Sequence[Remote],
    turn: int,
    prepared: Mapping[str, Mapping[str, Any]],
    seconds: Mapping[str, list[float]],
    failed: dict[str, str],
) -> None:
    """Measure every slice once with every potential, in an order that turns with the round."""
    first = turn % max(1, len(workers))
    active = [*workers[first:], *workers[:first]]
    totals = dict.fromkeys(seconds, 0.0)
    for portion in range(next(iter(prepared.values()))["num_slices"]):
        for each in active:
            if each.name in failed:
                continue
            try:
                totals[each.name] += each.ask("measure", portion=portion)["seconds"]
            except ProcessLostError as reason:
                failed[each.name] = str(reason)
    for name, total in totals.items():
        if name not in failed:
            seconds[name].append(total)


if __name__ == "__main__":
    main()
