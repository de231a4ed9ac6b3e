"""Space groups of crystals as people ask for them."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray
    from pymatgen.core.structure import Structure

    from facet.graph.neighbors import Crystal

TOLERANCE = 0.1
"""Angstrom; the Materials Project tells the symmetry of relaxed crystals with the same."""

MOST_SITES = 4000
"""The time grows with the square of the sites, to a second here."""

LEAST_HEIGHT = 1.0
"""Angstrom; a cell thinner than this is none of a crystal."""

LONGEST = 1e4
"""Angstrom, of a component of a cell vector; what is longer has exploded."""

LEAST_VOLUME = 1.0
"""Cubic angstrom for each atom; below that the crystal has collapsed."""

LARGEST_RATIO = 30.0
"""Of the longest cell vector to the smallest height: moyopy 0.21 never came back from some cells
with 90 and more, nor from collapsed ones, and from none of many others."""


def space_group_number(crystal: Crystal) -> int | None:
    """Return the international number, 1 to 230, or None where none can be told.

    None has one who exploded or collapsed, one whose atoms coincide within the tolerance, and one
    of very many sites.
    """
    return space_group_of(crystal.species, crystal.positions, crystal.cell)


def space_group_of(species: np.ndarray, positions: np.ndarray, cell: np.ndarray) -> int | None:
    """Return the number of a crystal that is given by its arrays.

    Args:
        species: Atomic numbers, shape (atoms,).
        positions: In angstrom, shape (atoms, 3).
        cell: Vectors as rows in angstrom, shape (3, 3).
    """
    if not 0 < len(species) <= MOST_SITES or not _is_sound(positions, cell):
        return None
    moyopy = _moyopy()
    cell = np.asarray(cell, dtype=np.float64)
    fractional = np.linalg.solve(cell.T, np.asarray(positions, dtype=np.float64).T).T % 1.0
    try:
        # The species come from numpy as whole numbers of any width, and moyopy takes Python's.
        lists = cell.tolist(), fractional.tolist(), np.asarray(species).tolist()
        return int(moyopy.MoyoDataset(moyopy.Cell(*lists), symprec=TOLERANCE).number)
    except ValueError:
        return None


class Operations(NamedTuple):
    """Operations of a space group in the basis of a cell: x goes to W x + w.

    Attributes:
        rotations: Arrays W of shape (3, 3), whole numbers.
        translations: Arrays w of shape (3,).
    """

    rotations: list[NDArray[np.intp]]
    translations: list[NDArray[np.float64]]


def operations_of(structure: Structure, tolerance: float = TOLERANCE) -> Operations:
    """Return the operations of a crystal's space group; the identity alone where none can be told.

    Args:
        structure: The crystal.
        tolerance: Within which atoms lie on one another, in angstrom.
    """
    moyopy = _moyopy()
    lists = structure.lattice.matrix.tolist(), structure.frac_coords.tolist()
    try:
        cell = moyopy.Cell(*lists, list(structure.atomic_numbers))
        found = moyopy.MoyoDataset(cell, symprec=tolerance).operations
    except ValueError:
        return Operations([np.eye(3, dtype=int)], [np.zeros(3)])
    return Operations(list(map(np.array, found.rotations)), list(map(np.array, found.translations)))


@cache
def _moyopy() -> ModuleType:
    """Import it when it is first needed, and let it log faults only.

    It would warn of every crystal that is symmetric within the tolerance but not exactly, which is
    what the tolerance is for.
    """
    import moyopy  # start-up time: only those who relax need it

    logging.getLogger("moyo").setLevel(logging.ERROR)
    return moyopy


def _is_sound(positions: np.ndarray, cell: np.ndarray) -> bool:
    """Say whether the cell is one that a symmetry can be looked for in."""
    cell = np.asarray(cell, dtype=np.float64)
    is_finite = np.isfinite(cell).all() and np.isfinite(positions).all()
    if not is_finite or np.abs(cell).max() > LONGEST:
        return False
    volume = abs(float(np.linalg.det(cell)))
    if volume < LEAST_VOLUME * len(positions):
        return False
    areas = np.linalg.norm(np.cross(cell[[1, 2, 0]], cell[[2, 0, 1]]), axis=1)
    least_height = volume / float(areas.max())
    longest = float(np.linalg.norm(cell, axis=1).max())
    return least_height >= LEAST_HEIGHT and longest <= LARGEST_RATIO * least_height
