"""Which relaxed crystals are the same crystal."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pymatgen.analysis.structure_matcher import StructureMatcher

from screening.entries import plain_structure
from screening.formulas import FormulaKey, element_amounts, formula_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymatgen.core.structure import Structure

VOLUME_TOLERANCE = 0.1
"""Largest relative difference in volume per atom between two relaxed copies of one crystal."""

# Tighter than pymatgen's defaults (0.2, 0.3, 5 degrees), which are meant for unrelaxed input and
# take a tilted perovskite for a cubic one: relaxed copies agree to a few hundredths.
_LENGTH_TOLERANCE = 0.1
_SITE_TOLERANCE = 0.1
_ANGLE_TOLERANCE = 3.0


@dataclass(frozen=True, eq=False)
class _Crystal:
    """One crystal with what decides cheaply whether another can be the same."""

    name: str
    structure: Structure
    energy: float

    @cached_property
    def formula(self) -> FormulaKey:
        return formula_key(element_amounts(self.structure.composition))

    @cached_property
    def volume(self) -> float:
        """Volume in cubic angstrom per atom."""
        return float(self.structure.volume) / len(self.structure)

    @cached_property
    def reduced(self) -> Structure:
        """The primitive cell, compact: two copies have the same number of atoms."""
        primitive = plain_structure(self.structure).get_primitive_structure()
        return primitive.get_reduced_structure("LLL")

    @property
    def order(self) -> tuple[float, str]:
        """Sort key, lowest energy first; an energy that is not a number comes last."""
        return (self.energy if math.isfinite(self.energy) else math.inf), self.name


def group_duplicates(items: Iterable[tuple[str, Structure, float]]) -> dict[str, str]:
    """Find crystals that relaxed to the same crystal as another of lower energy.

    The answer does not depend on the order of the items: they are compared from the lowest
    energy upward, ties by id, each with those already kept.

    Args:
        items: Id, relaxed structure and energy in eV/atom of each crystal.

    Returns:
        The id of each duplicate with the id of the crystal that is kept for it.
    """
    buckets: dict[FormulaKey, list[_Crystal]] = {}
    for name, structure, energy in items:
        crystal = _Crystal(name, structure, energy)
        buckets.setdefault(crystal.formula, []).append(crystal)
    duplicates: dict[str, str] = {}
    for key in sorted(buckets):
        duplicates |= _duplicates_in(buckets[key])
    return duplicates


def _duplicates_in(bucket: list[_Crystal]) -> dict[str, str]:
    """Compare the crystals of one reduced formula."""
    matcher = StructureMatcher(
        ltol=_LENGTH_TOLERANCE, stol=_SITE_TOLERANCE, angle_tol=_ANGLE_TOLERANCE
    )
    kept: list[_Crystal] = []
    duplicates: dict[str, str] = {}
    for crystal in sorted(bucket, key=lambda item: item.order):
        twin = next((other for other in kept if _is_same(crystal, other, matcher)), None)
        if twin is None:
            kept.append(crystal)
        else:
            duplicates[crystal.name] = twin.name
    return duplicates


def _is_same(crystal: _Crystal, kept: _Crystal, matcher: StructureMatcher) -> bool:
    """Tell whether two crystals of one formula are the same, asking the dear question last."""
    if not abs(crystal.volume - kept.volume) <= VOLUME_TOLERANCE * kept.volume:
        return False
    if len(crystal.reduced) != len(kept.reduced):
        return False
    # The matcher is not quite symmetric; the kept crystal always comes first, so that the answer
    # does not depend on the order of arrival.
    return bool(matcher.fit(kept.reduced, crystal.reduced, skip_structure_reduction=True))
