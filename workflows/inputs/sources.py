"""Where crystals come from: files, folders and archives, opened one after the other."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from workflows.inputs.formats import READABLE, Format, format_of, is_companion
from workflows.inputs.guard import reason
from workflows.inputs.streams import opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager


@dataclass(frozen=True)
class Source:
    """One file that is to be read, wherever it lies.

    Attributes:
        label: How the user would name it: a path, or an archive's path and the member.
        file_name: The path inside the folder or archive, which tells format and name.
        open: Opens the unpacked bytes; None when the fault is known already.
        fault: Predicate of a sentence whose subject is the label.
    """

    label: str
    file_name: str
    open: Callable[[], AbstractContextManager[BinaryIO]] | None = None
    fault: str | None = None


@dataclass(frozen=True)
class ArchiveFile:
    """An archive on disk whose members are to be read.

    Attributes:
        label: How the user would name it.
        path: Where it lies.
        kind: Zip or tar.
    """

    label: str
    path: Path
    kind: Format


def sources_at(path: Path) -> Iterator[Source | ArchiveFile]:
    """Yield what lies at a path: the file itself, or the files of a folder, sorted."""
    if path.is_dir():
        yield from _in_folder(path)
    elif format_of(path.name) is None:
        yield Source(str(path), path.name, fault=unknown_format())
    else:
        yield _from_file(path, path.name)


def unknown_format() -> str:
    """Return the predicate for a file whose name says no format."""
    return f"has a name that says none of the formats read here: convert or rename it ({READABLE})."


class PassedOver:
    """Counts the files of unknown format in a folder or archive, and names the first few."""

    _SHOWN = 3

    def __init__(self, label: str) -> None:
        self._label = label
        self._examples: tuple[str, ...] = ()
        self._num_passed = 0
        self._num_taken = 0

    def takes(self, file_name: str) -> bool:
        """Say whether a file is to be read, and remember it if it is not."""
        if is_companion(file_name):
            return False
        if format_of(file_name) is not None:
            self._num_taken += 1
            return True
        self._num_passed += 1
        self._examples = (*self._examples, file_name)[: self._SHOWN]
        return False

    def closing(self) -> Iterator[Source]:
        """Yield the one fault that only the whole folder or archive shows, if there is one."""
        name = Path(self._label).name
        if self._num_passed:
            yield Source(self._label, f"{name}-passed-over", fault=self._passed_over())
        elif not self._num_taken:
            fault = f"holds no file of a format read here: put in {READABLE}."
            yield Source(self._label, name, fault=fault)

    def _passed_over(self) -> str:
        is_shortened = self._num_passed > len(self._examples)
        examples = ", ".join(self._examples) + (", …" if is_shortened else "")
        files = "one file" if self._num_passed == 1 else f"{self._num_passed} files"
        return f"holds {files} of no format read here ({examples}): convert to {READABLE}."


def _in_folder(folder: Path) -> Iterator[Source | ArchiveFile]:
    rest = PassedOver(str(folder))
    for path in _walk(folder):
        relative = path.relative_to(folder).as_posix()
        if rest.takes(relative):
            yield _from_file(path, relative)
    yield from rest.closing()


def _walk(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            yield Path(parent) / name


def _from_file(path: Path, file_name: str) -> Source | ArchiveFile:
    kind = format_of(path.name)
    if kind in (Format.ZIP, Format.TAR):
        return ArchiveFile(str(path), path, kind)
    if not path.is_file():
        return Source(str(path), file_name, fault="is not a regular file: point at the file meant.")
    open_raw = partial(_open_file, path)
    return Source(str(path), file_name, open=partial(opened, open_raw, path.name, None))


def _open_file(path: Path) -> BinaryIO:
    return path.open("rb")


def unreadable(error: Exception) -> str:
    """Return the predicate for bytes that cannot be had."""
    return f"could not be read ({reason(error)}): check that the file is whole and yours to read."
