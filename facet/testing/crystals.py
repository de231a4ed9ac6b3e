"""Crystals to try a potential on, made of elements that it knows, and what can be done to them.

All coordinates are multiples of 2^-12 angstrom. Single precision holds such numbers and their sums
exactly, so that what is done to a crystal here changes nothing but what it is meant to change.
"""

from __future__ import annotations

from itertools import permutations, product
from typing import TYPE_CHECKING

import numpy as np

from facet.graph.neighbors import Crystal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from facet.potential import Potential

FINEST = 2.0**-12
FAVORITES = (26, 8, 11, 17, 14, 6, 1, 29)
"""Atomic numbers of the first choice, the same for every potential that knows them."""

SMALL_CUBE = 2.6
"""Edge in angstrom of a cell that is smaller than any usual cutoff."""

LARGE_GRID = (5, 5, 8)
LARGE_SPACING = 2.5


def crystals_for(potential: Potential) -> dict[str, Crystal]:
    """Four small crystals without symmetry, by name."""
    rng = np.random.default_rng(3)
    edge = min(SMALL_CUBE, 0.9 * potential.cutoff)
    cells = {
        "triclinic cell": [[4.1, 0.0, 0.2], [0.3, 3.8, 0.0], [0.0, 0.4, 4.4]],
        "left-handed cell": [[0.0, 2.9, 0.0], [2.9, 0.0, 0.0], [0.5, 0.0, 5.0]],
        "strongly skewed cell": [[3.0, 0.0, 0.0], [6.5, 2.5, 0.0], [1.0, 4.0, 3.0]],
        "one-atom cell": [[edge, 0.0, 0.0], [0.0, edge, 0.0], [0.0, 0.0, edge]],
    }
    species = [(26, 8, 8), (11, 17), (14, 6, 1, 8), (29,)]
    return {
        name: Crystal(
            np.array([known(potential, number) for number in numbers]),
            exact(spread_out(rng, len(numbers)) @ np.array(cell)),
            exact(np.array(cell)),
        )
        for (name, cell), numbers in zip(cells.items(), species, strict=True)
    }


def large_crystal(potential: Potential) -> Crystal:
    """A crystal of 200 atoms of all favorite elements, shaken."""
    rng = np.random.default_rng(4)
    sites = np.array(list(product(*map(range, LARGE_GRID))), dtype=float)
    shaken = LARGE_SPACING * sites + rng.uniform(-0.15, 0.15, sites.shape)
    numbers = [known(potential, number) for number in rng.choice(FAVORITES, len(sites))]
    cell = LARGE_SPACING * np.diag(LARGE_GRID).astype(float)
    return Crystal(np.array(numbers), exact(shaken), cell)


def lone_atom(number: int, edge: float) -> Crystal:
    """One atom in a cube with this edge in angstrom."""
    return Crystal(np.array([number]), np.zeros((1, 3)), exact(edge * np.eye(3)))


def known(potential: Potential, number: int) -> int:
    """An element that the potential knows: the wanted one if possible, else one in its stead."""
    if number in potential.species:
        return number
    others = sorted(potential.species)
    return others[FAVORITES.index(number) % len(others)]


def favorites(potential: Potential) -> list[int]:
    """Favorite elements that the potential knows, or what stands for them, each once."""
    return list(dict.fromkeys(known(potential, number) for number in FAVORITES))


def spread_out(rng: np.random.Generator, count: int) -> np.ndarray:
    """Fractional positions on a diagonal, shaken: no two atoms on top of each other."""
    steps = np.arange(count)[:, None] / count
    return steps + rng.uniform(-0.05, 0.05, (count, 3))


def exact(lengths: np.ndarray) -> np.ndarray:
    """Round lengths in angstrom to what single precision computes with exactly."""
    return np.round(lengths / FINEST) * FINEST


def moved(crystal: Crystal, matrix: np.ndarray) -> Crystal:
    """Apply a linear map to positions and cell."""
    return Crystal(crystal.species, crystal.positions @ matrix.T, crystal.cell @ matrix.T)


def repeated(crystal: Crystal, axis: int) -> Crystal:
    """The same crystal in a cell that is twice as long along one of its vectors."""
    factors = np.ones((3, 1))
    factors[axis] = 2
    return Crystal(
        np.tile(crystal.species, 2),
        np.concatenate([crystal.positions, crystal.positions + crystal.cell[axis]]),
        crystal.cell * factors,
    )


def octahedral_rotations() -> Iterator[np.ndarray]:
    """The 24 rotations that carry a cube into itself."""
    for axes in permutations(range(3)):
        for signs in product((1.0, -1.0), repeat=3):
            matrix = np.zeros((3, 3))
            matrix[range(3), axes] = signs
            if np.linalg.det(matrix) > 0:
                yield matrix
