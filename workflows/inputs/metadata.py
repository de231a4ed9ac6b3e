"""Metadata that files carry, reduced to plain JSON values of modest size."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_KEYS = 200
_MOST_ITEMS = 64
_LONGEST_TEXT = 2000
_DEEPEST = 4
_INT64 = 2**63

_TOO_LARGE = object()


def plain_info(info: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of the metadata is plain, small and safe to store as document keys.

    Numbers that are not finite become None; long lists, deep nests and foreign objects are left
    out, because the structure itself is what Facet was given.
    """
    cleaned: dict[str, Any] = {}
    for key, value in list(info.items())[:_MOST_KEYS]:
        plain = _plain(value, _DEEPEST)
        if plain is not _TOO_LARGE:
            cleaned[_safe_key(str(key))] = plain
    return cleaned


def _safe_key(key: str) -> str:
    """Keep user text from becoming a query operator or a nested path."""
    return key.replace("$", "_").replace(".", "_").replace("\0", "_")[:_LONGEST_TEXT]


def _plain(value: object, depth: int) -> object:
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist() if value.size <= _MOST_ITEMS else _TOO_LARGE
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value[:_LONGEST_TEXT]
    if isinstance(value, int):
        return value if -_INT64 <= value < _INT64 else str(value)[:_LONGEST_TEXT]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return _plain_container(value, depth)


def _plain_container(value: object, depth: int) -> object:
    if depth == 0 or not isinstance(value, dict | list | tuple) or len(value) > _MOST_ITEMS:
        return _TOO_LARGE
    if isinstance(value, dict):
        items = {_safe_key(str(key)): _plain(item, depth - 1) for key, item in value.items()}
        return {key: item for key, item in items.items() if item is not _TOO_LARGE}
    members = [_plain(item, depth - 1) for item in value]
    return _TOO_LARGE if any(item is _TOO_LARGE for item in members) else members
