"""Which magnetic sites point up and which down: collinear orderings that differ by symmetry.

In a cell as large as the crystal's own, or twice as large, each magnetic element has as many
moments up as down. A sublattice of index two holds the lattice vectors n for which q . n is even,
and each of the seven vectors q of zeros and ones names one; q/2 is the propagation vector of every
ordering that only this cell can hold. Two orderings are one when an operation of the crystal's
space group, a translation of its lattice, or turning every moment around takes one to the other
(Phys. Rev. B 77, 224115 (2008), for colorings of any kind; M. K. Horton et al., npj Computational
Materials 5, 64 (2019), for the orderings that such a search should start from).
"""

from __future__ import annotations

from functools import reduce
from itertools import combinations, product
from math import comb
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from pymatgen.core.lattice import Lattice

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from pymatgen.core.structure import Structure

    from workflows.symmetry import Operations

MOST_PATTERNS = 20_000
"""Ways to set the moments of one cell; sixteen sites of one element have 12,870."""

SAME_SITE = 0.1
"""Angstrom within which an operation takes a site to another."""


class SpinPattern(NamedTuple):
    """Moments up and down in one cell.

    Attributes:
        cell: The crystal's own cell, or a doubled one.
        vector: Twice the propagation vector, of zeros and ones, in the own cell's reciprocal basis.
        signs: 1 or -1 for each magnetic site of the cell, 0 for the others.
    """

    cell: Structure
    vector: tuple[int, int, int]
    signs: NDArray[np.int8]


def distinct_patterns(
    own: Structure, elements: Sequence[str], operations: Operations, most_sites: int
) -> Iterator[SpinPattern]:
    """Yield every ordering of a crystal once, those in its own cell first.

    Cells of more sites, or with more patterns than ``MOST_PATTERNS``, are left out.

    Args:
        own: The crystal in its primitive cell.
        elements: Symbols of those that carry moments.
        operations: Of its space group, in the basis of that cell.
        most_sites: Largest cell.
    """
    for vector in _distinct_vectors(operations):
        num_cells = 2 if any(vector) else 1
        if num_cells * len(own) > most_sites:
            continue
        cell = _doubled(own, vector) if any(vector) else own
        symbols = np.array([site.specie.symbol for site in cell])
        sites = np.flatnonzero(np.isin(symbols, list(elements)))
        if not 0 < _num_patterns(symbols[sites]) <= MOST_PATTERNS:
            continue
        moves = _moves(own, cell, sites, operations, vector)
        for pattern in _distinct(_balanced(symbols[sites]), moves, is_doubled=any(vector)):
            signs = np.zeros(len(cell), dtype=np.int8)
            signs[sites] = pattern
            yield SpinPattern(cell, vector, signs)


def _distinct_vectors(operations: Operations) -> list[tuple[int, int, int]]:
    """Return one q of each set that rotations take to each other, zero first."""
    found: list[tuple[int, int, int]] = []
    seen: set[tuple[int, ...]] = set()
    for vector in product((0, 1), repeat=3):
        if vector in seen:
            continue
        found.append((vector[0], vector[1], vector[2]))
        seen |= {
            tuple(int(each) for each in np.array(vector) @ rotation % 2)
            for rotation in operations.rotations
        }
    return found


def _doubled(own: Structure, vector: tuple[int, int, int]) -> Structure:
    """Return the cell whose lattice vectors n have an even q . n, as compact as it can be."""
    axis = vector.index(1)
    basis = np.eye(3, dtype=int)
    for row in range(3):
        basis[row, axis] += vector[row]  # the axis itself becomes two
    compact = Lattice(basis @ own.lattice.matrix).get_lll_reduced_lattice()
    scaling = np.rint(compact.matrix @ np.linalg.inv(own.lattice.matrix)).astype(int)
    return own.make_supercell(scaling, in_place=False)


def _num_patterns(symbols: NDArray[np.str_]) -> int:
    """Count the balanced patterns; none where an element has an odd number of sites."""
    counts = np.unique(symbols, return_counts=True)[1].tolist()
    if not counts or any(count % 2 for count in counts):
        return 0
    return reduce(lambda total, count: total * comb(count, count // 2), counts, 1)


def _balanced(symbols: NDArray[np.str_]) -> NDArray[np.int8]:
    """Return every pattern with as many moments up as down of each element, one in a row."""
    parts = []
    for symbol in np.unique(symbols):
        places = np.flatnonzero(symbols == symbol)
        halves = combinations(places.tolist(), len(places) // 2)
        rows = np.zeros((comb(len(places), len(places) // 2), len(symbols)), dtype=np.int8)
        rows[:, places] = -1
        for row, up in zip(rows, halves, strict=True):
            row[list(up)] = 1
        parts.append(rows)
    total = parts[0]
    for rows in parts[1:]:
        total = (total[:, None] + rows[None]).reshape(-1, len(symbols))
    return total


def _moves(
    own: Structure,
    cell: Structure,
    sites: NDArray[np.intp],
    operations: Operations,
    vector: tuple[int, int, int],
) -> list[NDArray[np.intp]]:
    """Return how operations that keep the cell's lattice permute its magnetic sites.

    In a doubled cell the last one is the translation of the own lattice that it has lost.
    """
    to_cell = own.lattice.matrix @ np.linalg.inv(cell.lattice.matrix)
    places = cell.frac_coords[sites] @ np.linalg.inv(to_cell)
    lost = np.eye(3)[vector.index(1)] if any(vector) else np.zeros(3)
    kept = [
        (rotation, shift)
        for rotation, shift in zip(operations.rotations, operations.translations, strict=True)
        if tuple(int(each) for each in np.array(vector) @ rotation % 2) == vector
    ]
    moved = [
        places @ rotation.T + shift + extra
        for rotation, shift in [*kept, (np.eye(3), np.zeros(3))]
        for extra in (np.zeros(3), lost)
    ]
    return [_permutation(cell, sites, each @ to_cell) for each in moved]


def _permutation(
    cell: Structure, sites: NDArray[np.intp], moved: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Tell on which site each moved one lies; the identity where they do not all lie on one."""
    distances = cell.lattice.get_all_distances(moved, cell.frac_coords[sites])
    nearest = np.argmin(distances, axis=1)
    is_sound = distances.min(axis=1).max() < SAME_SITE and len(set(nearest.tolist())) == len(sites)
    return nearest if is_sound else np.arange(len(sites))


def _distinct(
    patterns: NDArray[np.int8], moves: Sequence[NDArray[np.intp]], *, is_doubled: bool
) -> NDArray[np.int8]:
    """Keep one pattern of each set that moves, or turning all moments, take to each other.

    In a doubled cell those that repeat in the own cell are left out: they come from there.
    """
    powers = 1 << np.arange(patterns.shape[1], dtype=np.int64)
    least = np.full(len(patterns), np.iinfo(np.int64).max)
    for move in moves:
        for sign in (1, -1):
            codes = (sign * patterns[:, move] > 0) @ powers
            least = np.minimum(least, codes)
    first = np.sort(np.unique(least, return_index=True)[1])
    kept: NDArray[np.int8] = patterns[first]
    if is_doubled:
        kept = kept[(kept[:, moves[-1]] != kept).any(axis=1)]
    return kept
