"""Which magnetic ordering nature would rather have: a rule of thumb that puts them in order."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from pymatgen.core.structure import Structure

ANIONS = frozenset(("N", "O", "F", "P", "S", "Cl", "As", "Se", "Br", "Te", "I"))
"""Elements that carry superexchange between magnetic neighbors of theirs."""

BOND = 1.25
"""A bond is at most so many times as long as the shortest one from an anion."""

SHELL = 1.1
"""The same of magnetic neighbors where there is no anion."""

LONGEST = 6.0
"""Angstrom; no neighbor is looked for beyond it."""


def couplings(cell: Structure, sites: Sequence[int]) -> NDArray[np.float64]:
    """Return how much each pair of magnetic sites wants to be antiparallel, at least 0.

    Two sites bonded to one anion count the square of the cosine of the angle between the bonds:
    180 degrees couple, 90 degrees do not (J. Kanamori, J. Phys. Chem. Solids 10, 87 (1959)). In a
    crystal without such anions nearest neighbors count one. This says nothing of energies; it
    orders calculations that are all worth doing.

    Args:
        cell: The crystal.
        sites: Its magnetic sites.

    Returns:
        Array of shape (sites, sites) in the order of ``sites``; the diagonal counts images.
    """
    place = {site: number for number, site in enumerate(sites)}
    centers, neighbors, images, distances = cell.get_neighbor_list(LONGEST)
    ends = cell.cart_coords[neighbors] + images @ cell.lattice.matrix
    vectors = ends - cell.cart_coords[centers]
    is_magnetic = np.isin(neighbors, list(place))
    found = np.zeros((len(sites), len(sites)))
    for anion, site in enumerate(cell):
        if site.specie.symbol not in ANIONS:
            continue
        bonds = np.flatnonzero((centers == anion) & is_magnetic)
        if len(bonds):
            _add_bridges(found, bonds, neighbors, vectors, place)
    if found.any():
        return found
    pairs = is_magnetic & np.isin(centers, list(place))
    if pairs.any():
        near = pairs & (distances <= SHELL * distances[pairs].min())
        for first, second in zip(centers[near], neighbors[near], strict=True):
            found[place[int(first)], place[int(second)]] += 1.0
    return found


def frustration(signs: NDArray[np.int8], couplings: NDArray[np.float64]) -> float:
    """Return -1 where every coupled pair is antiparallel, 1 where every one is parallel."""
    total = float(couplings.sum())
    return float(signs @ couplings @ signs) / total if total else 0.0


def _add_bridges(
    found: NDArray[np.float64],
    bonds: NDArray[np.intp],
    neighbors: NDArray[np.intp],
    vectors: NDArray[np.float64],
    place: dict[int, int],
) -> None:
    """Count what one anion couples."""
    lengths = np.linalg.norm(vectors[bonds], axis=1)
    short = bonds[lengths <= BOND * lengths.min()]
    for first, second in combinations(short.tolist(), 2):
        one, other = vectors[first], vectors[second]
        cosine = float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))
        pair = place[int(neighbors[first])], place[int(neighbors[second])]
        found[pair] += cosine**2
        found[pair[::-1]] += cosine**2
