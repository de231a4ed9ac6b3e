"""``python -m workflows.labeling``: label in an environment that holds a teacher but no typer.

The same as ``facet label``, for instance in the virtual environment of another potential.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from facet.errors import FacetError
from facet.memory import keep_freed_memory
from workflows.labeling.calculators import CalculatorSpec
from workflows.labeling.run import LabelRequest, label_crystals
from workflows.labeling.settings import LabelSettings, parse_counts


def main() -> int:
    """Label, printing one line a shard; exit code 1 when something that was given is at fault."""
    keep_freed_memory()
    options = _parser().parse_args()
    try:
        manifest = label_crystals(_request(options), tell_shard)
    except FacetError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(json.dumps(manifest, indent=1) + "\n")
    return 0


def tell_shard(note: dict[str, Any]) -> None:
    """Write a line on a shard to standard error."""
    sys.stderr.write(f"{shard_line(note)}\n")


def shard_line(note: dict[str, Any]) -> str:
    """Say what a shard holds and how fast it was made."""
    if note["is_known"]:
        return f"shard {note['number']}: {note['num_frames']} frames from before"
    rate = note["num_frames"] / max(note["seconds"], 1e-9)
    left_out = sum(note["skipped"].values())
    return (
        f"shard {note['number']}: {note['num_frames']} frames, {left_out} left out, "
        f"{rate:.1f} frames/s"
    )


def _request(options: argparse.Namespace) -> LabelRequest:
    return LabelRequest(
        paths=options.structures,
        out=options.out,
        calculator=CalculatorSpec(options.calculator, options.arguments, options.device),
        settings=LabelSettings(
            counts=parse_counts(options.frames),
            seed=options.seed,
            parents_per_shard=options.shard_size,
            max_atoms=options.max_atoms,
        ),
        processes=options.processes,
        limit=options.limit,
        exclude=options.exclude,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Make training frames and label them.")
    parser.add_argument("structures", type=Path, nargs="+")
    parser.add_argument("--calculator", required=True, help="module:factory, name or checkpoint")
    parser.add_argument("--out", type=Path, required=True, help="folder of the shards")
    parser.add_argument("--arguments", default="{}", help="JSON keyword arguments of the factory")
    parser.add_argument("--device", default="", help="where a potential runs")
    parser.add_argument("--frames", default="", help="frames of a parent, e.g. rattled=4,dimer=0")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max-atoms", type=int, default=200, help="pass over larger crystals")
    parser.add_argument("--shard-size", type=int, default=32, help="crystals of a shard")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--limit", type=int, default=None)
    parser.add_argument("--exclude", type=Path, nargs="*", default=[], help="kept for testing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
