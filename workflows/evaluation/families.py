"""Chemical families, by the anion that a compound is named after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from facet.graph.elements import symbol

if TYPE_CHECKING:
    from collections.abc import Iterable

ELEMENTS = "elements"
OTHERS = "others"
INTERMETALLICS = "intermetallics"

BY_ANION = (
    ("halides", frozenset({"F"})),
    ("oxides", frozenset({"O"})),
    ("halides", frozenset({"Cl", "Br", "I", "At"})),
    ("chalcogenides", frozenset({"S", "Se", "Te", "Po"})),
    ("pnictides", frozenset({"N", "P", "As", "Sb", "Bi"})),
    ("hydrides", frozenset({"H"})),
    ("carbides, borides, silicides", frozenset({"B", "C", "Si"})),
    (OTHERS, frozenset({"He", "Ne", "Ar", "Kr", "Xe", "Rn"})),
)
"""Families and their anions; the first that a compound holds names it (an oxychloride: oxides)."""


def family(numbers: Iterable[int]) -> str:
    """Name the chemical family of a crystal.

    A crystal of one element belongs to the elements, one without any of the anions above to the
    intermetallics.

    Args:
        numbers: Atomic numbers of its atoms.
    """
    symbols = {symbol(int(number)) for number in numbers}
    if len(symbols) == 1:
        return ELEMENTS
    return next((name for name, anions in BY_ANION if symbols & anions), INTERMETALLICS)


def families(sizes: np.ndarray, species: np.ndarray) -> np.ndarray:
    """Name the family of every frame.

    Args:
        sizes: Atoms of each frame, shape (frames,).
        species: Atomic numbers, those of one frame contiguous, shape (atoms,).
    """
    return np.array([family(part) for part in np.split(species, np.cumsum(sizes)[:-1])])
