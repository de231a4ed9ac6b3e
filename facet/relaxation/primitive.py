"""The primitive cell of a crystal and the operations on it, as spglib finds them."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from facet.errors import ConfigError

if TYPE_CHECKING:
    from facet.graph.neighbors import Crystal

SYMPREC = 0.01
"""Angstrom by which atoms may miss the place where symmetry would have them."""

INTEGER = 0.05
"""How far from an integer a number may be that symmetry says is one; twice the noise of a cell."""


class Primitive(NamedTuple):
    """A primitive cell and how the crystal is made of it.

    Attributes:
        lattice: Vectors as rows in angstrom, shape (3, 3).
        sites: Fractional positions of its atoms, shape (sites, 3).
        species: Their atomic numbers, shape (sites,).
        multiple: Integers; the crystal's cell is ``multiple @ lattice``.
        site_of: Site that each atom of the crystal is an image of, shape (atoms,).
        images: Which image: integers to add to the site, shape (atoms, 3).
    """

    lattice: np.ndarray
    sites: np.ndarray
    species: np.ndarray
    multiple: np.ndarray
    site_of: np.ndarray
    images: np.ndarray


class Group(NamedTuple):
    """Operations on a primitive cell, on columns of fractional positions.

    Attributes:
        rotations: Integers, shape (operations, 3, 3).
        translations: Shape (operations, 3).
        targets: Site that each site is carried onto, shape (operations, sites).
        number: Of the space group.
    """

    rotations: np.ndarray
    translations: np.ndarray
    targets: np.ndarray
    number: int


def require_spglib() -> Any:  # noqa: ANN401 (a module without types)
    """Return the library that finds symmetry.

    Raises:
        ConfigError: It is not installed.
    """
    try:
        import spglib  # only where symmetry is asked for
    except ImportError as error:
        raise ConfigError(
            "Keeping the symmetry of crystals needs spglib, which is not installed; install it or "
            "do not ask for symmetry."
        ) from error
    return spglib


def space_group(crystal: Crystal, symprec: float = SYMPREC) -> int | None:
    """Number of the space group within a tolerance in angstrom; None where none can be told.

    Raises:
        ConfigError: The library that finds symmetry is not installed.
    """
    sites = fractional(crystal.positions, crystal.cell)
    found = _dataset(crystal.cell, sites, crystal.species, symprec)
    return None if found is None else int(found.number)


def reduced(crystal: Crystal, symprec: float) -> tuple[Primitive, Group] | None:
    """Find the primitive cell and all operations on it; None where they make no sense."""
    sites = fractional(crystal.positions, crystal.cell)
    found = _dataset(crystal.cell, sites, crystal.species, symprec)
    if found is None:
        return None
    primitive = _primitive_of(crystal, found.primitive_lattice, found.mapping_to_primitive)
    if primitive is None:
        return None
    if len(primitive.sites) < len(crystal.species):
        found = _dataset(primitive.lattice, primitive.sites, primitive.species, symprec)
    group = None if found is None else _group_of(primitive, found)
    return None if group is None else (primitive, group)


def _primitive_of(
    crystal: Crystal, primitive_lattice: np.ndarray, mapping: np.ndarray
) -> Primitive | None:
    """Describe the crystal by its primitive cell; the sites are averages of their images.

    Args:
        crystal: Atoms and cell.
        primitive_lattice: Vectors as rows in angstrom, as far as the crystal tells.
        mapping: A label of the site of each atom.
    """
    labels, first, site_of = np.unique(mapping, return_index=True, return_inverse=True)
    ratio = crystal.cell @ np.linalg.inv(primitive_lattice)
    if len(labels) == len(mapping):  # keep the vectors, for which the operations are known
        ratio = np.eye(3)
    multiple = np.round(ratio)
    volume_ratio = abs(np.linalg.det(multiple))
    if np.abs(ratio - multiple).max() > INTEGER or not np.isclose(
        volume_ratio * len(labels), len(mapping)
    ):
        return None
    lattice = np.linalg.solve(multiple, crystal.cell)
    positions = fractional(crystal.positions, lattice)
    apart = positions - positions[first[site_of]]
    images = np.round(apart)
    sites = positions[first] + means(apart - images, site_of, len(labels))
    return Primitive(lattice, sites, crystal.species[first], multiple, site_of, images)


def _group_of(primitive: Primitive, found: Any) -> Group | None:  # noqa: ANN401 (spglib's)
    """Tell where each operation carries the sites; None unless each permutes equal atoms."""
    rotations, translations = np.array(found.rotations), np.array(found.translations)
    targets = np.stack(
        [
            _nearest(primitive, primitive.sites @ rotation.T + translation)
            for rotation, translation in zip(rotations, translations, strict=True)
        ]
    )
    is_permuted = (np.sort(targets) == np.arange(len(primitive.sites))).all()
    is_kept = (primitive.species[targets] == primitive.species).all()
    if not (is_permuted and is_kept):
        return None
    return Group(rotations, translations, targets, int(found.number))


def _nearest(primitive: Primitive, places: np.ndarray) -> np.ndarray:
    """Site that lies nearest to each place."""
    apart = wrapped(places[:, None] - primitive.sites)
    nearest: np.ndarray = np.square(apart @ primitive.lattice).sum(axis=2).argmin(axis=1)
    return nearest


def _dataset(cell: np.ndarray, sites: np.ndarray, species: np.ndarray, symprec: float) -> Any:  # noqa: ANN401 (spglib's)
    """Ask the library, whose way of failing depends on its version and settings."""
    spglib = require_spglib()
    failure = getattr(spglib.error, "SpglibError", ValueError)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return spglib.get_symmetry_dataset((cell, sites, species), symprec=symprec)
        except failure:
            return None


def fractional(positions: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Turn Cartesian positions into multiples of the vectors of a cell."""
    multiples: np.ndarray = np.linalg.solve(cell.T, positions.T).T
    return multiples


def wrapped(apart: np.ndarray) -> np.ndarray:
    """Take whole lattice vectors off fractional ways."""
    near: np.ndarray = apart - np.round(apart)
    return near


def means(values: np.ndarray, rows: np.ndarray, count: int) -> np.ndarray:
    """Mean of the values that go to each of so many rows."""
    sums = np.zeros((count, values.shape[1]))
    np.add.at(sums, rows, values)
    averages: np.ndarray = sums / np.bincount(rows, minlength=count)[:, None]
    return averages
