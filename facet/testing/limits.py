"""Promises about extremes: the edge of the cutoff, no neighbors at all, unknown elements."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from facet.errors import UnsupportedElement
from facet.graph.elements import SYMBOLS, symbol
from facet.graph.neighbors import Crystal, build_batch
from facet.testing.crystals import crystals_for, favorites, known, lone_atom
from facet.testing.measures import (
    Answer,
    ask,
    ask_alone,
    require_below,
    require_same,
    tolerance_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from facet.potential import Potential

STEP = 2.0**-11
"""Distance in angstrom between the looks at an atom that comes near the cutoff."""

TO_ENERGY = np.array([4, -6, 4, -1])
TO_FORCE = np.array([3, -3, 1, 0])
TO_FORCE_CONSTANT = np.array([-2.5, 4, -1.5, 0]) / STEP
"""Weights of looks from 1, 2, 3 and 4 steps inside that give the limit at the cutoff."""

ENERGY_JUMP = 1e-7
FORCE_JUMP = 1e-4
FORCE_CONSTANT_JUMP = 0.1


def assert_nothing_jumps_at_the_cutoff(potential: Potential) -> None:
    """Energy, force and force constant are continuous where a neighbor leaves.

    It leaves an atom that is alone with it, and one that has another neighbor; outside it has no
    neighbor, and nothing changes there any more. The inner side is extrapolated to the cutoff
    itself, so that a steep but smooth end is no jump.
    """
    for count in (2, 3):
        distances = [potential.cutoff + steps * STEP for steps in (-1, -2, -3, -4, 1)]
        crystals = [_leaving(potential, each, count) for each in distances]
        *near, outside = ask(potential, crystals)
        energies = np.array([each.energy for each in near]) - outside.energy
        forces = np.array([each.forces for each in near]) - outside.forces
        size = max(1.0, abs(outside.energy), _largest(outside.forces))
        rounding = tolerance_of(potential).own_energy * size
        when = f"when an atom crosses the cutoff, in a group of {count}, by"
        jump = abs(float(TO_ENERGY @ energies))
        require_below(jump, ENERGY_JUMP + rounding, f"The energy jumps {when}", "eV")
        jump = _largest(np.tensordot(TO_FORCE, forces, 1))
        require_below(jump, FORCE_JUMP + rounding, f"The force jumps {when}", "eV/A")
        jump = _largest(np.tensordot(TO_FORCE_CONSTANT, forces, 1))
        limit = FORCE_CONSTANT_JUMP + rounding / STEP
        require_below(jump, limit, f"The force constant jumps {when}", "eV/A^2")


def assert_edges_beyond_the_cutoff_count_nothing(potential: Potential) -> None:
    """Pairs at and beyond the cutoff may be listed, as lists with a skin do."""
    for name, crystal in crystals_for(potential).items():
        before = ask_alone(potential, crystal)
        (after,) = ask(potential, [crystal], beyond=1.0)
        occasion = f"Listing pairs of the {name} beyond the cutoff"
        require_same(before, after, tolerance_of(potential), occasion)


def assert_isolated_atoms_have_their_own_energy(potential: Potential) -> None:
    """An atom without neighbors has an energy of its own in any cell, no force and no stress."""
    numbers = favorites(potential)
    in_small, in_large = (
        ask(potential, [lone_atom(number, edges * potential.cutoff) for number in numbers])
        for edges in (2, 5)
    )
    for number, small, large in zip(numbers, in_small, in_large, strict=True):
        name = f"isolated {symbol(number)} atom"
        _require_rest(small, name)
        _require_rest(large, name)
        require_below(
            abs(small.energy - large.energy),
            tolerance_of(potential).own_energy,
            f"The energy of an {name} changes with its cell by",
            "eV",
        )


def assert_isolated_energies_are(potential: Potential, energies: Mapping[int, float]) -> None:
    """An atom without neighbors has the energy (eV) that is known for its element."""
    atoms = [lone_atom(number, 4 * potential.cutoff) for number in energies]
    for answer, (number, expected) in zip(ask(potential, atoms), energies.items(), strict=True):
        require_below(
            abs(answer.energy - expected),
            tolerance_of(potential).own_energy,
            f"The energy of an isolated {symbol(number)} atom is {answer.energy:.9g} eV and misses "
            f"its own, {expected:.9g} eV, by",
            "eV",
        )


def assert_an_empty_neighbor_list_is_no_exception(potential: Potential) -> None:
    """Batches without edges, and crystals without edges beside one with edges, are answered."""
    edge = 4 * potential.cutoff
    atoms = [lone_atom(number, edge) for number in favorites(potential)]
    energies = [ask_alone(potential, each).energy for each in atoms]
    crystal = crystals_for(potential)["triclinic cell"]
    _require_energies(potential, ask(potential, atoms), energies)
    _require_energies(potential, ask(potential, [*atoms, crystal])[:-1], energies)
    _require_energies(potential, ask(potential, [crystal, *atoms])[1:], energies)


def assert_an_atom_of_its_own_cell_feels_no_force(potential: Potential) -> None:
    """In a one-atom cell, smaller than the cutoff, the images of the atom balance."""
    answer = ask_alone(potential, crystals_for(potential)["one-atom cell"])
    force = _largest(answer.forces)
    limit = tolerance_of(potential).relative
    require_below(force, limit, "The atom of a one-atom cell feels a force of", "eV/A")


def assert_unknown_elements_are_named(potential: Potential) -> None:
    """A batch with an element that the potential does not know is refused by its symbol."""
    unknown = [
        number for number in (86, *range(1, len(SYMBOLS))) if number not in potential.species
    ]
    if not unknown:
        return
    name = symbol(unknown[0])
    crystals = [crystals_for(potential)["triclinic cell"], lone_atom(unknown[0], 5.0)]
    batch = build_batch(crystals, potential.cutoff, potential.dtype, potential.device)
    wish = f"it should raise UnsupportedElement and name {name}."
    try:
        potential(batch)
    except UnsupportedElement as error:
        if re.search(rf"\b{name}\b", str(error)) is None:
            raise AssertionError(
                f"The potential refuses {name} by {str(error)!r}; {wish}"
            ) from error
        return
    except Exception as error:
        raise AssertionError(
            f"The potential raises {type(error).__name__} for {name}, unknown to it; {wish}"
        ) from error
    raise AssertionError(f"The potential answers for {name}, which is not in its species; {wish}")


def _leaving(potential: Potential, distance: float, count: int) -> Crystal:
    """Two atoms so far apart, in angstrom, and a third that is bonded to the first if wished."""
    numbers = [known(potential, number) for number in (14, 8, 26)]
    positions = np.array([[0.0, 0.0, 0.0], [distance, 0.0, 0.0], [-2.0, 0.75, 0.0]])
    edge = 4 * potential.cutoff + 20
    return Crystal(np.array(numbers[:count]), positions[:count], edge * np.eye(3))


def _largest(values: np.ndarray) -> float:
    return float(np.abs(values).max())


def _require_rest(answer: Answer, name: str) -> None:
    """No force and no stress, exactly."""
    require_below(_largest(answer.forces), 0.0, f"An {name} feels a force of", "eV/A")
    require_below(_largest(answer.stress), 0.0, f"An {name} has a stress of", "eV/A^3")
    if not np.isfinite(answer.energy):
        raise AssertionError(f"An {name} has the energy {answer.energy} eV.")


def _require_energies(
    potential: Potential, answers: Sequence[Answer], expected: Sequence[float]
) -> None:
    """The known energies, and no force."""
    for answer, energy in zip(answers, expected, strict=True):
        _require_rest(answer, "isolated atom in a batch")
        difference = abs(answer.energy - energy)
        limit = tolerance_of(potential).own_energy
        require_below(difference, limit, "A batch changes the energy of an isolated atom by", "eV")
