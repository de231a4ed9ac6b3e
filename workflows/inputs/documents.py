"""Crystals written as JSON: pymatgen structures and entries, alone, in lists, or one a line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from pymatgen.core.structure import Structure

from workflows.inputs.crystal import Record, UnreadableError
from workflows.inputs.extxyz import suggested_name
from workflows.inputs.guard import guarded
from workflows.inputs.metadata import plain_info
from workflows.inputs.streams import text_lines, whole_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflows.inputs.crystal import ReadLimits

_CLASS_MARKS = ("@module", "@class", "@version")
_STRUCTURE_KEYS = ("lattice", "sites", "charge", "properties")
_EXPECTED = (
    "holds no structure: give a pymatgen Structure as JSON (with lattice and sites), or an object "
    "with one under 'structure'."
)


def read_json(stream: BinaryIO, limits: ReadLimits) -> Iterator[Record]:
    """Yield the crystals of one JSON document: a structure, an entry, a list or a dict of them.

    Raises:
        UnreadableError: It is no JSON, or holds no structure.
    """
    text = whole_text(stream, limits.document_bytes)
    document, _ = guarded(
        lambda: json.loads(text), "is not valid JSON", "correct it or export it again"
    )
    if _holds_structure(document):
        yield _record(document, index=None)
    elif isinstance(document, list) and document:
        for index, item in enumerate(document, start=1):
            yield _record(item, index)
    elif isinstance(document, dict) and any(isinstance(v, dict) for v in document.values()):
        for index, (key, item) in enumerate(document.items(), start=1):
            yield _record(item, index, key)
    else:
        raise UnreadableError(_EXPECTED)


def read_json_lines(stream: BinaryIO, limits: ReadLimits) -> Iterator[Record]:
    """Yield the crystal of every line; a line that makes no sense is a record with a fault.

    Raises:
        UnreadableError: There is no line at all.
    """
    index = 0
    for line in text_lines(stream, limits.line_bytes):
        if line.strip():
            index += 1
            yield _line_record(line, index)
    if index == 0:
        raise UnreadableError("is empty: write it again or leave it out.")


def _line_record(line: str, index: int) -> Record:
    try:
        item, _ = guarded(
            lambda: json.loads(line), "is not valid JSON", "write one JSON object a line"
        )
    except UnreadableError as error:
        return Record(fault=str(error), index=index)
    return _record(item, index)


def _holds_structure(item: object) -> bool:
    """Say whether an object is a structure or an entry with one."""
    if not isinstance(item, dict):
        return False
    return ("lattice" in item and "sites" in item) or isinstance(item.get("structure"), dict)


def _record(item: object, index: int | None, key: str | None = None) -> Record:
    if not isinstance(item, dict) or not _holds_structure(item):
        return Record(fault=_EXPECTED, index=index, suggested_name=key)
    info = _info(item)
    name = key or suggested_name(info) or _text(item.get("entry_id"))
    try:
        structure, notes = guarded(
            lambda: _structure(item),
            "could not be read as a pymatgen Structure",
            "export it again with Structure.as_dict()",
        )
    except UnreadableError as error:
        return Record(fault=str(error), index=index, suggested_name=name, info=info)
    return Record(structure, None, index, name, info, notes)


def _structure(item: dict[str, Any]) -> Structure:
    nested = item.get("structure")
    plain = _without_class_marks(nested if isinstance(nested, dict) else item)
    return Structure.from_dict(cast("dict[str, Any]", plain))


def _info(item: dict[str, Any]) -> dict[str, Any]:
    """Return everything beside the structure, with the structure's own free properties."""
    is_nested = isinstance(item.get("structure"), dict)
    structure = item["structure"] if is_nested else item
    own = structure.get("properties")
    known = ("structure",) if is_nested else _STRUCTURE_KEYS
    beside = {k: v for k, v in item.items() if k not in (*known, *_CLASS_MARKS)}
    return plain_info({**(own if isinstance(own, dict) else {}), **beside})


def _without_class_marks(value: object) -> object:
    """Drop the names of classes, lest a file decide which Python module gets imported."""
    if isinstance(value, dict):
        return {k: _without_class_marks(v) for k, v in value.items() if k not in _CLASS_MARKS}
    if isinstance(value, list):
        return [_without_class_marks(item) for item in value]
    return value


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
