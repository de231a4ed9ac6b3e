"""Supercells in which an atom is far from its own images, as symmetric as the crystal."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import spglib
from ase.geometry import minkowski_reduce

if TYPE_CHECKING:
    from collections.abc import Iterator

    from facet.graph.neighbors import Crystal

SYMPREC = 1e-4
"""Angstrom; crystals at rest are exactly symmetric."""

_NEAR = np.array([each for each in product(range(-2, 3), repeat=3) if any(each)])
_SLACK = 1e-6


class Supercell(NamedTuple):
    """A lattice of some translations of a crystal.

    Attributes:
        matrix: Its vectors in units of the cell's, as rows, whole numbers, shape (3, 3).
        image_distance: Shortest distance of an atom from its own image, in angstrom.
        num_atoms: In it.
    """

    matrix: np.ndarray
    image_distance: float
    num_atoms: int


def supercell_of(crystal: Crystal, least: float, max_atoms: int) -> Supercell:
    """Choose the smallest supercell whose images are far enough apart.

    Multiples of the reduced and of the conventional cell are tried, those first that every symmetry
    of the crystal carries into themselves: others take more displacements, and their force
    constants lack a symmetry. Where the atoms do not suffice, the one with the farthest images is
    taken; the cell itself always may be.

    Args:
        crystal: Any cell of it.
        least: Distance of the images in angstrom.
        max_atoms: Atoms in the supercell.
    """
    rotations, bases = _symmetry(crystal)
    most = max(1, max_atoms // len(crystal.species))
    found = sorted(_matrices(crystal.cell, bases, least, most), key=_size)
    symmetric = [each for each in found if _is_kept(each, rotations)]
    tried = []
    for matrix in symmetric or found:
        supercell = Supercell(
            matrix, _shortest(matrix @ crystal.cell), len(crystal.species) * _size(matrix)
        )
        if supercell.image_distance >= least - _SLACK:
            return supercell
        tried.append(supercell)
    return max(tried, key=lambda each: (round(each.image_distance, 6), -each.num_atoms))


def mesh_of(crystal: Crystal, length: float) -> np.ndarray:
    """Return the wave vectors that a supercell this long would hold, one of each pair of opposites.

    Args:
        crystal: Any cell of it.
        length: In angstrom, along each of the reduced cell vectors.

    Returns:
        In the reciprocal basis of the cell, shape (points, 3).
    """
    vectors, reduction = minkowski_reduce(crystal.cell)
    multiples = np.ceil(length / np.linalg.norm(vectors, axis=1)).astype(int)
    return wave_vectors(np.diag(multiples) @ reduction)


def wave_vectors(matrix: np.ndarray) -> np.ndarray:
    """Return the wave vectors that a supercell holds, one of each pair of opposites.

    Opposite ones have the same frequencies.

    Args:
        matrix: Vectors of the supercell in units of the cell's, as rows, shape (3, 3).

    Returns:
        In the reciprocal basis of the cell, shape (points, 3).
    """
    size = _size(matrix)
    turns = np.array(list(product(*map(range, _hermite_diagonal(matrix)))))
    # Multiplied by the size of the supercell they are whole numbers, which can be compared.
    whole = np.rint(size * turns @ np.linalg.inv(matrix).T).astype(int) % size
    opposite = -whole % size
    keep = [tuple(a) <= tuple(b) for a, b in zip(whole, opposite, strict=True)]
    points: np.ndarray = whole[keep] / size
    return points


def _symmetry(crystal: Crystal) -> tuple[np.ndarray, list[np.ndarray]]:
    """Rotations of a crystal, and cells that suit them, both in units of its vectors."""
    _, reduction = minkowski_reduce(crystal.cell)
    fractional = np.linalg.solve(crystal.cell.T, crystal.positions.T).T
    found = spglib.get_symmetry_dataset((crystal.cell, fractional, crystal.species), SYMPREC)
    if found is None:
        return np.eye(3)[None], [reduction]
    return found.rotations, [reduction, np.linalg.inv(found.transformation_matrix).T]


def _matrices(
    cell: np.ndarray, bases: list[np.ndarray], least: float, most: int
) -> Iterator[np.ndarray]:
    """Supercells of at most so many cells that may be long enough, as whole numbers."""
    for basis in bases:
        heights = 1 / np.linalg.norm(np.linalg.inv(basis @ cell), axis=0)
        ranges = [range(1, int(np.ceil(least / height)) + 1) for height in heights]
        for multiples in product(*ranges):
            matrix = np.diag(multiples) @ basis
            whole = np.rint(matrix).astype(int)
            if np.abs(matrix - whole).max() < _SLACK and 1 <= _size(whole) <= most:
                yield whole


def _is_kept(matrix: np.ndarray, rotations: np.ndarray) -> bool:
    """Whether every rotation carries the lattice of a supercell into itself."""
    turned = matrix @ rotations.transpose(0, 2, 1) @ np.linalg.inv(matrix)
    return bool(np.abs(turned - np.rint(turned)).max() < _SLACK)


def _size(matrix: np.ndarray) -> int:
    """Cells in a supercell."""
    return int(np.rint(abs(np.linalg.det(matrix))))


def _shortest(vectors: np.ndarray) -> float:
    """Length of the shortest lattice vector."""
    reduced, _ = minkowski_reduce(vectors)
    return float(np.linalg.norm(_NEAR @ reduced, axis=1).min())


def _hermite_diagonal(matrix: np.ndarray) -> list[int]:
    """Diagonal of the triangular matrix whose columns span the same whole numbers.

    Numbers below it, one for each row, are the ways to add up to something that is not spanned.
    """
    work = np.array(matrix, dtype=int)
    for row in range(3):
        while True:
            rest = [column for column in range(row, 3) if work[row, column]]
            pivot = min(rest, key=lambda column: abs(work[row, column]))
            work[:, [row, pivot]] = work[:, [pivot, row]]
            if len(rest) == 1:
                break
            for column in range(row + 1, 3):
                work[:, column] -= work[row, column] // work[row, row] * work[:, row]
    return [abs(int(each)) for each in np.diag(work)]
