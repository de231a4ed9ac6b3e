"""Crystals of candidates as files to download."""

import io
import json
import re
from typing import TYPE_CHECKING, Literal

from fastapi import Response
from pydantic import Field

from db.client import MongoDatabase
from db.documents import CandidateDoc
from db.documents.fields import Part
from db.errors import MissingDocumentError
from workflows.api.one import input_of, relaxation_of

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

MEDIA_TYPES = {
    "cif": "chemical/x-cif; charset=utf-8",
    "poscar": "text/plain; charset=utf-8",
    "json": "application/json",
}
UNFIT_FOR_A_FILE = re.compile(r"[^A-Za-z0-9_-]+")
LONGEST_NAME = 70


class CrystalFile(Part):
    """Which crystal of a candidate, in which format."""

    format: Literal["cif", "poscar", "json"] = Field(default="cif", description="Of the file.")
    which: Literal["relaxed", "input"] = Field(
        default="relaxed", description="As it was left, or as it was given."
    )


def crystal_file(database: MongoDatabase, candidate: CandidateDoc, asked: CrystalFile) -> Response:
    """Return a crystal as a file that browsers store.

    Raises:
        MissingDocumentError: The candidate has no such crystal.
    """
    structure = _structure(database, candidate, asked.which)
    name = UNFIT_FOR_A_FILE.sub("_", candidate.material_id)[:LONGEST_NAME]
    return Response(
        _text(database, candidate, structure, asked),
        media_type=MEDIA_TYPES[asked.format],
        headers={"Content-Disposition": f'attachment; filename="{name}.{asked.format}"'},
    )


def _structure(database: MongoDatabase, candidate: CandidateDoc, which: str) -> "Structure":
    from workflows.convert import structure_of  # pymatgen, a second

    stored = (
        input_of(database, candidate) if which == "input" else relaxation_of(database, candidate)
    )
    if stored is None:
        raise MissingDocumentError("This candidate has no such crystal; its status says why.")
    return structure_of(stored.geometry)


def _text(
    database: MongoDatabase, candidate: CandidateDoc, structure: "Structure", asked: CrystalFile
) -> str:
    if asked.format == "json":
        return json.dumps(structure.as_dict())
    if asked.format == "poscar":
        from pymatgen.io.vasp.inputs import Poscar

        return str(Poscar(structure, comment=candidate.formula_pretty).get_str())
    if asked.which == "relaxed":
        from workflows.export.crystals import write_crystals

        stream = io.StringIO()
        write_crystals(database, [candidate], "cif", stream)
        return stream.getvalue()
    from pymatgen.io.cif import CifWriter

    return str(CifWriter(structure))
