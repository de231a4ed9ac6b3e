"""Labeled frames from the files that people have."""

from __future__ import annotations

import io
import lzma
import zipfile
from typing import TYPE_CHECKING

import ase.io
import numpy as np

from facet.errors import DataError
from facet.graph.neighbors import Crystal
from facet.training.labels import Frame, read_shards

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ase import Atoms

DAMAGED = (OSError, EOFError, ValueError, LookupError, lzma.LZMAError, zipfile.BadZipFile)
"""What numpy, ase and the unpackers raise while they read a damaged file."""


def read_frames(paths: Sequence[Path]) -> Iterator[Frame]:
    """Yield labeled frames of ``.npz`` shards and of extended XYZ files, plain or ``.xz``.

    Raises:
        DataError: A file is missing or damaged, or a frame lacks energy, forces or stress.
    """
    for path in paths:
        if not path.is_file():
            raise DataError(f"There is no file {path}; check the path of the frames.")
        try:
            yield from _shard(path) if path.suffix == ".npz" else _extxyz(path)
        except DAMAGED as error:
            reason = str(error) or type(error).__name__
            raise DataError(
                f"{path} cannot be read as labeled frames ({reason}); give .npz shards or extended "
                "XYZ with energy, forces and stress."
            ) from error


def _shard(path: Path) -> Iterator[Frame]:
    shard = read_shards([path])
    yield from shard.frames(range(len(shard)))


def _extxyz(path: Path) -> Iterator[Frame]:
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt") as stream:
        # Unpacked first: ase seeks, and a compressed stream would be unpacked anew each time.
        text = io.StringIO(stream.read())
    for number, atoms in enumerate(ase.io.iread(text, index=":", format="extxyz")):
        yield _frame(atoms, f"{path.name}, frame {number}")


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
        parent=name,
    )
