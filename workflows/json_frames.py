"""Labeled frames written as JSON: the public collections' ways, and our own.

Three kinds of record are understood, alone in a line, in a list, in an object, or in an object of
objects as in MPtrj (``{mp_id: {frame_id: record}}``):

* MPtrj and CHGNet: ``structure``, ``uncorrected_total_energy``, ``force``, ``stress`` (3 x 3, kbar,
  VASP's sign);
* MatPES: ``matpes_id``, ``structure``, ``energy``, ``forces``, ``stress`` (xx, yy, zz, yz, xz, xy
  in kbar, VASP's sign);
* ours, for DFT results: ``structure`` (a pymatgen dict), or ``cell``, ``species`` and
  ``positions`` (Cartesian); ``energy`` of the whole cell (eV), ``forces`` (eV/angstrom),
  ``stress`` (3 x 3, eV/angstrom^3, ASE's sign), and ``parent`` where frames stem from one crystal.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from facet.errors import DataError
from facet.graph.convert import checked_crystal
from facet.graph.elements import SYMBOLS
from facet.training.labels import Frame
from facet.units import ev_per_cubic_angstrom_from_vasp_kilobar
from workflows.json_stream import members

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from facet.graph.neighbors import Crystal

Record = dict[str, Any]

CORRECTED = {"corrected_total_energy", "energy_per_atom"}
PARENTS = ("parent", "mp_id", "material_id")
VOIGT = ((0, 5, 4), (5, 1, 3), (4, 3, 2))


def read_document(stream: TextIO, file_name: str) -> Iterator[Frame]:
    """Yield the frames of one JSON document without holding it in memory.

    Raises:
        DataError: A record is no labeled frame.
    """
    for key, value in members(stream):
        if not isinstance(value, dict):
            raise DataError(f"{file_name}, {key} is no labeled frame but a {type(value).__name__}.")
        if is_record(value):
            yield frame_from(value, f"{file_name}, {key}")
            continue
        for frame_key, record in value.items():
            if not isinstance(record, dict) or not is_record(record):
                raise DataError(f"{file_name}, {key}, {frame_key} is no labeled frame.")
            yield frame_from({"parent": key, **record}, f"{file_name}, {frame_key}")


def read_lines(stream: TextIO, file_name: str) -> Iterator[Frame]:
    """Yield the frame of every line.

    Raises:
        DataError: A line is no labeled frame.
    """
    for number, line in enumerate(stream, start=1):
        if not line.strip():
            continue
        record = json.loads(line)
        if not isinstance(record, dict) or not is_record(record):
            raise DataError(f"{file_name}, line {number} is no labeled frame.")
        yield frame_from(record, f"{file_name}, line {number}")


def is_record(value: Mapping[str, Any]) -> bool:
    """Say whether an object is one labeled frame."""
    return isinstance(value.get("structure"), dict) or "cell" in value


def frame_from(record: Record, name: str) -> Frame:
    """Read one record.

    Raises:
        DataError: A label is missing or has the wrong shape, or a site is no single element.
        InvalidStructure: The geometry has no meaning.
    """
    crystal = _crystal(record, name)
    forces = np.array(_label(record, name, "forces", "force"), dtype=np.float64)
    stress = _stress(record, name)
    if forces.shape != crystal.positions.shape or stress.shape != (3, 3):
        raise DataError(
            f"{name}: forces of shape {forces.shape} and stress of shape {stress.shape} do not fit "
            f"{len(crystal.species)} atoms; forces are (atoms, 3), the stress is (3, 3)."
        )
    parent = next((str(record[key]) for key in PARENTS if record.get(key)), name)
    return Frame(crystal, _energy(record, name), forces, stress, kind=0, parent=parent)


def _label(record: Record, name: str, *keys: str) -> Any:  # noqa: ANN401 (JSON)
    """Return the first label that is there."""
    for key in keys:
        if record.get(key) is not None:
            return record[key]
    raise DataError(f"{name} lacks {keys[0]}; label it first.")


def _energy(record: Record, name: str) -> float:
    keys = ("energy", "uncorrected_total_energy")
    if CORRECTED & set(record) and not any(record.get(key) is not None for key in keys):
        raise DataError(
            f"{name} has corrected energies only; training needs uncorrected total energies "
            "(uncorrected_total_energy or energy, in eV)."
        )
    return float(_label(record, name, *keys))


def _stress(record: Record, name: str) -> np.ndarray:
    """Stress in eV/angstrom^3 and ASE's sign, from the way that the record's kind writes it."""
    stress = np.array(_label(record, name, "stress"), dtype=np.float64)
    if "matpes_id" in record and stress.shape == (6,):
        stress = stress[np.array(VOIGT)]
    if "matpes_id" in record or "force" in record:
        return stress * ev_per_cubic_angstrom_from_vasp_kilobar(1.0)
    return stress


def _crystal(record: Record, name: str) -> Crystal:
    if "cell" in record:
        species = [_number(each, name) for each in _label(record, name, "species")]
        return checked_crystal(species, _label(record, name, "positions"), record["cell"], name)
    structure = record["structure"]
    cell = np.array(structure["lattice"]["matrix"], dtype=np.float64)
    sites = structure["sites"]
    fractions = np.array([site["abc"] for site in sites], dtype=np.float64)
    return checked_crystal([_of_site(site, name) for site in sites], fractions @ cell, cell, name)


def _of_site(site: Record, name: str) -> int:
    species = site["species"]
    if len(species) != 1 or species[0].get("occu", 1) != 1:
        raise DataError(f"{name} has partially occupied sites; make an ordered structure of it.")
    return _number(species[0]["element"], name)


def _number(element: object, name: str) -> int:
    """Atomic number of a symbol or of a number."""
    if isinstance(element, int):
        return element
    if element not in SYMBOLS[1:]:
        raise DataError(f"{name}: {element!r} is no chemical element; mend or remove the frame.")
    return SYMBOLS.index(str(element))
