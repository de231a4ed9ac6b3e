"""Extended XYZ, frame by frame: a million crystals stream through in constant memory."""

from __future__ import annotations

import io
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from ase.io.extxyz import read_xyz
from pymatgen.core.lattice import Lattice
from pymatgen.core.periodic_table import Element
from pymatgen.core.structure import Structure

from workflows.inputs.crystal import Record, UnreadableError
from workflows.inputs.guard import guarded
from workflows.inputs.metadata import plain_info
from workflows.inputs.streams import text_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ase import Atoms

    from workflows.inputs.crystal import ReadLimits

ID_KEYS = ("material_id", "name", "id")
"""Keys whose value names a crystal, in this order."""

_SITE_PROPERTIES = {
    "initial_magmoms": "magmom",
    "magmoms": "magmom",
    "magmom": "magmom",
    "initial_charges": "charge",
    "oxi_states": "oxidation_state",
    "oxidation_state": "oxidation_state",
    "selective_dynamics": "selective_dynamics",
}


def read_extxyz(stream: BinaryIO, limits: ReadLimits) -> Iterator[Record]:
    """Yield every frame; a frame that makes no sense is a record with a fault.

    Raises:
        UnreadableError: Without a count of atoms where a frame should begin, the rest is lost.
    """
    lines = text_lines(stream, limits.line_bytes)
    index = 0
    for header in lines:
        if not header.strip():
            continue
        index += 1
        num_atoms = _num_atoms(header, index, limits)
        yield _frame(index, header, list(islice(lines, num_atoms + 1)), num_atoms)
    if index == 0:
        raise UnreadableError("is empty: write it again or leave it out.")


def _num_atoms(header: str, index: int, limits: ReadLimits) -> int:
    try:
        num_atoms = int(header)
    except ValueError:
        num_atoms = -1
    if num_atoms < 0:
        shown = header.strip()[:40]
        raise UnreadableError(
            f"has '{shown}' where crystal {index} should begin with its number of atoms: correct "
            f"the count of the crystal before it, or that line; nothing after it was read."
        )
    if num_atoms > limits.atoms:
        raise UnreadableError(
            f"announces {num_atoms} atoms for crystal {index}, over the limit of {limits.atoms}: "
            f"correct the count or leave that crystal out; nothing after it was read."
        )
    return num_atoms


def _frame(index: int, header: str, body: list[str], num_atoms: int) -> Record:
    if len(body) <= num_atoms:
        found = max(len(body) - 1, 0)
        return Record(
            fault=f"ends after {found} of {num_atoms} atoms: the file is cut short, get it again.",
            index=index,
        )
    try:
        atoms, notes = guarded(
            lambda: next(read_xyz(io.StringIO("\n".join((header, *body))), index=0)),
            "could not be read as extxyz",
            "correct its comment line and atom lines",
        )
        info = plain_info({**atoms.info, **_results(atoms)})
        structure, _ = guarded(
            lambda: _structure(atoms),
            "could not be made into a crystal",
            "correct its Lattice and its columns",
        )
    except UnreadableError as error:
        return Record(fault=str(error), index=index)
    return Record(
        structure=structure,
        index=index,
        suggested_name=suggested_name(info),
        info=info,
        notes=notes,
    )


def suggested_name(info: dict[str, Any]) -> str | None:
    """Return the identifier that metadata holds, if any."""
    found = (info[key] for key in ID_KEYS if isinstance(info.get(key), str | int))
    return next((str(value) for value in found), None)


def _results(atoms: Atoms) -> dict[str, Any]:
    """Return the energy and other numbers per crystal, which ASE moves out of ``info``."""
    if atoms.calc is None:
        return {}
    return {key: value for key, value in atoms.calc.results.items() if np.ndim(value) == 0}


def _structure(atoms: Atoms) -> Structure:
    if not atoms.cell.any():
        raise UnreadableError(
            'gives no cell: add Lattice="ax ay az bx by bz cx cy cz" in angstrom to its comment.'
        )
    along_a, along_b, along_c = (bool(flag) for flag in atoms.pbc)
    return Structure(
        Lattice(atoms.cell.array, pbc=(along_a, along_b, along_c)),
        [_element(number) for number in atoms.numbers],
        atoms.positions,
        coords_are_cartesian=True,
        site_properties=_site_properties(atoms),
    )


def _element(number: int) -> Element:
    if number == 0:
        raise UnreadableError(
            "has an atom 'X', which is no chemical element: replace it by the element meant."
        )
    return Element.from_Z(int(number))


def _site_properties(atoms: Atoms) -> dict[str, list[Any]]:
    """Return the columns that mean something to a relaxation; forces and the like are left."""
    results = {} if atoms.calc is None else atoms.calc.results
    columns = {**atoms.arrays, **results}
    found = {
        ours: columns[theirs].tolist()
        for theirs, ours in _SITE_PROPERTIES.items()
        if theirs in columns and np.ndim(columns[theirs]) > 0
    }
    is_free = _free_axes(atoms)
    return found if is_free.all() else {**found, "selective_dynamics": is_free.tolist()}


def _free_axes(atoms: Atoms) -> np.ndarray:
    """Return which coordinates may move, booleans of shape (atoms, 3)."""
    is_free = np.ones((len(atoms), 3), dtype=bool)
    for constraint in atoms.constraints:
        fixed = np.asarray(getattr(constraint, "mask", [True, True, True]), dtype=bool)
        is_free[constraint.get_indices()] &= ~fixed
    return is_free
