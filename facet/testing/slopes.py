"""Promises about derivatives: forces and stress are the slopes of the energy.

The slopes are differences of energies in double precision, also where forces in single precision
are compared with them: differences of rounded energies would be noise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from facet.testing.crystals import crystals_for, large_crystal, moved
from facet.testing.measures import ask, ask_alone, require_below, tolerance_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facet.graph.neighbors import Crystal
    from facet.potential import Potential

STENCIL = {-2: 1 / 12, -1: -8 / 12, 1: 8 / 12, 2: -1 / 12}
"""Weight of the energy so many steps away in a first derivative of fourth order."""

STRAINS = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))


def assert_forces_are_slopes_of_the_energy(potential: Potential) -> None:
    """The force on every atom is minus the slope of the energy along its coordinates."""
    tolerance = tolerance_of(potential)
    for name, crystal in crystals_for(potential).items():
        forces = ask_alone(potential, crystal).forces
        found = -_slopes(potential, crystal, np.eye(forces.size).reshape(-1, *forces.shape))
        error = float(np.abs(found.reshape(forces.shape) - forces).max())
        limit = tolerance.slope + tolerance.slope_share * float(np.abs(forces).max())
        require_below(
            error, limit, f"The forces in the {name} miss the slope of the energy by", "eV/A"
        )


def assert_stress_is_the_slope_of_the_energy(potential: Potential) -> None:
    """The stress is symmetric, and the slope of the energy with strain over the volume."""
    tolerance = tolerance_of(potential)
    for name, crystal in crystals_for(potential).items():
        stress = ask_alone(potential, crystal).stress
        size = float(np.abs(stress).max())
        skew = float(np.abs(stress - stress.T).max())
        symmetric = tolerance.relative * max(1.0, size)
        require_below(skew, symmetric, f"The stress of the {name} is not symmetric, by", "eV/A^3")
        volume = abs(float(np.linalg.det(crystal.cell)))
        found = _strain_slopes(potential, crystal) / volume
        error = float(np.abs(found - np.array([stress[each] for each in STRAINS])).max())
        limit = tolerance.slope + tolerance.slope_share * size
        require_below(
            error, limit, f"The stress of the {name} misses the slope of the energy by", "eV/A^3"
        )


def assert_a_large_cell_is_no_exception(potential: Potential) -> None:
    """In a cell of 200 atoms forces add up to zero and are the slope along a random direction."""
    tolerance = tolerance_of(potential)
    crystal = large_crystal(potential)
    forces = ask_alone(potential, crystal).forces
    size = float(np.abs(forces).max())
    total = float(np.abs(forces.sum(axis=0)).max())
    limit = tolerance.relative * max(1.0, size)
    require_below(total, limit, "The forces in a cell of 200 atoms add up to", "eV/A")
    direction = np.random.default_rng(6).choice([-1.0, 1.0], forces.shape)
    found = -_slopes(potential, crystal, direction[None])[0]
    error = abs(found - float((forces * direction).sum())) / float(np.linalg.norm(direction))
    limit = tolerance.slope + tolerance.slope_share * size
    require_below(
        error, limit, "The forces in a cell of 200 atoms miss the slope of the energy by", "eV/A"
    )


def _slopes(potential: Potential, crystal: Crystal, directions: np.ndarray) -> np.ndarray:
    """Slope of the energy along each direction in which atoms move, in eV/angstrom."""
    potential = potential.in_double()
    step = tolerance_of(potential).step
    images = [
        crystal._replace(positions=crystal.positions + times * step * direction)
        for direction in directions
        for times in STENCIL
    ]
    return _weighed(potential, images)


def _strain_slopes(potential: Potential, crystal: Crystal) -> np.ndarray:
    """Slope of the energy with each of six symmetric strains, in eV."""
    potential = potential.in_double()
    step = tolerance_of(potential).step
    images = []
    for row, column in STRAINS:
        strain = np.zeros((3, 3))
        strain[row, column] += 0.5
        strain[column, row] += 0.5
        images += [moved(crystal, np.eye(3) + times * step * strain) for times in STENCIL]
    return _weighed(potential, images)


def _weighed(potential: Potential, images: Sequence[Crystal]) -> np.ndarray:
    """Slopes from the energies of images that follow each other in the order of the stencil."""
    energies = np.array([each.energy for each in ask(potential, images)])
    weights = np.array(list(STENCIL.values())) / tolerance_of(potential).step
    return energies.reshape(-1, len(STENCIL)) @ weights
