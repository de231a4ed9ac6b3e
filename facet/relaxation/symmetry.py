"""The symmetry of a crystal: what carries it into itself, found once before it is relaxed.

In the coordinates of ``facet.relaxation.cell`` an operation is a rotation and a permutation of the
atoms, and both stay what they are throughout a relaxation: a step that they carry into itself
breaks none of them.

Everything is done on the primitive cell. The operations of a supercell are only those that carry
the supercell's own vectors into each other, and a step that keeps them can break the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from facet.relaxation.primitive import SYMPREC, means, reduced, wrapped

if TYPE_CHECKING:
    from facet.graph.neighbors import Crystal
    from facet.relaxation.primitive import Group, Primitive

EXACT = 1e-8
"""Angstrom by which they may still miss it in a crystal that was made symmetric."""


@dataclass(frozen=True, eq=False)
class Symmetry:
    """What carries a crystal into itself.

    Translations of a centered cell or of a supercell do not appear: atoms that differ by one of
    them belong to one orbit, with the same turn.

    Attributes:
        crystal: The crystal, exactly symmetric.
        number: Of its space group.
        rotations: Cartesian, acting on columns, shape (operations, 3, 3).
        orbit: Number of each atom's orbit, below the number of atoms, shape (atoms,).
        turns: Rotation of an operation that carries the first site of the orbit onto that of each
            atom, shape (atoms, 3, 3).
        site_projectors: Onto the displacements of that first site that keep its symmetry, shape
            (atoms, 3, 3).
    """

    crystal: Crystal
    number: int
    rotations: np.ndarray
    orbit: np.ndarray
    turns: np.ndarray
    site_projectors: np.ndarray


def symmetry_of(crystal: Crystal, symprec: float = SYMPREC) -> Symmetry | None:
    """Find what carries a crystal into itself within a tolerance in angstrom.

    Returns:
        The operations and the crystal made exactly symmetric, held atoms included; None where it
        has no symmetry, or none that holds exactly.

    Raises:
        ConfigError: The library that finds symmetry is not installed.
    """
    found = reduced(crystal, symprec)
    if found is None:
        return None
    primitive, group = found
    if len(group.rotations) == 1 and len(primitive.sites) == len(crystal.species):
        return None
    primitive = _idealized(primitive, group)
    if _misfit(primitive, group) > EXACT:
        return None
    return _described(crystal, primitive, group)


def _described(crystal: Crystal, primitive: Primitive, group: Group) -> Symmetry:
    """Say of every atom of the crystal what is known of the sites of its primitive cell."""
    columns = primitive.lattice.T
    rotations = columns @ group.rotations @ np.linalg.inv(columns)
    first_site, turns, projectors = _orbits(group, rotations)
    site_of = primitive.site_of
    return Symmetry(
        crystal=crystal._replace(
            positions=(primitive.sites[site_of] + primitive.images) @ primitive.lattice,
            cell=primitive.multiple @ primitive.lattice,
        ),
        number=group.number,
        rotations=rotations,
        orbit=first_site[site_of],
        turns=turns[site_of],
        site_projectors=projectors[site_of],
    )


def _idealized(primitive: Primitive, group: Group) -> Primitive:
    """Average a primitive cell over its operations, without turning it."""
    old = primitive.lattice
    metric = (group.rotations.transpose(0, 2, 1) @ (old @ old.T) @ group.rotations).mean(axis=0)
    inverse = np.linalg.inv(old)
    squares, axes = np.linalg.eigh(inverse @ metric @ inverse.T)
    lattice = old @ (axes * np.sqrt(squares)) @ axes.T
    misses = _misses(primitive, group).reshape(-1, 3)
    shifts = means(misses, group.targets.reshape(-1), len(primitive.sites))
    return primitive._replace(lattice=lattice, sites=primitive.sites + shifts)


def _misses(primitive: Primitive, group: Group) -> np.ndarray:
    """Ways from the target of each site to where it is carried, fractional, by operation."""
    carried = primitive.sites @ group.rotations.transpose(0, 2, 1) + group.translations[:, None]
    return wrapped(carried - primitive.sites[group.targets])


def _misfit(primitive: Primitive, group: Group) -> float:
    """Largest length in angstrom by which an operation fails to carry the crystal into itself."""
    lattice = primitive.lattice
    metric = lattice @ lattice.T
    turned = group.rotations.transpose(0, 2, 1) @ metric @ group.rotations
    strain = np.abs(turned - metric).max() / np.sqrt(metric.trace())
    return float(max(strain, np.abs(_misses(primitive, group) @ lattice).max()))


def _orbits(group: Group, rotations: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First site of each site's orbit, the rotation from there, and the projector for its site."""
    sites = np.arange(group.targets.shape[1])
    first = group.targets.min(axis=0)
    onto = (group.targets[:, first] == sites).argmax(axis=0)
    stays = (group.targets[:, first] == first).astype(np.float64)
    projectors = np.einsum("gs,gij->sij", stays / stays.sum(axis=0), rotations)
    return first, rotations[onto], projectors
