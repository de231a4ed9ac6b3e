"""Which relaxed crystals are the same crystal, among themselves and as known phases.

Crystals are put into buckets by reduced formula, and inside a bucket only those whose volume and
fingerprint agree are matched, lowest energy first. The answers do not depend on the order in which
crystals arrive.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from pymatgen.analysis.structure_matcher import StructureMatcher

from screening.entries import plain_structure
from screening.fingerprint import fingerprint, may_be_copies, may_be_hidden
from screening.formulas import FormulaKey, element_amounts, formula_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray
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
    energy: float = math.nan

    @cached_property
    def formula(self) -> FormulaKey:
        return formula_key(element_amounts(self.structure.composition))

    @cached_property
    def volume(self) -> float:
        """Volume in cubic angstrom per atom."""
        return float(self.structure.volume) / len(self.structure)

    @cached_property
    def fingerprint(self) -> NDArray[np.float64]:
        """Average minimum distances."""
        return fingerprint(self.structure)

    @cached_property
    def reduced(self) -> Structure:
        """The primitive cell, compact: two copies have the same number of atoms."""
        found = plain_structure(self.structure)
        if len(found) > sum(count for _, count in self.formula):  # else there is nothing to split
            found = found.get_primitive_structure()
        return found.get_reduced_structure("LLL")

    @property
    def order(self) -> tuple[float, str]:
        """Sort key, lowest energy first; an energy that is not a number comes last."""
        return (self.energy if math.isfinite(self.energy) else math.inf), self.name


@dataclass(eq=False)
class _Kept:
    """Distinct crystals of one formula, in an order of their own."""

    crystals: list[_Crystal] = field(default_factory=list)
    _volumes: list[float] = field(default_factory=list)
    _fingerprints: list[NDArray[np.float64]] = field(default_factory=list)

    def add(self, crystal: _Crystal) -> None:
        """Keep a crystal behind the others."""
        self.crystals.append(crystal)
        self._volumes.append(crystal.volume)
        self._fingerprints.append(crystal.fingerprint)

    def twin_of(self, crystal: _Crystal, matcher: StructureMatcher) -> _Crystal | None:
        """Return the first that is the same crystal, asking the dear question last."""
        return next(
            (each for each in self._like(crystal) if _is_same(crystal, each, matcher)), None
        )

    def _like(self, crystal: _Crystal) -> Iterator[_Crystal]:
        """Yield those whose volume and fingerprint agree."""
        if not self.crystals:
            return
        volumes = np.array(self._volumes)
        is_near = np.abs(crystal.volume - volumes) <= VOLUME_TOLERANCE * volumes
        (rows,) = np.nonzero(is_near)
        if not len(rows):
            return
        fingerprints = np.array([self._fingerprints[row] for row in rows])
        for row in rows[may_be_copies(crystal.fingerprint, fingerprints)]:
            yield self.crystals[row]


def group_duplicates(
    items: Iterable[tuple[str, Structure, float]],
    tell: Callable[[str, int, int], None] = lambda *_: None,
) -> dict[str, str]:
    """Find crystals that relaxed to the same crystal as another of lower energy.

    The answer does not depend on the order of the items: they are compared from the lowest
    energy upward, ties by id, each with those already kept.

    Args:
        items: Id, relaxed structure and energy in eV/atom of each crystal.
        tell: Called with what is done, how many of them, and of how many.

    Returns:
        The id of each duplicate with the id of the crystal that is kept for it.
    """
    buckets: dict[FormulaKey, list[_Crystal]] = {}
    for name, structure, energy in items:
        crystal = _Crystal(name, structure, energy)
        buckets.setdefault(crystal.formula, []).append(crystal)
    duplicates: dict[str, str] = {}
    num_compared, total = 0, sum(len(each) for each in buckets.values())
    for key in sorted(buckets):
        if len(buckets[key]) > 1:
            duplicates |= _duplicates_in(buckets[key])
        num_compared += len(buckets[key])
        tell("crystals compared", num_compared, total)
    return duplicates


def match_known(
    candidates: Iterable[tuple[str, Structure]], known: Iterable[tuple[str, Structure]]
) -> dict[str, str]:
    """Find candidates that are a known phase.

    Args:
        candidates: Id and relaxed structure of each candidate.
        known: Id and structure of each known phase; those of other formulas are let go at once,
            so that a generator of very many is welcome.

    Returns:
        The id of each such candidate with the id of the phase; of several the first by id.
    """
    crystals = [_Crystal(name, structure) for name, structure in candidates]
    wanted = {crystal.formula for crystal in crystals}
    phases: dict[FormulaKey, list[_Crystal]] = {}
    for name, structure in known:
        phase = _Crystal(name, structure)
        if phase.formula in wanted:
            phases.setdefault(phase.formula, []).append(phase)
    kept = {key: _in_order(bucket) for key, bucket in phases.items()}
    matcher = _matcher()
    found: dict[str, str] = {}
    for crystal in crystals:
        rivals = kept.get(crystal.formula)
        twin = rivals.twin_of(crystal, matcher) if rivals else None
        if twin is not None:
            found[crystal.name] = twin.name
    return dict(sorted(found.items()))


def _in_order(bucket: list[_Crystal]) -> _Kept:
    kept = _Kept()
    for crystal in sorted(bucket, key=lambda item: item.name):
        kept.add(crystal)
    return kept


def _duplicates_in(bucket: list[_Crystal]) -> dict[str, str]:
    """Compare the crystals of one reduced formula."""
    matcher = _matcher()
    kept = _Kept()
    duplicates: dict[str, str] = {}
    for crystal in sorted(bucket, key=lambda item: item.order):
        twin = kept.twin_of(crystal, matcher)
        if twin is None:
            kept.add(crystal)
        else:
            duplicates[crystal.name] = twin.name
    return duplicates


def _matcher() -> StructureMatcher:
    return StructureMatcher(
        ltol=_LENGTH_TOLERANCE, stol=_SITE_TOLERANCE, angle_tol=_ANGLE_TOLERANCE
    )


def _is_same(crystal: _Crystal, kept: _Crystal, matcher: StructureMatcher) -> bool:
    """Tell whether two crystals of like volume and fingerprint are the same."""
    # The matcher is not quite symmetric; the kept crystal always comes first, so that the answer
    # does not depend on the order of arrival.
    if len(crystal.reduced) == len(kept.reduced):
        return bool(matcher.fit(kept.reduced, crystal.reduced, skip_structure_reduction=True))
    # Of two copies a little apart, one may hide its smaller cell from our reduction; the matcher's
    # own starts from another cell and finds most of these.
    sizes = sorted((len(crystal.reduced), len(kept.reduced)))
    if sizes[1] % sizes[0] or not may_be_hidden(crystal.fingerprint, kept.fingerprint):
        return False
    return bool(matcher.fit(plain_structure(kept.structure), plain_structure(crystal.structure)))
