"""Numbers of a crystal that copies share: cheap to compare, before structures are matched.

For each element: distances from its atoms to their nearest neighbors of any element, the nearest,
the second, and so on, averaged over its atoms, in units of the cube root of the volume per atom.
They do not depend on the cell, its origin or size, and move no farther than atoms do (average
minimum distances, Widdowson and others, MATCH 87, 529, 2022). Symmetry is left out on purpose: two
relaxations of one crystal end a few hundredths of an angstrom apart, on either side of the
tolerance of any symmetry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pymatgen.core.structure import Structure

NUM_NEIGHBORS = 12
_REACH = 2.2  # in units of the cube root of the volume per atom: about 44 neighbors

TOLERANCE = 0.2
"""Largest difference of fingerprints of two copies: twice the displacement that is tolerated."""

CLOSE = 0.05
"""Largest difference where two copies are expected to lie; 3,000 planted ones had up to 0.033."""


def fingerprint(structure: Structure) -> NDArray[np.float64]:
    """Return average minimum distances, elements in the order of their atomic numbers.

    Args:
        structure: Any cell of the crystal.

    Returns:
        Of shape ``(elements * 12,)``; a neighbor out of reach counts as lying at its end.
    """
    unit = (float(structure.volume) / len(structure)) ** (1 / 3)
    centers, _, _, distances = structure.get_neighbor_list(_REACH * unit)
    order = np.lexsort((distances, centers))
    centers, scaled = np.asarray(centers)[order], np.asarray(distances)[order] / unit
    starts = np.searchsorted(centers, np.arange(len(structure)))
    place = np.arange(len(centers)) - starts[centers]
    nearest = np.full((len(structure), NUM_NEIGHBORS), _REACH)
    is_near = place < NUM_NEIGHBORS
    nearest[centers[is_near], place[is_near]] = scaled[is_near]
    numbers = np.asarray(structure.atomic_numbers)
    rows = [nearest[numbers == number].mean(axis=0) for number in np.unique(numbers)]
    return np.concatenate(rows)


def may_be_copies(first: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which crystals are like enough to be worth matching.

    Args:
        first: Fingerprint of one crystal.
        others: Fingerprints of crystals of its formula, one per row.
    """
    if not len(others):
        return np.zeros(0, dtype=np.bool_)
    return np.asarray(np.abs(others - first).max(axis=1) <= TOLERANCE)


def may_be_hidden(first: NDArray[np.float64], second: NDArray[np.float64]) -> bool:
    """Tell whether two crystals are so like that cells of different size must not part them."""
    return bool(np.abs(first - second).max() <= CLOSE)
