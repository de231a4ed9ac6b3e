"""What `facet plan` foretells beside what the campaign then takes, on 500 crystals.

    python benchmarks/plan.py [--out plan.json]

The input is real candidates with some of them a second time and some broken files among them. The
plan is made by `facet plan`; then the campaign is stored, relaxed and screened on a private
database in a process of its own. Processor time is given beside the time by the clock, because a
busy machine stretches the latter.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from machine import hardware, revision

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
CANDIDATES = DATA / "campaign_substitution.extxyz.xz"
HULL = DATA / "mp_hull.json.xz"
ELEMENTS = DATA / "2023-02-07-mp-elemental-reference-entries.json.gz"
TRUTH = Path(__file__).with_name("plan_truth.py")
NUM_TWICE = 20
NUM_BROKEN = 10
BROKEN = '2\nLattice="4 0 0 0 4 0 0 0 4" Properties=species:S:1:pos:R:3\nCu 0 0 0\nCu 0 0 0.001\n'


def main() -> None:
    """Plan, run, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=500, help="crystals in all")
    parser.add_argument("--skip", type=int, default=0, help="crystals of the file left out first")
    parser.add_argument("--device", help="where to relax; the processor if absent")
    parser.add_argument("--sample", type=float, default=0.01, help="share that the plan relaxes")
    parser.add_argument("--out", type=Path, help="write the numbers as JSON")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["FACET_HOME"] = str(folder / "home")
        os.environ.pop("FACET_MONGO_URI", None)
        crystals = write_input(folder / "input", asked.number, asked.skip)
        options = ["--reference", str(HULL), "--elements", str(ELEMENTS)]
        options += ["--device", asked.device] if asked.device else []
        told = planned(crystals, [*options, "--sample", str(asked.sample)])
        true = run([str(TRUTH), str(crystals), *options])
    rows = compared(told, true)
    show(rows, told, true)
    if asked.out is not None:
        document = {"machine": hardware(), "revision": revision(), "compared": rows}
        asked.out.write_text(json.dumps(document | {"plan": told, "truth": true}, indent=1) + "\n")


def write_input(folder: Path, number: int, skip: int) -> Path:
    """Write candidates, some of them twice, and broken ones; return the folder."""
    from ase.io import read, write

    folder.mkdir(parents=True)
    good = number - NUM_TWICE - NUM_BROKEN
    with lzma.open(CANDIDATES, "rt") as stream:
        frames = read(stream, index=f"{skip}:{skip + good}", format="extxyz")
    write(folder / "candidates.extxyz", frames + frames[:: len(frames) // NUM_TWICE][:NUM_TWICE])
    (folder / "broken.extxyz").write_text(BROKEN * NUM_BROKEN)
    return folder


def planned(crystals: Path, options: list[str]) -> dict[str, Any]:
    """Return what `facet plan` foretells."""
    return run(["-m", "workflows.cli.main", "plan", str(crystals), *options, "--json"])


def run(arguments: list[str]) -> dict[str, Any]:
    """Run Python in a process of its own and return the JSON that it prints."""
    command = [sys.executable, *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 (our own programs)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def compared(told: dict[str, Any], true: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Pairs of foretold and true, with their ratio."""
    read, forecast = told["input"], told["forecast"]
    reference = true["sizes"]["references"] + true["sizes"]["blobs.chunks"]
    documents = sum(true["sizes"].values()) - reference
    reading = told["input"]["reading_seconds"]
    pairs = {
        "relaxing, processor s": (
            forecast["processor_seconds_relaxing"]["expected"],
            true["relaxing"]["processor"],
        ),
        "relaxing, wall s": (
            forecast["relaxing_seconds_one_device"]["expected"],
            true["relaxing"]["wall"],
        ),
        "and reading, wall s": (
            forecast["relaxing_seconds_one_device"]["expected"] + reading,
            true["relaxing"]["wall"] + true["submitting"]["wall"],
        ),
        "steps": (forecast["num_steps"]["expected"], true["num_steps"]),
        "converged": (
            forecast["ends"].get("converged", {"expected": 0.0})["expected"],
            true["ends"].get("converged", 0),
        ),
        "rejects": (read["num_rejected"], true["counts"]["rejected_input"]),
        "duplicates": (
            read["num_duplicates"],
            true["documents"]["candidates"]
            - true["counts"]["rejected_input"]
            - true["documents"]["structures"],
        ),
        "documents": (forecast["documents"]["all"], sum(true["documents"].values())),
        "documents, bytes": (forecast["bytes_of_documents"], documents + reference),
        "on disk, bytes": (forecast["bytes_on_disk"], sum(true["bytes_on_disk"].values())),
        "memory, MiB": (forecast["peak_memory_mib_per_process"], true["peak_mib"]),
    }
    return {
        name: {"plan": plan, "truth": truth, "ratio": plan / truth if truth else float("nan")}
        for name, (plan, truth) in pairs.items()
    }


def show(rows: dict[str, dict[str, float]], told: dict[str, Any], true: dict[str, Any]) -> None:
    """Print the table, and what is beside it."""
    print(f"{'':24}{'plan':>14}{'truth':>14}{'ratio':>8}")
    for name, row in rows.items():
        print(f"{name:24}{row['plan']:14,.1f}{row['truth']:14,.1f}{row['ratio']:8.2f}")
    span = told["forecast"]["processor_seconds_relaxing"]
    print(f"range of the processor time: {span['low']:.1f} to {span['high']:.1f} s")
    sample = told["sample"]
    share = sample["processor_seconds"] / sample["seconds"]
    print(f"sample: {sample['num_crystals']} crystals in {sample['seconds']:.1f} s")
    print(f"share of a core: plan {share:.2f}, truth {core_share(true['relaxing']):.2f}")
    print(f"screening afterwards: {true['screening']['wall']:.1f} s (not in the plan)")
    share = 3600 * true["account"]["device_hours"] / true["relaxing"]["wall"]
    print(f"shares of all crystals in the wall time of the relaxations: {share:.3f}")
    growth = true["sizes"]["candidates"] - true["sizes_before_screening"]["candidates"]
    structures = true["documents"]["structures"]
    print(f"bytes that a verdict adds: {growth / structures:,.0f}")
    print(f"sizes: {true['sizes']}, disk: {true['bytes_on_disk']}")
    print(f"empty: {true['bytes_on_disk_empty']}")


def core_share(seconds: dict[str, float]) -> float:
    """Processor time for each second by the clock."""
    return seconds["processor"] / seconds["wall"]


if __name__ == "__main__":
    main()
