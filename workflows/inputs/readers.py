"""CIF and POSCAR, which are read as a whole, and the table of all readers."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from pymatgen.io.cif import CifParser
from pymatgen.io.vasp.inputs import Poscar

from workflows.inputs.crystal import Record, UnreadableError
from workflows.inputs.documents import read_json, read_json_lines
from workflows.inputs.extxyz import read_extxyz
from workflows.inputs.formats import Format
from workflows.inputs.guard import guarded
from workflows.inputs.metadata import plain_info
from workflows.inputs.streams import whole_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymatgen.core.structure import Structure

    from workflows.inputs.crystal import ReadLimits


def reader_for(kind: Format) -> Callable[[BinaryIO, ReadLimits], Iterator[Record]]:
    """Return the reader of a format that holds crystals; archives have none."""
    return {
        Format.CIF: read_cif,
        Format.POSCAR: read_poscar,
        Format.EXTXYZ: read_extxyz,
        Format.JSON: read_json,
        Format.JSON_LINES: read_json_lines,
    }[kind]


def read_cif(stream: BinaryIO, limits: ReadLimits) -> Iterator[Record]:
    """Yield the crystal of every data block that has atoms.

    Raises:
        UnreadableError: No block has atoms.
    """
    blocks = _cif_blocks(whole_text(stream, limits.document_bytes))
    crystals = [(name, text) for name, text in blocks if "_atom_site_" in text.lower()]
    if not crystals:
        raise UnreadableError(
            "holds no atom sites: check that it is a whole CIF with _atom_site_ entries."
        )
    is_single = len(crystals) == 1
    for index, (name, text) in enumerate(crystals, start=1):
        yield _cif_record(name, text, None if is_single else index)


def _cif_blocks(text: str) -> Iterator[tuple[str, str]]:
    """Split a CIF at its data_ lines, leaving those inside ;-quoted text alone."""
    lines: list[str] = []
    name, is_quoted = "", False
    for line in text.splitlines():
        if line.startswith(";"):
            is_quoted = not is_quoted
        if not is_quoted and line.lower().startswith("data_"):
            yield name, "\n".join(lines)
            name, lines = line[len("data_") :].strip(), []
        lines.append(line)
    yield name, "\n".join(lines)


def _cif_record(name: str, text: str, index: int | None) -> Record:
    info = plain_info({"cif_block": name} if name else {})
    try:
        structure, notes = guarded(
            lambda: _parse_cif(text),
            "could not be read as CIF",
            "correct the entry or export the file again",
        )
    except UnreadableError as error:
        return Record(fault=str(error), index=index, info=info)
    return Record(structure=structure, index=index, info=info, notes=notes)


def _parse_cif(text: str) -> Structure:
    return CifParser.from_str(text).parse_structures(primitive=False, on_error="raise")[0]


def read_poscar(stream: BinaryIO, limits: ReadLimits) -> Iterator[Record]:
    """Yield the one crystal of a POSCAR, with its selective dynamics as a site property.

    Raises:
        UnreadableError: It cannot be parsed, or names no elements.
    """
    text = whole_text(stream, limits.document_bytes)
    poscar, notes = guarded(
        lambda: Poscar.from_str(text, read_velocities=False),
        "could not be read as POSCAR",
        "check the lines for the cell, the elements and their counts",
    )
    if any("cannot be determined" in note for note in notes):
        # pymatgen would go on with hydrogen, helium, ... in place of the unknown elements.
        raise UnreadableError(
            "names no elements: add the line of element symbols above the line of counts."
        )
    info = plain_info({"comment": poscar.comment} if poscar.comment else {})
    yield Record(structure=_with_plain_flags(poscar.structure), info=info, notes=notes)


def _with_plain_flags(structure: Structure) -> Structure:
    """Return the structure with its selective dynamics as lists, as everything else has them."""
    flags = structure.site_properties.get("selective_dynamics")
    if flags is None:
        return structure
    plain = [[bool(is_free) for is_free in axes] for axes in flags]
    return structure.copy(site_properties={"selective_dynamics": plain})
