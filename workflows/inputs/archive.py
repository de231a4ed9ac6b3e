"""Members of zip and tar archives, read in memory; nothing is ever unpacked to disk."""

from __future__ import annotations

import lzma
import tarfile
import zipfile
import zlib
from functools import partial
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from workflows.inputs.formats import Format, format_of
from workflows.inputs.sources import ArchiveFile, PassedOver, Source, unreadable
from workflows.inputs.streams import member_too_large, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflows.inputs.crystal import ReadLimits

BROKEN_BYTES = (
    OSError,
    EOFError,
    RuntimeError,
    NotImplementedError,
    lzma.LZMAError,
    zlib.error,
    zipfile.BadZipFile,
    tarfile.TarError,
)
"""What Python raises while it reads or unpacks a damaged file."""

_ENCRYPTED = 0x1


def sources_in(archive: ArchiveFile, limits: ReadLimits) -> Iterator[Source]:
    """Yield the members of an archive; a broken archive is one source with a fault."""
    members = _zip_members if archive.kind is Format.ZIP else _tar_members
    try:
        if archive.kind is Format.TAR and not tarfile.is_tarfile(archive.path):
            fault = "is no tar archive: pack it again, or rename it to what it is."
            yield Source(archive.label, archive.path.name, fault=fault)
            return
        yield from members(archive, limits)
    except BROKEN_BYTES as error:
        yield Source(archive.label, archive.path.name, fault=unreadable(error))


def _zip_members(archive: ArchiveFile, limits: ReadLimits) -> Iterator[Source]:
    rest = PassedOver(archive.label)
    with zipfile.ZipFile(archive.path) as pack:
        for info in sorted(pack.infolist(), key=lambda info: info.filename):
            if info.is_dir() or not _is_wanted(info.filename, rest):
                continue
            if info.flag_bits & _ENCRYPTED:
                yield _refused(archive, info.filename, "is encrypted: remove the password.")
            else:
                raw = partial(pack.open, info)
                yield _member(archive, info.filename, info.file_size, raw, limits)
    yield from rest.closing()


def _tar_members(archive: ArchiveFile, limits: ReadLimits) -> Iterator[Source]:
    """Yield members in the archive's own order: sorting would unpack it once per member."""
    rest = PassedOver(archive.label)
    with tarfile.open(archive.path, "r:*") as pack:
        for info in pack:
            if info.isdir() or not _is_wanted(info.name, rest):
                continue
            if info.isfile():
                raw = partial(pack.extractfile, info)
                yield _member(archive, info.name, info.size, raw, limits)
            else:
                yield _refused(archive, info.name, "is a link or device: put the file itself in.")
        _check_end(pack)
    yield from rest.closing()


def _check_end(pack: tarfile.TarFile) -> None:
    """Refuse a tar whose members stop at a damaged header, which tarfile takes for the end."""
    stream = cast("IO[bytes]", pack.fileobj)
    stream.seek(pack.offset)
    if stream.read(tarfile.BLOCKSIZE).strip(b"\0"):
        raise tarfile.ReadError("its next member is damaged or cut off")


def _is_wanted(name: str, rest: PassedOver) -> bool:
    """Say whether a member is for reading, or for a spoken refusal."""
    return (_escapes(name) and format_of(name) is not None) or rest.takes(name)


def _member(
    archive: ArchiveFile,
    name: str,
    size: int,
    open_raw: Callable[[], IO[bytes] | None],
    limits: ReadLimits,
) -> Source:
    if _escapes(name):
        fault = "has a path that leaves the archive: pack it again with plain relative names."
        return _refused(archive, name, fault)
    if format_of(name) in (Format.ZIP, Format.TAR):
        return _refused(archive, name, "is an archive inside an archive: unpack the outer one.")
    if size > limits.member_bytes:
        return _refused(archive, name, member_too_large(limits.member_bytes))
    # tarfile's extractfile gives None only for members that are no files, which never come here.
    open_bytes = cast("Callable[[], BinaryIO]", open_raw)
    unpacked = partial(opened, open_bytes, name, limits.member_bytes)
    return Source(_label(archive, name), name, open=unpacked)


def _refused(archive: ArchiveFile, name: str, fault: str) -> Source:
    return Source(_label(archive, name), name, fault=fault)


def _label(archive: ArchiveFile, name: str) -> str:
    return f"{archive.label}:{name}"


def _escapes(name: str) -> bool:
    """Say whether a member's name points outside the archive, on any system."""
    path = PurePosixPath(name.replace("\\", "/"))
    has_drive = len(name) > 1 and name[1] == ":"
    return path.is_absolute() or ".." in path.parts or has_drive
