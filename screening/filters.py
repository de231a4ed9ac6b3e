"""Elementary checks of an input crystal, before anything is spent on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pymatgen.core.periodic_table import DummySpecies, Element, Species

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymatgen.core.sites import PeriodicSite
    from pymatgen.core.structure import Structure

SHORTEST_DISTANCE = 0.5
"""Atoms closer than this many angstrom overlap; the shortest real bond, H-H, has 0.74."""

SMALLEST_VOLUME = 0.5
"""Volume per atom in cubic angstrom below which a cell is degenerate; TPa hydrogen has 1."""

_FULL = 1e-6


def input_fault(structure: Structure) -> str | None:
    """Name the first fault of an input crystal and its mend in one sentence, or return None.

    The sentence does not name the crystal, so that the caller can put a file name before it.
    """
    for check in _CHECKS:
        fault = check(structure)
        if fault is not None:
            return fault
    return None


def _no_atoms(structure: Structure) -> str | None:
    if len(structure) == 0:
        return "The structure holds no atoms: check that the file is whole."
    return None


def _not_periodic(structure: Structure) -> str | None:
    if not all(structure.lattice.pbc):
        return (
            "The structure is not periodic along all three cell vectors: give a crystal with a "
            "full cell."
        )
    return None


def _not_finite(structure: Structure) -> str | None:
    if not np.isfinite(structure.lattice.matrix).all():
        return "The cell vectors hold a number that is not finite: write the cell again."
    finite = np.isfinite(structure.frac_coords).all(axis=1)
    if not finite.all():
        return (
            f"{_atom(structure, int(np.argmin(finite)))} has a coordinate that is not finite: "
            f"write the positions again."
        )
    return None


def _not_ordered(structure: Structure) -> str | None:
    for index, site in enumerate(structure):
        total = sum(site.species.values())
        if len(site.species) > 1:
            return (
                f"Site {index + 1} is shared by {site.species_string}: give an ordered "
                f"structure, for example with pymatgen's OrderDisorderedStructureTransformation."
            )
        if abs(total - 1.0) > _FULL:
            return (
                f"Site {index + 1} ({site.species_string}) has occupancy {total:g} instead of "
                f"1: give an ordered structure with full sites."
            )
    return None


def _no_element(structure: Structure) -> str | None:
    for index, site in enumerate(structure):
        if not _is_element(site):
            return (
                f"Site {index + 1} holds '{site.species_string}', which is no chemical element: "
                f"replace it by the element that is meant."
            )
    return None


def _is_element(site: PeriodicSite) -> bool:
    """Tell elements, with or without a charge, from dummy species; D and T are hydrogen."""
    return isinstance(site.specie, Element | Species) and not isinstance(site.specie, DummySpecies)


def _no_volume(structure: Structure) -> str | None:
    per_atom = abs(float(np.linalg.det(structure.lattice.matrix))) / len(structure)
    if per_atom < SMALLEST_VOLUME:
        return (
            f"The cell has {per_atom:.3g} cubic angstrom per atom, less than any crystal: check "
            f"the cell vectors and their unit (angstrom)."
        )
    return None


def _overlap(structure: Structure) -> str | None:
    first, second, _, distances = structure.get_neighbor_list(SHORTEST_DISTANCE)
    if len(distances) == 0:
        return None
    closest = int(np.argmin(distances))
    pair = sorted((int(first[closest]), int(second[closest])))
    if pair[0] == pair[1]:
        return (
            f"{_atom(structure, pair[0])} lies {distances[closest]:.2f} angstrom from its own "
            f"periodic image: check the cell vectors and their unit (angstrom)."
        )
    return (
        f"{_atom(structure, pair[0])} and {_atom(structure, pair[1])} lie only "
        f"{distances[closest]:.2f} angstrom apart: remove one of them or check the coordinates."
    )


def _atom(structure: Structure, index: int) -> str:
    """Name an atom as a person counts it."""
    return f"Atom {index + 1} ({structure[index].species_string})"


# Cheap first; each check may rely on those before it.
_CHECKS: tuple[Callable[[Structure], str | None], ...] = (
    _no_atoms,
    _not_periodic,
    _not_finite,
    _not_ordered,
    _no_element,
    _no_volume,
    _overlap,
)
