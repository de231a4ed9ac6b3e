"""From paths to named crystals, lazily; one bad record never stops the others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from facet.errors import InvalidStructure
from facet.graph.held import held_by_sites
from screening.filters import input_fault
from workflows.inputs.archive import BROKEN_BYTES, sources_in
from workflows.inputs.crystal import (
    InputCrystal,
    InputError,
    ReadLimits,
    Record,
    UnreadableError,
)
from workflows.inputs.formats import format_of, stem_of
from workflows.inputs.guard import guarded
from workflows.inputs.names import UniqueNames
from workflows.inputs.readers import reader_for
from workflows.inputs.sources import ArchiveFile, Source, sources_at, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pymatgen.core.structure import Structure


def read_crystals(
    paths: Iterable[Path | str], limits: ReadLimits | None = None
) -> Iterator[InputCrystal]:
    """Yield every crystal of the given files, folders and archives, one at a time.

    Every record comes out exactly once: as a structure, or as a fault that names its file and
    the mend. Folders are read recursively and sorted, tar archives in their own order.

    Args:
        paths: Files, folders or archives in any mixture.
        limits: Sizes beyond which an input is refused.

    Raises:
        InputError: No path is given, or one does not exist; raised before anything is read.
    """
    given = [Path(path) for path in paths]
    if not given:
        raise InputError("No input is given: name at least one file, folder or archive.")
    for path in given:
        if not path.exists():
            raise InputError(f"{path} does not exist: check the path and the working folder.")
    return _crystals(given, limits or ReadLimits())


def _crystals(paths: list[Path], limits: ReadLimits) -> Iterator[InputCrystal]:
    names = UniqueNames()
    for source in _sources(paths, limits):
        for record in _records(source, limits):
            name = names.give(record.suggested_name or _name_from_file(source, record))
            yield _checked(name, source, record)


def _sources(paths: list[Path], limits: ReadLimits) -> Iterator[Source]:
    for path in paths:
        for source in sources_at(path):
            if isinstance(source, ArchiveFile):
                yield from sources_in(source, limits)
            else:
                yield source


def _records(source: Source, limits: ReadLimits) -> Iterator[Record]:
    """Yield the records of a source; what breaks the file itself becomes its last record."""
    kind = format_of(source.file_name)
    if source.open is None or source.fault is not None or kind is None:
        yield Record(fault=source.fault)
        return
    try:
        with source.open() as stream:
            yield from reader_for(kind)(stream, limits)
    except UnreadableError as error:
        yield Record(fault=str(error))
    except BROKEN_BYTES as error:
        yield Record(fault=unreadable(error))


def _name_from_file(source: Source, record: Record) -> str:
    stem = stem_of(source.file_name)
    return stem if record.index is None else f"{stem}-{record.index:05d}"


def _checked(name: str, source: Source, record: Record) -> InputCrystal:
    """Let chemistry look at the structure, and put the origin before any fault."""
    origin = source.label if record.index is None else f"{source.label}#{record.index}"
    fault = None if record.fault is None else f"{origin} {record.fault}"
    structure = record.structure
    if structure is not None:
        fault = _chemical_fault(origin, structure)
    return InputCrystal(
        name=name,
        structure=None if fault else structure,
        origin=origin,
        info=record.info,
        fault=fault,
        notes=record.notes,
    )


def _chemical_fault(origin: str, structure: Structure) -> str | None:
    try:
        held_by_sites(structure, origin)
    except InvalidStructure as error:
        return str(error)
    try:
        fault, _ = guarded(
            lambda: input_fault(structure), "could not be checked", "check its cell and its atoms"
        )
    except UnreadableError as error:
        return f"{origin} {error}"
    return None if fault is None else f"{origin}: {fault}"
