"""How the volume and the distances of a crystal compare with the sizes of its atoms."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from pymatgen.core.periodic_table import Element

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pymatgen.core.structure import Structure

REACH = 1.3
"""Neighbors lie within this many times the sum of the covalent radii."""

_SEARCH = 2.5  # widest ratio looked for where an atom has no neighbor within reach
_LARGEST_RADIUS = 1.7  # angstrom, of the actinides; taken where none is known
_MOST_NEIGHBORS = 3000  # about as many per atom are looked at, however collapsed the crystal is
_NOBLE = frozenset((2, 10, 18, 36, 54, 86))


@dataclass(frozen=True)
class Geometry:
    """A crystal beside the covalent radii of its atoms.

    Attributes:
        volume_ratio: Volume over that of the atoms as spheres of their covalent radii.
        shortest: Shortest distance over the sum of the radii of its two atoms.
        shortest_pair: The two elements.
        shortest_distance: That distance in angstrom, None where no atom is near another.
        farthest: Largest distance of an atom from its nearest neighbor, over the sum of their
            radii; atoms of noble gases are left out. None where an atom has no neighbor within 2.5.
        farthest_element: The element of that atom, if there is one.
        most_neighbors: Most neighbors of one atom within 1.3 times the sum of the radii.
    """

    volume_ratio: float
    shortest: float
    shortest_pair: str
    shortest_distance: float | None
    farthest: float | None
    farthest_element: str | None
    most_neighbors: int


def measure_geometry(structure: Structure) -> Geometry:
    """Compare a crystal with the sizes of its atoms.

    Args:
        structure: Ordered, with at least one atom and a cell of a finite volume.
    """
    radii = _radii()[np.asarray(structure.atomic_numbers)]
    spheres = 4.0 / 3.0 * math.pi * float(np.sum(radii**3))
    centers, neighbors, distances = _pairs(structure, REACH * 2.0 * float(radii.max()))
    ratios = distances / (radii[centers] + radii[neighbors])
    nearest = _nearest(structure, radii, centers, ratios)
    bound = _bound_atoms(structure)
    loneliest = int(bound[np.argmax(nearest[bound])]) if len(bound) else None
    closest = int(np.argmin(ratios)) if len(ratios) else None
    counts = np.bincount(centers[ratios <= REACH], minlength=len(structure))
    return Geometry(
        volume_ratio=float(structure.volume) / spheres,
        shortest=_SEARCH if closest is None else float(ratios[closest]),
        shortest_pair=""
        if closest is None
        else _pair(structure, centers[closest], neighbors[closest]),
        shortest_distance=None if closest is None else float(distances[closest]),
        farthest=_finite(1.0 if loneliest is None else float(nearest[loneliest])),
        farthest_element=None if loneliest is None else _symbol(structure, loneliest),
        most_neighbors=int(counts.max()),
    )


def _pairs(
    structure: Structure, cutoff: float
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    per_atom = float(structure.volume) / len(structure)
    enough = (_MOST_NEIGHBORS * per_atom * 3.0 / (4.0 * math.pi)) ** (1 / 3)
    centers, neighbors, _, distances = structure.get_neighbor_list(min(cutoff, enough))
    return np.asarray(centers), np.asarray(neighbors), np.asarray(distances)


def _nearest(
    structure: Structure,
    radii: NDArray[np.float64],
    centers: NDArray[np.intp],
    ratios: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Nearest neighbor of every atom as a ratio; looks farther only where none is near."""
    nearest = np.full(len(radii), math.inf)
    np.minimum.at(nearest, centers, ratios)
    if (nearest <= REACH).all():
        return nearest
    centers, neighbors, distances = _pairs(structure, _SEARCH * 2.0 * float(radii.max()))
    np.minimum.at(nearest, centers, distances / (radii[centers] + radii[neighbors]))
    return np.where(nearest <= _SEARCH, nearest, math.inf)


def _bound_atoms(structure: Structure) -> NDArray[np.intp]:
    """Atoms that are expected to have neighbors."""
    numbers = structure.atomic_numbers
    return np.array([row for row, z in enumerate(numbers) if z not in _NOBLE], dtype=np.intp)


@cache
def _radii() -> NDArray[np.float64]:
    """Covalent radii in angstrom (Cordero and others, 2008) by atomic number."""
    # Start-up time: this module of pymatgen is needed by those who measure only.
    from pymatgen.analysis.molecule_structure_comparator import CovalentRadius

    symbols = [Element.from_Z(number).symbol for number in range(1, 119)]
    known = [CovalentRadius.radius.get(symbol, _LARGEST_RADIUS) for symbol in symbols]
    return np.array([math.nan, *known])


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _symbol(structure: Structure, index: int) -> str:
    return Element.from_Z(structure.atomic_numbers[index]).symbol


def _pair(structure: Structure, first: int, second: int) -> str:
    return "-".join(sorted((_symbol(structure, first), _symbol(structure, second))))
