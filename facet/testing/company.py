"""Promises about crystals in a batch, and about parts that add up to a whole."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from facet.graph.neighbors import Crystal
from facet.testing.crystals import (
    crystals_for,
    exact,
    favorites,
    large_crystal,
    lone_atom,
    repeated,
)
from facet.testing.measures import Answer, ask, ask_alone, require_same, tolerance_of

if TYPE_CHECKING:
    from facet.potential import Potential

AXES = "first", "second", "third"
BOND = 2.25
"""Length in angstrom of the bonds of small molecules."""


def assert_a_batch_is_its_crystals_one_by_one(potential: Potential) -> None:
    """Crystals answered together, in any order, are answered as each alone."""
    crystals = list(crystals_for(potential).values())
    alone = [ask_alone(potential, each) for each in crystals]
    for order in permutations(range(len(crystals))):
        together = ask(potential, [crystals[place] for place in order])
        for place, found in zip(order, together, strict=True):
            occasion = f"Evaluating crystals in one batch, in the order {order},"
            require_same(alone[place], found, tolerance_of(potential), occasion)


def assert_batch_mates_change_nothing(potential: Potential) -> None:
    """Crystals are answered alike beside copies, beside many atoms, and beside an atom alone."""
    crystals = crystals_for(potential)
    alone = [ask_alone(potential, each) for each in crystals.values()]
    mates = {
        "copies": [*crystals.values(), *crystals.values()],
        "a cell of 200 atoms": [large_crystal(potential)],
        "an isolated atom": [lone_atom(favorites(potential)[-1], 4 * potential.cutoff)],
    }
    for mate_name, mate in mates.items():
        together = ask(potential, [*mate, *crystals.values()])[len(mate) :]
        for name, expected, found in zip(crystals, alone, together, strict=True):
            occasion = f"Evaluating the {name} beside {mate_name}"
            require_same(expected, found, tolerance_of(potential), occasion)


def assert_a_doubled_cell_has_twice_the_energy(potential: Potential) -> None:
    """A cell doubled along a vector has twice the energy, the same forces and the same stress."""
    for name, crystal in crystals_for(potential).items():
        doubles = [repeated(crystal, axis) for axis in range(3)]
        single, *found = ask(potential, [crystal, *doubles])
        expected = Answer(2 * single.energy, np.tile(single.forces, (2, 1)), single.stress)
        for which, double in zip(AXES, found, strict=True):
            occasion = f"Doubling the {name} along its {which} vector, beyond twice the energy,"
            require_same(expected, double, tolerance_of(potential), occasion)


def assert_distant_parts_add_up(potential: Potential) -> None:
    """Two molecules farther apart than the cutoff have the sum of their energies."""
    first, second = (_molecule(potential, seed) for seed in (1, 2))
    far = np.array([0.0, 0.0, 0.5 * first.cell[2, 2]])
    both = Crystal(
        np.concatenate([first.species, second.species]),
        np.concatenate([first.positions, second.positions + far]),
        first.cell,
    )
    one, other, found = ask(potential, [first, second, both])
    expected = Answer(
        one.energy + other.energy,
        np.concatenate([one.forces, other.forces]),
        one.stress + other.stress,
    )
    occasion = "Putting two distant molecules into one cell, beyond the sum of both,"
    require_same(expected, found, tolerance_of(potential), occasion)


def _molecule(potential: Potential, seed: int) -> Crystal:
    """A bent molecule of three atoms in a cube that keeps it from its images and its half away."""
    elements = favorites(potential)
    numbers = [elements[(seed + place) % len(elements)] for place in range(3)]
    angle = 1.5 + 0.3 * seed
    ends = np.array([[0, 0, 0], [1, 0, 0], [np.cos(angle), np.sin(angle), 0]])
    edge = 2 * (potential.cutoff + 2 * BOND)
    return Crystal(np.array(numbers), exact(BOND * ends), exact(edge * np.eye(3)))
