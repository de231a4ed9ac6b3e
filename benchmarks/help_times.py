"""How long ``facet VERB --help`` takes, for every verb.

    python benchmarks/help_times.py [--repeats 5] [--limit 0.4]

Each is called in a process of its own. Prints the median of wall time and of processor time in
seconds, the slowest last, and ends with 1 when the processor time of one is above the limit: wall
time depends on what else the machine does.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from time import perf_counter
from typing import NamedTuple

import typer

from workflows.cli.main import app


class Times(NamedTuple):
    """Median seconds of a call.

    Attributes:
        processor: Of user and system together.
        wall: From start to end.
    """

    processor: float
    wall: float


def main() -> int:
    """Measure all verbs and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--limit", type=float, default=0.4, help="processor seconds")
    options = parser.parse_args()
    found = {verb: measured([*verb.split(), "--help"], options.repeats) for verb in verbs()}
    print(f"{'call':34} {'processor':>9} {'wall':>6}")
    for verb, times in sorted(found.items(), key=lambda item: item[1]):
        print(f"facet {verb + ' --help':28} {times.processor:9.2f} {times.wall:6.2f}")
    return int(any(each.processor > options.limit for each in found.values()))


def verbs() -> list[str]:
    """Every verb, and "" for the command itself; parts of a group as ``group verb``."""
    found = [""]
    for name, verb in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        found.append(name)
        found += [f"{name} {part}" for part in getattr(verb, "commands", ())]
    return found


def measured(arguments: list[str], repeats: int) -> Times:
    """Call the command line several times and return the medians."""
    calls = [once(arguments) for _ in range(repeats)]
    return Times(*(statistics.median(column) for column in zip(*calls, strict=True)))


def once(arguments: list[str]) -> Times:
    """Call the command line once, in a process of its own."""
    before, started = os.times(), perf_counter()
    command = [sys.executable, "-c", "from workflows.cli.main import run; run()", *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 (our own program)
    after = os.times()
    processor = after.children_user + after.children_system
    processor -= before.children_user + before.children_system
    return Times(processor, perf_counter() - started)


if __name__ == "__main__":
    sys.exit(main())
