"""The only door between pymatgen or ASE objects and the numbers that Facet computes with.

Structures are read through their attributes, so that nothing is imported to read them; the two
functions that make a ``Structure`` or ``Atoms`` import the library when they are called, because
the engine also runs on machines that hold neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from facet.errors import InvalidStructure, UnsupportedElement
from facet.graph.elements import symbol
from facet.graph.held import (
    SELECTIVE,
    checked_held,
    held_by_constraints,
    held_by_sites,
    held_groups,
)
from facet.graph.neighbors import Crystal, check_geometry

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import ArrayLike
    from pymatgen.core.structure import Structure

LAST_ELEMENT = 118
NOT_PERIODIC = (
    "it is not periodic in all three directions; "
    "make it so and give it a cell, with vacuum where it ends."
)


def crystal_from(source: object, name: str = "structure") -> Crystal:
    """Read a pymatgen ``Structure``, an ASE ``Atoms`` or a ``Crystal`` as a checked crystal.

    Args:
        source: What the user handed over.
        name: What to call it in messages.

    Raises:
        InvalidStructure: It is nothing of these, or its geometry has no meaning.
        UnsupportedElement: A site holds something that is no chemical element.
    """
    if isinstance(source, Crystal):
        species, positions, cell, is_held = source
        return checked_crystal(species, positions, cell, name, is_held)
    if hasattr(source, "lattice") and hasattr(source, "is_ordered"):
        return crystal_from_structure(cast("Structure", source), name)
    if hasattr(source, "pbc") and hasattr(source, "numbers"):
        return crystal_from_atoms(cast("Atoms", source), name)
    raise InvalidStructure(
        f"{name}: a {type(source).__name__} is no crystal; "
        "pass a pymatgen Structure, an ASE Atoms or a facet Crystal."
    )


def crystal_from_structure(structure: Structure, name: str = "structure") -> Crystal:
    """Read a pymatgen ``Structure``.

    Raises:
        InvalidStructure: Sites are partially occupied, it is not periodic everywhere, or the
            geometry has no meaning.
        UnsupportedElement: A site holds a dummy species.
    """
    if not structure.is_ordered:
        raise InvalidStructure(
            f"{name}: some sites are partially occupied; make an ordered structure of it first."
        )
    if not all(structure.lattice.pbc):
        raise InvalidStructure(f"{name}: {NOT_PERIODIC}")
    species = [int(site.specie.Z) for site in structure]
    dummies = {str(s.specie) for s, z in zip(structure, species, strict=True) if not _is_element(z)}
    if dummies:
        raise UnsupportedElement(
            f"{name}: {', '.join(sorted(dummies))} is no chemical element; "
            "replace or remove these sites."
        )
    return checked_crystal(
        species,
        structure.cart_coords,
        structure.lattice.matrix,
        name,
        held_by_sites(structure, name),
    )


def crystal_from_atoms(atoms: Atoms, name: str = "structure") -> Crystal:
    """Read an ASE ``Atoms`` that is periodic in all three directions.

    Raises:
        InvalidStructure: It is not periodic everywhere, or the geometry has no meaning.
        UnsupportedElement: An atomic number is no element.
    """
    if not np.all(atoms.pbc):
        raise InvalidStructure(f"{name}: {NOT_PERIODIC}")
    cell = np.asarray(atoms.cell)
    return checked_crystal(
        atoms.numbers, atoms.positions, cell, name, held_by_constraints(atoms, cell, name)
    )


def checked_crystal(
    species: ArrayLike,
    positions: ArrayLike,
    cell: ArrayLike,
    name: str = "structure",
    is_held: ArrayLike | None = None,
) -> Crystal:
    """Make a crystal of arrays in the engine's dtypes, with shapes and numbers that make sense.

    Args:
        species: Atomic numbers.
        positions: Cartesian, in angstrom.
        cell: Cell vectors as rows in angstrom.
        name: What to call it in messages.
        is_held: As in ``Crystal``.

    Raises:
        InvalidStructure: Names the structure and the fault.
        UnsupportedElement: An atomic number is no element.
    """
    try:
        crystal = Crystal(
            np.array(species, dtype=np.int64),
            np.array(positions, dtype=np.float64),
            np.array(cell, dtype=np.float64),
            checked_held(is_held, np.shape(positions), name),
        )
    except (TypeError, ValueError) as error:
        raise InvalidStructure(f"{name}: its arrays hold something other than numbers.") from error
    num_atoms = crystal.species.size
    if (
        crystal.species.ndim != 1
        or crystal.cell.shape != (3, 3)
        or (num_atoms > 0 and crystal.positions.shape != (num_atoms, 3))
    ):
        raise InvalidStructure(
            f"{name}: the shapes of species {crystal.species.shape}, positions "
            f"{crystal.positions.shape} and cell {crystal.cell.shape} do not make a crystal."
        )
    _check_numbers(crystal.species, name)
    try:
        check_geometry(crystal)
    except InvalidStructure as error:
        raise InvalidStructure(f"{name}: {error}") from error
    return crystal


def structure_from(crystal: Crystal) -> Structure:
    """Make a pymatgen ``Structure``; held coordinates become its selective dynamics.

    Raises:
        InvalidStructure: The crystal has no atoms.
    """
    from pymatgen.core.lattice import Lattice  # takes a second, and is not everywhere
    from pymatgen.core.structure import Structure

    if len(crystal.species) == 0:
        raise InvalidStructure("A crystal that could not be read has no structure to show.")
    return Structure(
        Lattice(crystal.cell),
        [symbol(int(number)) for number in crystal.species],
        crystal.positions,
        coords_are_cartesian=True,
        site_properties=None if crystal.is_held is None else {SELECTIVE: ~crystal.is_held},
    )


def atoms_from(crystal: Crystal) -> Atoms:
    """Make an ASE ``Atoms``, periodic in all three directions; held atoms become constraints."""
    from ase import Atoms  # not on every machine that runs the engine
    from ase.constraints import FixAtoms, FixScaled

    constraints = [
        FixAtoms(indices) if all(mask) else FixScaled(indices, mask)
        for mask, indices in held_groups(crystal.is_held)
    ]
    return Atoms(
        numbers=crystal.species,
        positions=crystal.positions,
        cell=crystal.cell,
        pbc=True,
        constraint=constraints,
    )


def _is_element(number: int) -> bool:
    return 0 < number <= LAST_ELEMENT


def _check_numbers(species: np.ndarray, name: str) -> None:
    wrong = np.unique(species[(species < 1) | (species > LAST_ELEMENT)])
    if len(wrong):
        raise UnsupportedElement(
            f"{name}: {', '.join(map(str, wrong))} is no atomic number; mend or remove these atoms."
        )
