"""Reading archives that anyone may have made: every byte is checked before one is believed."""

from __future__ import annotations

import hashlib
import stat
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

import bson
from bson.errors import BSONError
from pydantic import ValidationError

from db.archive.manifest import BLOBS, MANIFEST, MEMBERS, Manifest
from db.errors import ArchiveError
from db.storing import MAX_DOCUMENT_BYTES, UTC_TIMES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from zipfile import ZipInfo

LENGTH_BYTES = 4
LEAST_DOCUMENT_BYTES = 5
LARGEST_MANIFEST_BYTES = 16 * 2**20
LARGEST_BLOB_BYTES = 2**30
SMALL_MEMBER_BYTES = 64 * 2**20
LARGEST_RATIO = 250
"""Of decompressed to compressed bytes in a member that is not small: documents shrink to a tenth,
and what shrinks more is made to fill a disk."""

IS_ENCRYPTED = 1


class ArchiveReader:
    """The members of one archive, as streams of documents."""

    def __init__(self, archive: ZipFile, path: Path) -> None:
        self._archive = archive
        self._path = path
        self._infos = self._checked_infos()
        self.manifest = self._read_manifest()

    def documents(self, name: str) -> Iterator[dict[str, Any]]:
        """Yield the documents of a member.

        Raises:
            ArchiveError: It is not what the manifest says; told after the last document.
        """
        said = self.manifest.members[name]
        digest, num_documents, num_left = hashlib.sha256(), 0, said.num_bytes
        with self._archive.open(self._infos[name]) as file:
            while num_left and (encoded := self._next_document(file, name, num_left)):
                digest.update(encoded)
                num_documents += 1
                num_left -= len(encoded)
                yield self._decoded(encoded, name)
            is_over = file.read(1) == b""
        is_as_said = digest.hexdigest() == said.sha256 and num_documents == said.num_documents
        if not (is_over and num_left == 0 and is_as_said):
            raise self.fault(f"{name} is not what its manifest says")

    def blobs(self) -> Iterator[tuple[str, bytes]]:
        """Yield keys and contents of blobs, each whole.

        Raises:
            ArchiveError: A content has another key than its own.
        """
        key, num_bytes = "", 0
        pieces: list[bytes] = []
        for raw in self.documents(BLOBS):
            if set(raw) != {"key", "n", "data"} or not isinstance(raw["data"], bytes):
                raise self.fault(f"{BLOBS} holds something else than blobs")
            if raw["key"] != key or raw["n"] == 0:
                yield from self._blob(key, pieces)
                key, pieces, num_bytes = str(raw["key"]), [], 0
            pieces.append(raw["data"])
            num_bytes += len(raw["data"])
            if num_bytes > LARGEST_BLOB_BYTES:
                raise self.fault(f"{BLOBS} holds a blob of more than a gibibyte")
        yield from self._blob(key, pieces)

    def fault(self, what: str) -> ArchiveError:
        """Return the error that says what is wrong with the archive."""
        return ArchiveError(
            f"{self._path} cannot be imported: {what}; nothing was changed. Export it again."
        )

    def _blob(self, key: str, pieces: list[bytes]) -> Iterator[tuple[str, bytes]]:
        if pieces:
            content = b"".join(pieces)
            if hashlib.sha256(content).hexdigest() != key:
                raise self.fault(f"{BLOBS} holds a blob that is damaged")
            yield key, content

    def _next_document(self, file: IO[bytes], name: str, num_left: int) -> bytes:
        """Read one document, never more bytes than one may have."""
        head = file.read(LENGTH_BYTES)
        length = int.from_bytes(head, "little", signed=True)
        if not LEAST_DOCUMENT_BYTES <= length <= min(MAX_DOCUMENT_BYTES, num_left):
            raise self.fault(f"{name} is no stream of documents")
        return head + file.read(length - LENGTH_BYTES)

    def _decoded(self, encoded: bytes, name: str) -> dict[str, Any]:
        try:
            return bson.decode(encoded, UTC_TIMES)
        except (BSONError, RecursionError, OverflowError) as error:
            raise self.fault(f"{name} holds something that is no document") from error

    def _checked_infos(self) -> dict[str, ZipInfo]:
        """Take only the members that an archive has, and only plain ones."""
        infos: dict[str, ZipInfo] = {}
        for info in self._archive.infolist():
            if info.filename not in (MANIFEST, *MEMBERS):
                raise self.fault(f"it holds {info.filename[:80]!r}, which Facet never writes")
            if info.filename in infos:
                raise self.fault(f"it holds {info.filename} twice")
            if not _is_plain(info):
                raise self.fault(f"{info.filename} is encrypted, a link, or compressed otherwise")
            if info.file_size > max(SMALL_MEMBER_BYTES, LARGEST_RATIO * info.compress_size):
                raise self.fault(f"{info.filename} decompresses to far more than documents do")
            infos[info.filename] = info
        missing = [name for name in (MANIFEST, *MEMBERS) if name not in infos]
        if missing:
            raise self.fault(f"it holds no {missing[0]}")
        return infos

    def _read_manifest(self) -> Manifest:
        with self._archive.open(self._infos[MANIFEST]) as file:
            text = file.read(LARGEST_MANIFEST_BYTES + 1)
        if len(text) > LARGEST_MANIFEST_BYTES:
            raise self.fault(f"{MANIFEST} is larger than a manifest can be")
        try:
            manifest = Manifest.model_validate_json(text)
        except ValidationError as error:
            raise self.fault(f"{MANIFEST} cannot be read") from error
        if manifest.format_version != Manifest.VERSION:
            raise self.fault(f"a newer Facet ({manifest.facet_version[:40]!r}) wrote it")
        if set(manifest.members) != set(MEMBERS):
            raise self.fault(f"{MANIFEST} does not name its members")
        return manifest


@contextmanager
def open_archive(path: Path) -> Iterator[ArchiveReader]:
    """Open an archive and check its members and its manifest.

    Raises:
        ArchiveError: It is no archive that Facet wrote, or it cannot be read to its end.
    """
    try:
        with ZipFile(path) as archive:
            yield ArchiveReader(archive, path)
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError) as error:
        raise ArchiveError(
            f"{path} is damaged, cut off, or no archive of campaigns; nothing was changed. "
            "Export it again."
        ) from error
    except OSError as error:
        raise ArchiveError(
            f"{path} cannot be read ({error.strerror}); check the path and its permissions."
        ) from error


def _is_plain(info: ZipInfo) -> bool:
    """Say whether a member is a file whose bytes are stored in a way that Facet uses."""
    mode = info.external_attr >> 16
    is_file = not info.is_dir() and (stat.S_IFMT(mode) in {0, stat.S_IFREG})
    is_readable = info.compress_type in {ZIP_STORED, ZIP_DEFLATED}
    return is_file and is_readable and not info.flag_bits & IS_ENCRYPTED
