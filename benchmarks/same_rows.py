"""One campaign through FireWorks and several workers, and in one process: are the rows the same?

    python benchmarks/same_rows.py candidates.extxyz --reference phases.jsonl --limit 500

Both run on one private mongod, in two databases that are dropped afterwards.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

from machine import hardware, revision

NUMBERS = ("energy_per_atom", "energy_above_hull", "formation_energy_per_atom")
WORDS = ("status", "stop_reason", "verdict", "is_flagged", "duplicate_of", "formula_pretty")
SAME_ENERGY = 1e-3
IN_SHARDS = ("--shard-size", "100")
"""The same jobs both times; in other batches one crystal of 500, which rests on a saddle, falls
elsewhere."""
"""eV/atom; in single precision the batch that a crystal flies in moves its end a little."""


def main() -> None:
    """Run both, compare, and write a JSON file."""
    told = _arguments()
    asked = [*map(str, told.candidates), "--reference", str(told.reference)]
    asked += ["--limit", str(told.limit)]
    with tempfile.TemporaryDirectory() as home:
        queued = {**os.environ, "FACET_HOME": home, "FACET_DATABASE": "queued"}
        local = {**queued, "FACET_DATABASE": "in_process"}
        for each in (queued, local):
            each.pop("FACET_MONGO_URI", None)
        started = perf_counter()
        workers = _through_workers(asked, told.workers, queued)
        between = perf_counter()
        _facet(["screen", *asked, *IN_SHARDS, "--json"], local)
        ended = perf_counter()
        found = _compared(_rows(queued), _rows(local))
    document = {
        "hardware": hardware(),
        "revision": revision(),
        "workers": told.workers,
        "seconds_queued": round(between - started, 1),
        "seconds_local": round(ended - between, 1),
        "fireworks": workers,
        **found,
    }
    told.output.write_text(json.dumps(document, indent=1) + "\n")
    print(json.dumps(document, indent=1))
    sys.exit(0 if found["num_different"] == 0 else 1)


def _through_workers(asked: list[str], num_workers: int, env: dict[str, str]) -> dict[str, int]:
    """Submit, let workers do it, and return the jobs by state."""
    _facet(["submit", *asked, *IN_SHARDS, "--json"], env)
    _facet(["worker", "--processes", str(num_workers), "--exit-when-idle"], env)
    (campaign,) = json.loads(_facet(["status", "--json"], env))
    status = json.loads(_facet(["status", "--campaign", campaign["campaign_id"], "--json"], env))
    return dict(status["jobs"])


def _rows(env: dict[str, str]) -> dict[str, dict[str, Any]]:
    rows = json.loads(_facet(["query", "--json"], env))
    return {each["material_id"]: each for each in rows}


def _compared(
    first: dict[str, dict[str, Any]], second: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """Say which rows differ: in a word, or in an energy by more than rounding explains."""
    differences = [
        abs(first[name][key] - second[name][key])
        for name in first.keys() & second.keys()
        for key in NUMBERS
        if first[name][key] is not None and second[name][key] is not None
    ]
    different = sorted(
        name
        for name in first.keys() | second.keys()
        if name not in first or name not in second or not _is_same(first[name], second[name])
    )
    return {
        "num_rows": len(first.keys() | second.keys()),
        "num_different": len(different),
        "different": different[:20],
        "median_energy_difference": sorted(differences)[len(differences) // 2],
        "largest_energy_difference": max(differences),
    }


def _is_same(first: dict[str, Any], second: dict[str, Any]) -> bool:
    words = all(first[key] == second[key] for key in WORDS)
    pairs = [(first[key], second[key]) for key in NUMBERS]
    return words and all(
        (one is None) == (other is None)
        and (one is None or math.isclose(one, other, abs_tol=SAME_ENERGY))
        for one, other in pairs
    )


def _facet(arguments: list[str], env: dict[str, str]) -> str:
    """Run the command line and return what it prints."""
    command = [sys.executable, "-m", "workflows.cli.main", *arguments]
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603 (our own program)
    if done.returncode != 0:
        sys.exit(f"facet {arguments[0]} ended with {done.returncode}")
    return done.stdout


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("candidates", nargs="+", type=Path)
    parser.add_argument("--reference", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=500)
    parser.add_argument("--workers", type=int, default=3)
    here = Path(__file__).parent
    parser.add_argument("--output", type=Path, default=here / "results" / "same-rows.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
