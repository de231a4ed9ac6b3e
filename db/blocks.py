"""Cutting a stream into requests of a size that one round trip carries well."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Item = TypeVar("Item")


def blocks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield lists of at most ``size`` items until the stream ends."""
    stream = iter(items)
    while block := list(islice(stream, size)):
        yield block
