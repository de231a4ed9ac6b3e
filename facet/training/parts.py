"""Arrays on disk: opened without reading them, joined without copying them."""

from __future__ import annotations

import struct
import zipfile
from bisect import bisect_right
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from facet.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO, Literal

    from numpy.typing import DTypeLike

LOCAL_HEADER = 30
"""Bytes of a zip member's own header before its name."""


class Parts:
    """Arrays one after the other that are read only where they are asked for.

    Args:
        arrays: Arrays that agree in all but their first length and their precision.
    """

    def __init__(self, arrays: Sequence[np.ndarray]) -> None:
        self.arrays = list(arrays)
        self.dtype = np.result_type(*self.arrays)
        lengths = [len(each) for each in self.arrays]
        self.starts = [0, *np.cumsum(lengths).tolist()][:-1]

    def __getitem__(self, rows: slice) -> np.ndarray:
        """Return rows that lie in one of the arrays."""
        number = bisect_right(self.starts, rows.start) - 1
        first = self.starts[number]
        found = self.arrays[number][rows.start - first : rows.stop - first]
        return found.astype(self.dtype, copy=False)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:  # noqa: FBT001 (numpy's protocol)
        """Read everything."""
        return np.concatenate(self.arrays, dtype=dtype or self.dtype)

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield array after array in the common precision."""
        return (each.astype(self.dtype, copy=False) for each in self.arrays)


def join(arrays: Sequence[np.ndarray]) -> np.ndarray | Parts:
    """Join arrays; those that lie on disk stay there."""
    if len(arrays) == 1:
        return arrays[0]
    if all(isinstance(each, np.memmap) for each in arrays):
        return Parts(arrays)
    return np.concatenate(arrays)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read the arrays of an ``.npz`` file.

    Raises:
        DataError: The file is damaged.
    """
    with _opened(path) as pack:
        return {name: pack[name] for name in pack.files}


def map_arrays(path: Path) -> dict[str, np.ndarray]:
    """Open the arrays of an ``.npz`` file without reading those that are not compressed.

    The file must not be changed while they are in use.

    Raises:
        DataError: The file is damaged.
    """
    with _opened(path) as pack, path.open("rb") as stream:
        mapped = {
            member.filename.removesuffix(".npy"): _mapped(path, stream, member)
            for member in pack.zip.infolist()
            if member.compress_type == zipfile.ZIP_STORED
        }
        return {name: _either(mapped.get(name), pack, name) for name in pack.files}


@contextmanager
def _opened(path: Path) -> Iterator[Any]:  # numpy's own type hides that it has an archive
    """Open a file, and say which one it is if it is damaged."""
    try:
        # Opened here, because numpy leaves a file open in which it finds no archive.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as pack:
            yield pack
    except (zipfile.BadZipFile, EOFError, ValueError) as error:
        raise DataError(
            f"{path} cannot be read as labeled frames: it is no whole .npz file, so make or copy "
            "it anew."
        ) from error


def _either(mapped: np.ndarray | None, pack: np.lib.npyio.NpzFile, name: str) -> np.ndarray:
    found: np.ndarray = pack[name] if mapped is None else mapped
    return found


def _mapped(path: Path, stream: BinaryIO, member: zipfile.ZipInfo) -> np.ndarray | None:
    """Map one stored array; None when it is empty, which cannot be mapped."""
    stream.seek(member.header_offset)
    name_length, extra_length = struct.unpack("<HH", stream.read(LOCAL_HEADER)[-4:])
    stream.seek(name_length + extra_length, 1)
    is_first_version = np.lib.format.read_magic(stream) == (1, 0)
    read = (
        np.lib.format.read_array_header_1_0
        if is_first_version
        else np.lib.format.read_array_header_2_0
    )
    shape, is_fortran, dtype = read(stream)
    if 0 in shape or dtype.hasobject:
        return None
    order: Literal["F", "C"] = "F" if is_fortran else "C"
    array: np.ndarray = np.memmap(path, dtype, "r", stream.tell(), shape, order)
    return array
