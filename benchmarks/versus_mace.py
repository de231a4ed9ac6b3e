"""Facet beside MACE-MP-0 small: relaxed structures per second, errors on DFT files, parameters.

    python benchmarks/versus_mace.py [--data ../shared/data] [--count 200] [--slices 5]
        [--repeats 3] [--subset 4] [--frames 300] [--device cuda]

Both potentials run in this engine, each in the process of its own environment, in single
precision, on one thread, with the same optimizer, limits and budget of memory per batch. The
candidates are cut into slices that both relax in turns, a few times over; ratios are taken slice
by slice. A third side relaxes some candidates of every slice with MACE as its users do today: one
by one, with ASE's FIRE and ``FrechetCellFilter`` to the same limits. At last each potential takes
all candidates as one stream. ``docs/versus-mace.md`` says what came out.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from machine import ROOT, when_and_where
from relaxation import make_row, shown, start_sides
from remote import ENVIRONMENT, WEIGHTS
from report import print_table

from facet.relaxation.settings import RelaxSettings

if TYPE_CHECKING:
    from remote import Remote

ACCURACY = ROOT / "benchmarks" / "versus_mace_accuracy.py"
IN_ENGINE = ("facet", "mace")
ONE_BY_ONE = "mace-ase"
OPTIMIZER = "lbfgs-springs"

Portions = dict[str, list[dict[str, Any]]]


def main() -> None:
    """Relax in turns, measure errors, print the tables and write the file."""
    given = parse_arguments()
    sides = start_sides(given)
    portions = relax_in_turns(sides, given)
    streams = relax_as_one_stream(sides, given)
    for each in sides:
        each.close()
    rows = [summarized(name, portions, portions) for name in portions]
    lone = [summarized(name, streams, streams) for name in streams]
    print_table([shown(row) for row in rows])
    print_table([shown(row) for row in lone])
    errors = {name: errors_of(name, given) for name in IN_ENGINE} if given.frames else {}
    print_table(error_rows(errors))
    document = {
        **when_and_where(),
        "protocol": protocol(given),
        "sides": {each.name: each.about for each in sides},
        "in_turns": rows,
        "one_stream": lone,
        "dft_files": errors,
    }
    given.output.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"\nwritten to {given.output}")


def parse_arguments() -> argparse.Namespace:
    """Options of the command line; those that ``start_sides`` asks for are among them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--mace-weights", type=Path, default=ROOT / ".venv-mace" / WEIGHTS["mace"])
    parser.add_argument("--count", type=int, default=200, help="candidates of all slices")
    parser.add_argument("--slices", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3, help="rounds through all slices")
    parser.add_argument("--subset", type=int, default=4, help="of a slice, one by one; 0: none")
    parser.add_argument("--frames", type=int, default=300, help="of a DFT file; 0: none")
    parser.add_argument("--output", type=Path, help="JSON file to write")
    given = parser.parse_args()
    given.optimizer, given.batch_atoms = OPTIMIZER, 0
    given.sides = ",".join([*IN_ENGINE, ONE_BY_ONE] if given.subset else IN_ENGINE)
    results = ROOT / "benchmarks" / "results"
    given.output = given.output or results / f"versus-mace-{given.device}.json"
    return given


def relax_in_turns(sides: list[Remote], given: argparse.Namespace) -> Portions:
    """Let every side relax every slice; who begins changes from slice to slice."""
    portions: Portions = {each.name: [] for each in sides}
    length = given.count // given.slices
    for turn in range(given.slices * given.repeats):
        start = turn % given.slices * length
        first = turn % len(sides)
        for each in [*sides[first:], *sides[:first]]:
            is_slow = each.name == ONE_BY_ONE
            if is_slow and turn >= given.slices:
                continue  # one by one, once is enough
            size = min(given.subset, length) if is_slow else length
            said = asked(each, start, start + size, given)
            portions[each.name].append(said)
            rate = len(said["walks"]) / said["seconds"]
            print(f"turn {turn + 1}, {each.name}: {rate:.2f} structures/s", flush=True)
    return portions


def relax_as_one_stream(sides: list[Remote], given: argparse.Namespace) -> Portions:
    """Let each potential take all candidates at once, as a campaign does."""
    streams: Portions = {each.name: [] for each in sides if each.name in IN_ENGINE}
    for each in sides:
        if each.name in streams:
            streams[each.name].append(asked(each, 0, given.count, given))
    return streams


def asked(side: Remote, start: int, stop: int, given: argparse.Namespace) -> dict[str, Any]:
    """Let a side relax some candidates; on a CPU its processor time is what counts.

    All sides have one thread, so that processor time is wall time on a machine that does nothing
    else, and the same on one that does.
    """
    said = side.ask("relax", start=start, stop=stop)
    said["wall_seconds"] = said["seconds"]
    if given.device == "cpu":
        said["seconds"] = said["cpu_seconds"]
    return said


def summarized(name: str, portions: Portions, others: Portions) -> dict[str, Any]:
    """The row of a side, with its wall time beside the time that counts."""
    row = make_row(name, portions[name], others)
    wall = [each["wall_seconds"] for each in portions[name]]
    in_potential = sum(each["potential_seconds"] for each in portions[name])
    return {**row, "wall_seconds": wall, "overhead": 1 - in_potential / sum(wall)}


def errors_of(name: str, given: argparse.Namespace) -> dict[str, Any]:
    """Errors of a potential against DFT and its size, from a process of its own environment."""
    is_mace = name == "mace"
    python = ROOT / ".venv-mace" / "bin" / "python" if is_mace else Path(sys.executable)
    weights = str(given.mace_weights) if is_mace else "facet-s"
    command = [str(python), str(ACCURACY), name, weights]
    command += ["--data", str(given.data), "--limit", str(given.frames), "--device", given.device]
    # The command is made of the options of the one who runs the benchmark.
    done = subprocess.run(  # noqa: S603
        command, env=os.environ | ENVIRONMENT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{name}: {done.stderr.strip().splitlines()[-1]}")
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def error_rows(errors: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of the printed table: a file and a potential each."""
    return [
        {
            "frames": row["frames"],
            "potential": name,
            "number": row["num_frames"],
            "E MAE meV/atom": row["energy_mae"],
            "E median": row["energy_median"],
            "F meV/A": row["force_mae"],
            "stress GPa": row["stress_mae"],
        }
        for name, said in errors.items()
        for row in said["rows"]
    ]


def protocol(given: argparse.Namespace) -> dict[str, Any]:
    """Everything that decides the figures, said so that it can be repeated."""
    return {
        "device": given.device,
        "precision": "float32, and one last look in float64",
        "threads": 1,
        "crystals": "campaign_substitution.extxyz.xz, evenly spaced",
        "candidates": given.count,
        "slices": given.slices,
        "repeats": given.repeats,
        "time": "processor time" if given.device == "cpu" else "wall time",
        "warm_up": "8 candidates, on every side",
        "one_by_one": {
            "candidates": given.subset * given.slices,
            "optimizer": "ASE FIRE with FrechetCellFilter, stopped by the same limits",
        },
        "relaxation": RelaxSettings(optimizer=given.optimizer).to_dict(),
        "frames": given.frames,
    }


if __name__ == "__main__":
    main()
