"""What a file's name says about its content."""

from __future__ import annotations

from enum import StrEnum
from pathlib import PurePosixPath

COMPRESSIONS = (".xz", ".gz", ".bz2")
READABLE = "CIF, POSCAR/CONTCAR, extxyz, JSON, JSON lines, or a zip or tar of them"

_PASSED_OVER = (".md", ".txt", ".rst", ".pdf", ".png", ".svg", ".html", ".csv", ".log")
_PASSED_OVER_NAMES = ("readme", "license", "licence")


class Format(StrEnum):
    """A way of writing crystals."""

    CIF = "CIF"
    POSCAR = "POSCAR"
    EXTXYZ = "extxyz"
    JSON = "JSON"
    JSON_LINES = "JSON lines"
    ZIP = "zip archive"
    TAR = "tar archive"


_BY_SUFFIX = {
    ".cif": Format.CIF,
    ".mcif": Format.CIF,
    ".vasp": Format.POSCAR,
    ".poscar": Format.POSCAR,
    ".contcar": Format.POSCAR,
    ".xyz": Format.EXTXYZ,
    ".extxyz": Format.EXTXYZ,
    ".json": Format.JSON,
    ".jsonl": Format.JSON_LINES,
    ".ndjson": Format.JSON_LINES,
    ".zip": Format.ZIP,
    ".tar": Format.TAR,
}
_SHORT_TARS = (".tgz", ".txz", ".tbz2", ".tbz")
_VASP_NAMES = ("poscar", "contcar")


def compression_of(file_name: str) -> str | None:
    """Return the suffix of the compression that a file name ends in, or None."""
    suffix = PurePosixPath(file_name).suffix.lower()
    return suffix if suffix in COMPRESSIONS else None


def format_of(file_name: str) -> Format | None:
    """Tell a format from a file name, compressed or not; None when the name says none."""
    path = PurePosixPath(_uncompressed(file_name).lower())
    if path.suffix in _SHORT_TARS:
        return Format.TAR
    known = _BY_SUFFIX.get(path.suffix)
    if known is None and path.name.startswith(_VASP_NAMES):
        return Format.POSCAR
    # A compressed zip is none: only tar archives are compressed as a whole.
    is_squeezed_zip = known is Format.ZIP and compression_of(file_name) is not None
    return None if is_squeezed_zip else known


def stem_of(file_name: str) -> str:
    """Return the part of a file's name that could name its crystal.

    A bare POSCAR or CONTCAR says nothing, so that the folder's name goes before it.
    """
    path = PurePosixPath(_uncompressed(file_name))
    has_suffix = path.suffix.lower() in (*_BY_SUFFIX, *_SHORT_TARS)
    stem = path.stem if has_suffix else path.name
    is_bare = stem.lower() in _VASP_NAMES
    return f"{path.parent.name}-{stem}" if is_bare and path.parent.name else stem


def is_companion(file_name: str) -> bool:
    """Say whether a file merely accompanies crystals: hidden files, notes, pictures, tables."""
    path = PurePosixPath(file_name)
    is_hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    is_note = path.name.lower().startswith(_PASSED_OVER_NAMES)
    return is_hidden or is_note or path.suffix.lower() in _PASSED_OVER


def _uncompressed(file_name: str) -> str:
    suffix = compression_of(file_name)
    return file_name[: -len(suffix)] if suffix else file_name
