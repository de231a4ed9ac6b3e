"""Promises about what must not change the answer: motion, order, and the choice of the cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from facet.graph.neighbors import Crystal
from facet.testing.crystals import crystals_for, moved, octahedral_rotations
from facet.testing.measures import (
    Answer,
    ask,
    require_below,
    require_same,
    tolerance_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facet.potential import Potential

SHIFTS = np.array([[1.75, -9.25, 0.5], [-30.0, 0.125, 17.5]])
"""In angstrom; sums with them are exact in single precision."""

OTHER_VECTORS = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [2.0, 0.0, 1.0]])
"""Integers with determinant one: other vectors of the same lattice."""

NUM_ROTATIONS = 10
ROTATION_NOISE = 1e-4
"""What a random rotation may change the energy of a network on a spherical grid, in eV/atom."""


def assert_moving_all_atoms_changes_nothing(potential: Potential) -> None:
    """Atoms that all move together, even out of the cell, are the same crystal."""
    for name, crystal in crystals_for(potential).items():
        images = [crystal._replace(positions=crystal.positions + shift) for shift in SHIFTS]
        _require_alike(potential, crystal, images, f"Moving all atoms of the {name}")


def assert_choice_of_cell_changes_nothing(potential: Potential) -> None:
    """Other vectors of the same lattice and other images of the atoms are the same crystal."""
    for name, crystal in crystals_for(potential).items():
        slanted = crystal._replace(cell=OTHER_VECTORS @ crystal.cell)
        _require_alike(potential, crystal, [slanted], f"Slanting the lattice of the {name}")
        positions = crystal.positions.copy()
        positions[-1] += crystal.cell[0] - 2 * crystal.cell[2]
        shifted = crystal._replace(positions=positions)
        occasion = f"Replacing an atom of the {name} by its periodic image"
        _require_alike(potential, crystal, [shifted], occasion)


def assert_order_of_atoms_changes_nothing(potential: Potential) -> None:
    """Atoms may be listed in any order."""
    for name, crystal in crystals_for(potential).items():
        count = len(crystal.species)
        orders = [np.arange(count)[::-1], np.random.default_rng(0).permutation(count)]
        images = [
            Crystal(crystal.species[order], crystal.positions[order], crystal.cell)
            for order in orders
        ]
        before, *after = ask(potential, [crystal, *images])
        for order, found in zip(orders, after, strict=True):
            expected = before._replace(forces=before.forces[order])
            occasion = f"Listing the atoms of the {name} in another order"
            require_same(expected, found, tolerance_of(potential), occasion)


def assert_mirror_images_have_the_same_energy(potential: Potential) -> None:
    """Inversion and reflection turn forces and stress, and keep the energy."""
    mirrors = np.array([-np.eye(3), np.diag([1.0, 1.0, -1.0])])
    _require_turning(potential, mirrors, "Mirroring")


def assert_octahedral_rotations_are_exact(potential: Potential) -> None:
    """The rotations of a cube turn forces and stress, and keep the energy."""
    _require_turning(potential, np.array(list(octahedral_rotations())), "Rotating")


def assert_random_rotations_are_exact(potential: Potential) -> None:
    """Any rotation turns forces and stress, and keeps the energy."""
    _require_turning(potential, _random_rotations(), "Rotating")


def assert_random_rotations_barely_change_the_energy(potential: Potential) -> None:
    """Any rotation keeps the energy to a tenth of a meV/atom, as a good spherical grid does."""
    rotations = _random_rotations()
    for name, crystal in crystals_for(potential).items():
        before, *after = ask(potential, [crystal, *(moved(crystal, each) for each in rotations)])
        noise = max(abs(each.energy - before.energy) for each in after) / len(crystal.species)
        require_below(
            noise, ROTATION_NOISE, f"Rotating the {name} changes its energy by", "eV/atom"
        )


def turned(answer: Answer, matrix: np.ndarray) -> Answer:
    """What the answer becomes when the crystal is turned or mirrored."""
    return Answer(answer.energy, answer.forces @ matrix.T, matrix @ answer.stress @ matrix.T)


def _require_alike(
    potential: Potential, crystal: Crystal, images: Sequence[Crystal], occasion: str
) -> None:
    """Every image is answered as the crystal."""
    before, *after = ask(potential, [crystal, *images])
    for found in after:
        require_same(before, found, tolerance_of(potential), occasion)


def _require_turning(potential: Potential, matrices: np.ndarray, action: str) -> None:
    """Forces and stress turn with the crystal."""
    for name, crystal in crystals_for(potential).items():
        images = [crystal, *(moved(crystal, each) for each in matrices)]
        before, *after = ask(potential, images)
        for matrix, found in zip(matrices, after, strict=True):
            expected = turned(before, matrix)
            require_same(expected, found, tolerance_of(potential), f"{action} the {name}")


def _random_rotations() -> np.ndarray:
    """Uniformly distributed rotations, from quaternions."""
    quaternions = np.random.default_rng(5).normal(size=(NUM_ROTATIONS, 4))
    x, y, z, w = (quaternions / np.linalg.norm(quaternions, axis=1, keepdims=True)).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), -1, 0)
