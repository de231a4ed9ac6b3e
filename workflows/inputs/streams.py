"""Bytes of a file or an archive member: unpacked on the way, never more than allowed."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

from workflows.inputs.crystal import UnreadableError
from workflows.inputs.formats import compression_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MIB = 2**20


@contextmanager
def opened(
    open_raw: Callable[[], BinaryIO], file_name: str, limit: int | None
) -> Iterator[BinaryIO]:
    """Open a file, unpack it if its name says so, and close it afterwards.

    Args:
        open_raw: Gives the bytes as they are stored.
        file_name: Its suffix tells the compression.
        limit: Unpacked bytes beyond which reading fails; None for a file without limit.
    """
    with open_raw() as raw, _decompressed(raw, file_name) as stream:
        yield stream if limit is None else _bounded(stream, limit)


def _decompressed(stream: BinaryIO, file_name: str) -> BinaryIO:
    match compression_of(file_name):
        case ".xz":
            return cast("BinaryIO", lzma.LZMAFile(stream))
        case ".gz":
            return cast("BinaryIO", gzip.GzipFile(fileobj=stream))
        case ".bz2":
            return cast("BinaryIO", bz2.BZ2File(stream))
        case _:
            return stream


class BoundedStream(io.RawIOBase):
    """A stream that refuses to give more than a number of bytes, whatever its header promised."""

    def __init__(self, stream: BinaryIO, limit: int) -> None:
        super().__init__()
        self._stream = stream
        self._limit = limit
        self._given = 0

    def readable(self) -> bool:
        """Say that this stream can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer from the stream below.

        Raises:
            UnreadableError: The limit is passed.
        """
        chunk = self._stream.read(len(buffer))
        self._given += len(chunk)
        if self._given > self._limit:
            raise UnreadableError(member_too_large(self._limit))
        buffer[: len(chunk)] = chunk
        return len(chunk)


def _bounded(stream: BinaryIO, limit: int) -> BinaryIO:
    return cast("BinaryIO", io.BufferedReader(BoundedStream(stream, limit)))


def member_too_large(limit: int) -> str:
    """Return the predicate for an archive member that is over the limit."""
    return f"unpacks to more than {limit / _MIB:.0f} MiB: split it, or unpack the archive first."


def whole_text(stream: BinaryIO, limit: int) -> str:
    """Read a file that makes sense only as a whole.

    Raises:
        UnreadableError: It is empty, or larger than the limit.
    """
    content = stream.read(limit + 1)
    if len(content) > limit:
        raise UnreadableError(
            f"is larger than {limit / _MIB:.0f} MiB as one document: split it, or write one "
            f"structure a line (.jsonl)."
        )
    if not content.strip():
        raise UnreadableError("is empty: write it again or leave it out.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")  # old CIFs carry authors' names in it


def text_lines(stream: BinaryIO, limit: int) -> Iterator[str]:
    """Yield the lines of a file one by one, without their ends.

    Raises:
        UnreadableError: A line is longer than the limit.
    """
    is_first = True
    while raw := stream.readline(limit + 1):
        if len(raw) > limit:
            raise UnreadableError(
                f"holds a line of more than {limit / _MIB:.0f} MiB: check that it is the format "
                f"that its name says."
            )
        yield raw.decode("utf-8-sig" if is_first else "utf-8", errors="replace").rstrip("\r\n")
        is_first = False
