"""Energy and largest force at every evaluation, kept of every crystal in flight."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from facet.relaxation.tickets import Ticket

SINGLE = "f"


def nothing_passed() -> array[float]:
    """Return the memory of a crystal that was not evaluated yet."""
    return array(SINGLE)


def note(tickets: Sequence[Ticket], measures: np.ndarray, left_out: Container[int]) -> None:
    """Keep what was just measured; the numbers are on the host already, so it costs nothing.

    Args:
        tickets: Of the crystals that were evaluated.
        measures: Rows of ``Measures``.
        left_out: Crystals whose evaluation failed.
    """
    fmax, _, energy_per_atom, _, _ = measures.tolist()
    for index, ticket in enumerate(tickets):
        if index not in left_out:
            ticket.passed.extend((energy_per_atom[index], fmax[index]))


def curve_of(passed: array[float], num_atoms: int) -> np.ndarray | None:
    """Return what a crystal passed, or None where it never had a sound evaluation.

    Args:
        passed: Energy in eV/atom and largest force in eV/angstrom, in turns.
        num_atoms: Of the crystal.

    Returns:
        Energy in eV and largest force in eV/angstrom in single precision, shape (evaluations, 2).
    """
    if not passed:
        return None
    curve = np.array(passed, dtype=np.float32).reshape(-1, 2)
    curve[:, 0] *= num_atoms
    return curve
