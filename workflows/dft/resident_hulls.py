"""Hulls of large references that stay in a worker from one finished calculation to the next."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from screening.changes import PhaseChange
from screening.hull import Hulls
from workflows.keys import reference_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from screening.reference import Reference

_kept: dict[str, Hulls] = {}


@contextmanager
def resident_hulls(reference: Reference) -> Iterator[Hulls]:
    """Lend the hulls of a reference; what the block adds to them, it takes off again.

    Hulls of a block that raised are not lent again.

    Args:
        reference: What the hulls hold when the block begins.
    """
    key = reference_key(reference)
    hulls = _kept.pop(key, None) or Hulls(reference)
    yield hulls
    _kept.clear()  # one is enough: a worker serves a campaign for long
    _kept[key] = hulls


def undone(change: PhaseChange) -> PhaseChange:
    """Return the change that takes off what a change of new phases only has added."""
    return PhaseChange(removed=tuple(each.phase_id for each in change.put))
