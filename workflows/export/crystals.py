"""Relaxed crystals of candidates as extended XYZ or CIF, a few hundred in memory at a time."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Literal, TextIO

from db.blocks import blocks
from db.documents import RelaxationDoc
from db.queries import documents_by_id
from facet.graph.convert import atoms_from, structure_from
from facet.graph.neighbors import Crystal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ase import Atoms

    from db.client import MongoDatabase
    from db.documents import CandidateDoc

AT_A_TIME = 200
INFO = (
    "material_id",
    "campaign_id",
    "formula_pretty",
    "stop_reason",
    "energy_above_hull",
    "formation_energy_per_atom",
    "energy_per_atom",
    "space_group_number",
    "is_flagged",
    "rank",
    "potential_fingerprint",
)
UNFIT_FOR_A_BLOCK = re.compile(r"[^A-Za-z0-9_.-]+")
LONGEST_BLOCK_NAME = 70


def write_crystals(
    database: MongoDatabase,
    candidates: Iterable[CandidateDoc],
    form: Literal["extxyz", "cif"],
    stream: TextIO,
) -> int:
    """Write the relaxed crystal of each candidate with its keys; energies in eV, or eV/atom.

    Extended XYZ gets one frame for each, CIF one data block for each, named after the candidate.

    Returns:
        How many candidates have no relaxed crystal and were left out.
    """
    num_without = 0
    for block in blocks(candidates, AT_A_TIME):
        pairs = list(_with_relaxations(database, block))
        num_without += len(block) - len(pairs)
        for candidate, relaxation in pairs:
            if form == "extxyz":
                _write_frame(candidate, relaxation, stream)
            else:
                stream.write(_cif_block(candidate, relaxation))
    return num_without


def _with_relaxations(
    database: MongoDatabase, block: list[CandidateDoc]
) -> Iterator[tuple[CandidateDoc, RelaxationDoc]]:
    relaxed = [each for each in block if each.relaxation_id is not None]
    wanted = sorted({str(each.relaxation_id) for each in relaxed})
    found = {each.relaxation_id: each for each in documents_by_id(database, RelaxationDoc, wanted)}
    return ((each, found[str(each.relaxation_id)]) for each in relaxed)


def _values(candidate: CandidateDoc) -> dict[str, Any]:
    """What is known of it, without what is not."""
    values = {name: getattr(candidate, name) for name in INFO}
    return {name: value for name, value in values.items() if value is not None}


def _write_frame(candidate: CandidateDoc, relaxation: RelaxationDoc, stream: TextIO) -> None:
    from ase.calculators.singlepoint import SinglePointCalculator
    from ase.io.extxyz import write_extxyz

    atoms: Atoms = atoms_from(Crystal(*relaxation.geometry.unpack()))
    atoms.info = {name: _on_one_line(value) for name, value in _values(candidate).items()}
    if relaxation.energy is not None:
        atoms.calc = SinglePointCalculator(atoms, energy=relaxation.energy)
    write_extxyz(stream, [atoms])


def _on_one_line(value: Any) -> Any:  # noqa: ANN401 (text, number or truth)
    """Spell out line ends of a text, which would end the frame's line of keys."""
    return json.dumps(value)[1:-1] if isinstance(value, str) and not value.isprintable() else value


def _cif_block(candidate: CandidateDoc, relaxation: RelaxationDoc) -> str:
    from pymatgen.io.cif import CifBlock, CifWriter

    structure = structure_from(Crystal(*relaxation.geometry.unpack()))
    (written,) = CifWriter(structure).cif_file.data.values()
    known = {f"_facet_{name}": _cif_text(value) for name, value in _values(candidate).items()}
    data = {**written.data, **known}
    loops = [*written.loops, *([name] for name in known)]
    name = UNFIT_FOR_A_BLOCK.sub("_", candidate.material_id)[:LONGEST_BLOCK_NAME]
    return f"{CifBlock(data, _single(loops, data), name)}\n"


def _single(loops: list[list[str]], data: dict[str, Any]) -> list[list[str]]:
    """Keep loops only; what has one value is written by itself."""
    return [loop for loop in loops if isinstance(data[loop[0]], list)]


def _cif_text(value: Any) -> str:  # noqa: ANN401 (text, number or truth)
    """A value as CIF text on one line; other characters than ASCII are spelled out."""
    return json.dumps(value)[1:-1] if isinstance(value, str) else json.dumps(value)
