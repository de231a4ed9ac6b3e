"""From timed samples to medians, spreads and ratios, and from those to a table and a file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from statistics import quantiles
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

MICRO = 1e6


@dataclass(frozen=True)
class Spread:
    """Median and quartiles of some samples."""

    median: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Row:
    """What was measured of one potential on one case.

    Attributes:
        model: Name of the potential.
        time: Microseconds per atom for energy, forces and stress.
        ratio: Its time over that of the first potential, round by round; None without that one.
        lists: Microseconds per atom to build the neighbor lists, which the time leaves out.
        edges_per_atom: Directed edges.
        batch_atoms: Atoms of the largest batch, cut at the size that suits the potential best.
        trials: Microseconds per atom by largest batch, a single sample of some crystals each.
        peak_mib: Peak memory in MiB while it was timed.
        energy_per_atom: Energy in eV per atom of the first crystal, to compare potentials by.
        samples: Microseconds per atom of every round.
    """

    model: str
    time: Spread
    ratio: Spread | None
    lists: float
    edges_per_atom: float
    batch_atoms: int
    trials: dict[str, float]
    peak_mib: float
    energy_per_atom: float
    samples: tuple[float, ...]


def spread_of(samples: Sequence[float]) -> Spread:
    """Median and quartiles; a single sample has no spread."""
    if len(samples) == 1:
        return Spread(samples[0], samples[0], samples[0])
    lower, middle, upper = quantiles(samples, n=4, method="inclusive")
    return Spread(middle, lower, upper)


def make_row(
    model: str,
    seconds: Sequence[float],
    base: Sequence[float] | None,
    prepared: Mapping[str, Any],
    peak_mib: float,
) -> Row:
    """Summarize a potential's rounds, each compared with the first potential's same round.

    Args:
        model: Name of the potential.
        seconds: Seconds of every round for all atoms of the case.
        base: The same of the potential that others are compared with.
        prepared: What the worker said of the case.
        peak_mib: Peak memory in MiB.
    """
    atoms = prepared["num_atoms"]
    samples = tuple(MICRO * each / atoms for each in seconds)
    ratios = [own / other for own, other in zip(seconds, base or (), strict=False)]
    return Row(
        model=model,
        time=spread_of(samples),
        ratio=spread_of(ratios) if ratios else None,
        lists=MICRO * prepared["list_seconds"] / atoms,
        edges_per_atom=prepared["num_edges"] / atoms,
        batch_atoms=prepared["batch_atoms"],
        trials={size: MICRO * each for size, each in prepared["trials"].items()},
        peak_mib=peak_mib,
        energy_per_atom=prepared["energy_per_atom"],
        samples=samples,
    )


def print_case(case: Mapping[str, Any]) -> None:
    """Print one case as a table."""
    print(f"\n{case['title']}: {case['num_atoms']} atoms, {case['num_crystals']} crystals")
    print(
        f"{'':10} {'us/atom':>9} {'quartiles':>17} {'ratio':>7} {'quartiles':>13} {'batch':>6} "
        f"{'lists us/atom':>13} {'edges/atom':>10} {'peak MiB':>9} {'eV/atom':>9}"
    )
    for row in case["rows"]:
        ratio = row.ratio or Spread(float("nan"), float("nan"), float("nan"))
        print(
            f"{row.model:10} {row.time.median:9.1f} {row.time.lower:8.1f}-{row.time.upper:<8.1f} "
            f"{ratio.median:7.2f} {ratio.lower:6.2f}-{ratio.upper:<6.2f} "
            f"{row.batch_atoms:6} {row.lists:13.1f} "
            f"{row.edges_per_atom:10.1f} {row.peak_mib:9.0f} {row.energy_per_atom:9.3f}"
        )


def print_table(rows: list[dict[str, Any]]) -> None:
    """Print rows as a Markdown table."""
    heads = list(dict.fromkeys(key for row in rows for key in row))
    print("\n| " + " | ".join(heads) + " |\n" + "|---" * len(heads) + "|")
    for row in rows:
        print("| " + " | ".join(_cell(row.get(head, "")) for head in heads) + " |")


def write_results(path: Path, about: Mapping[str, Any], cases: Mapping[str, Any]) -> None:
    """Write everything as JSON.

    Args:
        path: File to write.
        about: Hardware, versions, revision and settings.
        cases: Title, sizes, rows and failures of every case.
    """
    plain = {
        name: {**case, "rows": [asdict(row) for row in case["rows"]]}
        for name, case in cases.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**about, "cases": plain}, indent=1) + "\n", encoding="utf-8")


def _cell(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
