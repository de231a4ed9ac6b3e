"""Two atoms of each element against DFT: bond length, well depth, and a wall at short range."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from ase.data import covalent_radii

from facet.graph.elements import SYMBOLS
from facet.graph.neighbors import Crystal
from facet.training.evaluate import predict
from screening.json_files import read_json
from workflows.evaluation.curves import num_minima
from workflows.evaluation.sample import sample

if TYPE_CHECKING:
    from pathlib import Path

    from facet.potential import Potential

FILE = "diatomics-dft.json.gz"

SHORTEST = 0.5
"""Angstrom; atoms closer than this count as collapsed in a relaxation, and are not compared."""

CLOSE = 0.55
"""Share of twice the covalent radius; no DFT bond is shorter, and lower energy there is a hole."""

BOUND = 0.1
"""eV; a shallower well binds nothing."""

BUMP = 0.01
"""eV; a dip shallower than this is no minimum."""

BEYOND_NUMBERS = 1e6
"""eV; stands in for an energy that is not finite, which is a wall as good as any."""


class Dimer(NamedTuple):
    """One curve from a file.

    Attributes:
        number: Atomic number of both atoms.
        distances: In angstrom, rising, shape (points,).
        energies: DFT energies in eV, shape (points,).
    """

    number: int
    distances: np.ndarray
    energies: np.ndarray


def measure_dimers(potential: Potential, data: Path, limit: int | None) -> dict[str, Any]:
    """Compare dimers of the elements that a potential knows with DFT.

    Args:
        potential: The potential.
        data: Folder of the curves.
        limit: Dimers at most, drawn by a fixed seed; None takes all.

    Returns:
        Errors over the dimers that DFT binds by a curve of one minimum (those of many lanthanides
        jump between magnetic states and compare with nothing), counts over all, and the rows.
    """
    known = [each for each in read_dimers(data / FILE) if each.number in potential.species]
    rows = [compare_dimer(each, curve(potential, each)) for each in sample(known, limit)]
    bound = [row for row in rows if row["dft"]["depth"] >= BOUND and row["dft"]["num_minima"] == 1]
    both = [row for row in bound if row["depth"] >= BOUND]
    depth = [abs(row["depth"] - row["dft"]["depth"]) for row in bound]
    length = [abs(row["length"] - row["dft"]["length"]) for row in both]
    return {
        "num_dimers": len(rows),
        "num_compared": len(bound),
        "depth_mae": _mean(depth),
        "depth_median": _median(depth),
        "length_mae": _mean(length),
        "length_median": _median(length),
        "num_unbound": len(bound) - len(both),
        "num_without_wall": sum(not row["has_wall"] for row in rows),
        "num_with_spurious_minima": sum(row["num_minima"] > 1 for row in rows),
        "num_with_several_minima_dft": sum(row["dft"]["num_minima"] > 1 for row in rows),
        "rows": rows,
    }


def read_dimers(path: Path) -> list[Dimer]:
    """Read the homonuclear PBE curves, without the points closer than atoms can be."""
    dimers = []
    content: Any = read_json(path)
    for name, values in content["PBE"].items():
        first, second = name.split("-")
        distances, energies = np.array(values["distances"]), np.array(values["energies"])
        apart = distances >= SHORTEST
        if first == second:
            dimers.append(Dimer(SYMBOLS.index(first), distances[apart], energies[apart]))
    return dimers


def curve(potential: Potential, dimer: Dimer) -> np.ndarray:
    """Energies of a dimer in eV at its distances, alone in a cell, shape (points,)."""
    side = float(dimer.distances.max()) + potential.cutoff + 1.0
    crystals = [
        Crystal(
            np.array([dimer.number] * 2),
            np.array([[0.0, 0.0, 0.0], [distance, 0.0, 0.0]]),
            side * np.eye(3),
        )
        for distance in dimer.distances
    ]
    energies: np.ndarray = np.nan_to_num(
        predict(potential, crystals).energy,
        nan=BEYOND_NUMBERS,
        posinf=BEYOND_NUMBERS,
        neginf=-BEYOND_NUMBERS,
    )
    return energies


def compare_dimer(dimer: Dimer, energies: np.ndarray) -> dict[str, Any]:
    """Describe one curve beside DFT's.

    Args:
        dimer: The DFT curve.
        energies: What the potential says at its distances, in eV, shape (points,).
    """
    return {
        "element": SYMBOLS[dimer.number],
        **describe(dimer, energies),
        "dft": describe(dimer, dimer.energies),
    }


def describe(dimer: Dimer, energies: np.ndarray) -> dict[str, Any]:
    """Find the bond of a curve; energies count from its last point.

    Args:
        dimer: Gives the element and the distances.
        energies: In eV at those distances, shape (points,).

    Returns:
        ``length`` in angstrom and ``depth`` in eV of the well, ``has_wall`` (no energy at shorter
        range is lower), ``num_minima``.
    """
    energies = energies - energies[-1]
    is_close = dimer.distances < 2 * CLOSE * covalent_radii[dimer.number]
    well = np.where(is_close, np.inf, energies)
    floor = energies[is_close].min(initial=np.inf)
    return {
        "length": float(dimer.distances[well.argmin()]),
        "depth": -float(well.min()),
        "has_wall": bool(floor > well.min()),
        "num_minima": num_minima(energies, BUMP),
    }


def _mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _median(values: list[float]) -> float | None:
    return float(np.median(values)) if values else None
