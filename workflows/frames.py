"""Labeled frames from the files that people have, one at a time."""

from __future__ import annotations

import io
import lzma
import shutil
import sqlite3
import tempfile
import zipfile
from typing import TYPE_CHECKING, BinaryIO, TextIO

import ase.db
import ase.io
import numpy as np

from facet.errors import DataError
from facet.graph.neighbors import Crystal
from facet.training.labels import Frame, read_shards
from workflows.inputs.formats import Format, compression_of, format_of
from workflows.inputs.streams import opened
from workflows.json_frames import PARENTS, read_document, read_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ase import Atoms

DAMAGED = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    lzma.LZMAError,
    zipfile.BadZipFile,
    sqlite3.Error,
)
"""What numpy, ase, json and the unpackers raise while they read a damaged file."""


def read_frames(paths: Sequence[Path]) -> Iterator[Frame]:
    """Yield labeled frames of files in any format, streamed.

    Understood are ``.npz`` shards, ASE databases (``.db``), and, plain or compressed, JSON
    documents and lines (``workflows.json_frames`` says which) and extended XYZ.

    Raises:
        DataError: A file is missing or damaged, or a frame lacks energy, forces or stress.
    """
    for path in paths:
        if not path.is_file():
            raise DataError(f"There is no file {path}; check the path of the frames.")
        try:
            yield from _frames_of(path)
        except DAMAGED as error:
            reason = str(error) or type(error).__name__
            raise DataError(
                f"{path} cannot be read as labeled frames ({reason}); give .npz shards, extended "
                "XYZ, an ASE database or JSON with energy, forces and stress."
            ) from error


def _frames_of(path: Path) -> Iterator[Frame]:
    if path.suffix == ".npz":
        shard = read_shards([path])
        yield from shard.frames(range(len(shard)))
    elif path.suffix == ".db":
        yield from _database(path)
    else:
        yield from _text(path)


def _text(path: Path) -> Iterator[Frame]:
    def open_raw() -> BinaryIO:
        return path.open("rb")

    with opened(open_raw, path.name, limit=None) as raw:
        stream = io.TextIOWrapper(raw, encoding="utf-8")
        match format_of(path.name):
            case Format.JSON:
                yield from read_document(stream, path.name)
            case Format.JSON_LINES:
                yield from read_lines(stream, path.name)
            case _ if compression_of(path.name):
                # Unpacked first: ase seeks, which would unpack a compressed stream each time.
                with tempfile.TemporaryFile("w+", encoding="utf-8") as unpacked:
                    shutil.copyfileobj(stream, unpacked)
                    unpacked.seek(0)
                    yield from _extxyz(unpacked, path.name)
            case _:
                yield from _extxyz(stream, path.name)


def _extxyz(stream: TextIO, file_name: str) -> Iterator[Frame]:
    for number, atoms in enumerate(ase.io.iread(stream, index=":", format="extxyz")):
        yield _frame(atoms, f"{file_name}, frame {number}")


def _database(path: Path) -> Iterator[Frame]:
    with ase.db.connect(path, use_lock_file=False) as database:
        for row in database.select():
            atoms = row.toatoms()
            atoms.info.update(row.key_value_pairs)
            yield _frame(atoms, f"{path.name}, row {row.id}")


def _frame(atoms: Atoms, name: str) -> Frame:
    if atoms.calc is None:
        raise DataError(f"{name} has no energy, forces and stress; label it first.")
    results = atoms.calc.results
    missing = [key for key in ("energy", "forces", "stress") if key not in results]
    if missing:
        raise DataError(f"{name} lacks {', '.join(missing)}; label it first.")
    return Frame(
        crystal=Crystal(atoms.numbers, atoms.positions, np.array(atoms.cell.array)),
        energy=float(results["energy"]),
        forces=np.asarray(results["forces"]),
        stress=atoms.get_stress(voigt=False),
        kind=0,
        parent=next((str(atoms.info[key]) for key in PARENTS if key in atoms.info), name),
    )
