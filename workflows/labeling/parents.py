"""Crystals that frames are made from: packed arrays, or any file that people have."""

from __future__ import annotations

import io
import lzma
import zipfile
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from facet.errors import DataError, FacetError
from facet.graph.convert import checked_crystal, crystal_from_structure
from facet.training.labels import reduced_formula
from workflows.labeling.frames import Parent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from facet.training.labels import Formula

FIXED_POINT = 2**20
"""Packed fractions that are whole numbers count these parts of a cell."""

MOST_SECONDS_TO_COUNT = 30.0

DAMAGED = (OSError, EOFError, ValueError, KeyError, lzma.LZMAError, zipfile.BadZipFile)


class Rejected(NamedTuple):
    """A crystal of the input that cannot be used, and one sentence that says why."""

    name: str
    fault: str


def read_parents(paths: Sequence[Path], limit: int | None = None) -> Iterator[Parent | Rejected]:
    """Yield the crystals of files one at a time; a bad one comes as its fault.

    Args:
        paths: Packed arrays (``.npz`` or ``.npz.xz`` with n, Z, frac, cell and id), and anything
            that ``read_crystals`` takes.
        limit: Stop after so many.

    Raises:
        DataError: A packed file is damaged.
        InputError: A path does not exist.
    """
    return islice(_all(paths), limit)


def num_parents(
    paths: Sequence[Path], limit: int | None = None, most_seconds: float = MOST_SECONDS_TO_COUNT
) -> int | None:
    """Count the good crystals of files by reading them; None where that takes too long.

    Args:
        paths: As in ``read_parents``.
        limit: Stop after so many.
        most_seconds: Give up after this time.

    Raises:
        DataError: A packed file is damaged.
        InputError: A path does not exist.
    """
    started, number = perf_counter(), 0
    for each in read_parents(paths, limit):
        number += isinstance(each, Parent)
        if perf_counter() - started > most_seconds:
            return None
    return number


def read_formulas(paths: Iterable[Path]) -> set[Formula]:
    """Reduced formulas of the crystals of files, or of a list as a training config names it.

    A ``.txt`` file holds formulas as atomic numbers and counts, such as ``11-1;17-1;``.

    Raises:
        DataError: A file cannot be read.
        InputError: A path does not exist.
    """
    found: set[Formula] = set()
    for path in paths:
        if path.suffix == ".txt":
            found |= _listed(path)
            continue
        parents = read_parents([path])
        found |= {reduced_formula(e.crystal.species) for e in parents if isinstance(e, Parent)}
    return found


def _all(paths: Sequence[Path]) -> Iterator[Parent | Rejected]:
    packed = [path for path in paths if path.name.endswith((".npz", ".npz.xz"))]
    for path in packed:
        yield from _packed(path)
    others = [path for path in paths if path not in packed]
    if others:
        yield from _from_files(others)


def _packed(path: Path) -> Iterator[Parent | Rejected]:
    arrays = _arrays(path)
    scale = FIXED_POINT if np.issubdtype(arrays["frac"].dtype, np.integer) else 1
    counts = arrays["n"].astype(np.int64)
    starts = np.cumsum(counts) - counts
    for index, (start, count) in enumerate(zip(starts, counts, strict=True)):
        atoms = slice(int(start), int(start + count))
        name = _text(arrays["id"][index])
        cell = arrays["cell"][index].astype(np.float64)
        positions = arrays["frac"][atoms].astype(np.float64) / scale @ cell
        try:
            yield Parent(name, checked_crystal(arrays["Z"][atoms], positions, cell, name))
        except FacetError as error:
            yield Rejected(name, str(error))


def _arrays(path: Path) -> dict[str, np.ndarray]:
    opener = lzma.open if path.suffix == ".xz" else Path.open
    try:
        with opener(path, "rb") as stream:
            data = io.BytesIO(stream.read())
        with np.load(data, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in ("n", "Z", "frac", "cell", "id")}
    except DAMAGED as error:
        raise DataError(
            f"{path} cannot be read as packed crystals ({error}); it needs the arrays n, Z, frac, "
            "cell and id."
        ) from error


def _text(value: np.bytes_ | np.str_) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _from_files(paths: Sequence[Path]) -> Iterator[Parent | Rejected]:
    from workflows.inputs import read_crystals  # brings pymatgen, which packed crystals do not need

    for each in read_crystals(paths):
        if each.structure is None:
            yield Rejected(each.name, each.fault or "it cannot be read")
            continue
        try:
            yield Parent(each.name, crystal_from_structure(each.structure, each.name))
        except FacetError as error:
            yield Rejected(each.name, str(error))


def _listed(path: Path) -> set[Formula]:
    try:
        lines = path.read_text().split()
        pairs = [[part.split("-") for part in line.split(";") if part] for line in lines]
        return {tuple((int(number), int(count)) for number, count in line) for line in pairs}
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path} cannot be read as formulas ({error}); write one a line, such as 11-1;17-1;"
        ) from error
