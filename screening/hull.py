"""Distances of candidates to the convex hull of a reference."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import chain, combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from pymatgen.core.composition import Composition

from screening.errors import MissingReference, ScreeningError
from screening.formulas import FormulaKey, element_amounts, formula_key
from screening.reference import ReferencePhase, formation_energy_per_atom
from screening.simplex import Mixture, cheapest_mixture

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from screening.reference import Reference

_SHOWN_AMOUNT = 1e-8
_MOST_ELEMENTS_ENUMERATED = 12


class Share(NamedTuple):
    """One product of a decomposition: its formula and the fraction of the atoms in it."""

    formula: str
    fraction: float


@dataclass(frozen=True)
class HullDistance:
    """Where a candidate lies.

    Attributes:
        energy_above_hull: Signed distance in eV/atom to the hull of everything else.
        formation_energy_per_atom: Energy in eV/atom against the elements.
        decomposes_to: Phases of the hull at this composition by id, largest share first.
    """

    energy_above_hull: float
    formation_energy_per_atom: float
    decomposes_to: Mapping[str, Share]


@dataclass(frozen=True)
class _System:
    """The competing phases of one chemical system as arrays.

    Attributes:
        fractions: Atomic fractions, one row per phase and one column per element.
        energies: Formation energies in eV/atom.
        elements: Row of the elemental phase of each element.
        phases: The phases in the order of the rows.
        rows: Row of each reduced formula.
    """

    fractions: NDArray[np.float64]
    energies: NDArray[np.float64]
    elements: NDArray[np.intp]
    phases: tuple[ReferencePhase, ...]
    rows: Mapping[FormulaKey, int]


class Hulls:
    """The hulls of every chemical system of one reference, made as they are asked for.

    Only the lowest phase of each reduced formula can touch a hull, so only that one is kept.
    Element energies at zero stand in where the reference has compounds of an element but no
    elemental phase.
    """

    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        self._lowest = _lowest_phases(reference)
        self._members: dict[frozenset[str], list[FormulaKey]] = {}
        for key in sorted(self._lowest):
            self._members.setdefault(frozenset(symbol for symbol, _ in key), []).append(key)
        self._covered = frozenset(chain.from_iterable(self._members))
        self._systems: dict[tuple[str, ...], _System] = {}

    def distance(
        self,
        composition: Composition,
        corrected_energy_total: float,
        *,
        without_formula: bool = False,
    ) -> HullDistance:
        """Measure how far a candidate lies above (below: negative) the hull.

        The candidate itself is not on the hull.

        Args:
            composition: Composition of its cell.
            corrected_energy_total: Energy of that cell in eV, in the reference's scheme.
            without_formula: Take every phase of the candidate's own reduced formula off the
                hull. Elemental phases stay: without them an element decomposes to nothing.

        Raises:
            MissingReference: The reference knows too little of an element.
            ScreeningError: The energy is not a finite number.
        """
        amounts = element_amounts(composition)
        self._check(amounts, corrected_energy_total)
        formation = formation_energy_per_atom(
            amounts, corrected_energy_total, self.reference.element_energies
        )
        system = self._system(tuple(sorted(amounts)))
        energies = system.energies
        own = system.rows.get(formula_key(amounts)) if len(amounts) > 1 else None
        if without_formula and own is not None:
            energies = energies.copy()
            energies[own] = math.inf
        target = np.array([amounts[symbol] for symbol in sorted(amounts)])
        mixture = cheapest_mixture(
            system.fractions, energies, system.elements, target / target.sum()
        )
        return HullDistance(formation - mixture.energy, formation, _shares(mixture, system))

    def _check(self, amounts: Mapping[str, float], energy: float) -> None:
        """Refuse candidates that cannot be placed."""
        if not amounts or not math.isfinite(energy):
            raise ScreeningError(
                f"A candidate of {len(amounts)} elements with an energy of {energy} eV has no "
                f"place on a hull: relax it again."
            )
        name = self.reference.name
        unpriced = tuple(sorted(amounts.keys() - self.reference.element_energies.keys()))
        if unpriced:
            raise MissingReference(
                f"Reference '{name}' has no elemental energy for {', '.join(unpriced)}: add an "
                f"elemental phase of each.",
                unpriced,
            )
        uncovered = tuple(sorted(amounts.keys() - self._covered))
        if uncovered:
            # The bare element as only competitor would let almost any compound look stable.
            raise MissingReference(
                f"Reference '{name}' holds no phase with {', '.join(uncovered)}: add the known "
                f"phases, the element among them.",
                uncovered,
            )

    def _system(self, symbols: tuple[str, ...]) -> _System:
        """Return the competing phases of a chemical system, gathered once."""
        if symbols not in self._systems:
            keys = list(chain.from_iterable(self._within(symbols)))
            self._systems[symbols] = _gather(symbols, keys, self._lowest)
        return self._systems[symbols]

    def _within(self, symbols: tuple[str, ...]) -> Iterator[list[FormulaKey]]:
        """Yield the phases of every chemical system inside this one."""
        if len(symbols) > _MOST_ELEMENTS_ENUMERATED:
            elements = frozenset(symbols)
            yield from (keys for system, keys in self._members.items() if system <= elements)
            return
        for size in range(1, len(symbols) + 1):
            for subset in combinations(symbols, size):
                yield self._members.get(frozenset(subset), [])


def _lowest_phases(reference: Reference) -> dict[FormulaKey, ReferencePhase]:
    """Keep the lowest phase of each reduced formula; ties go to the first id."""
    lowest: dict[FormulaKey, ReferencePhase] = {}
    for phase in reference.phases:
        key = formula_key(element_amounts(Composition(phase.formula)))
        rival = lowest.get(key)
        if rival is None or _rank(phase) < _rank(rival):
            lowest[key] = phase
    return lowest


def _rank(phase: ReferencePhase) -> tuple[float, str]:
    """Order phases of one formula, lowest first, whatever order they came in."""
    return phase.formation_energy_per_atom, phase.phase_id


def _gather(
    symbols: tuple[str, ...],
    keys: list[FormulaKey],
    lowest: Mapping[FormulaKey, ReferencePhase],
) -> _System:
    """Lay out the phases of a chemical system as arrays, elements first."""
    elements: list[FormulaKey] = [((symbol, 1),) for symbol in symbols]
    compounds = [key for key in keys if len(key) > 1]
    rows = {key: row for row, key in enumerate([*elements, *compounds])}
    column = {symbol: index for index, symbol in enumerate(symbols)}
    fractions = np.zeros((len(rows), len(symbols)))
    for key, row in rows.items():
        for symbol, count in key:
            fractions[row, column[symbol]] = count
    fractions /= fractions.sum(axis=1, keepdims=True)
    phases = tuple(lowest.get(key) or _bare_element(key[0][0]) for key in rows)
    energies = np.array([phase.formation_energy_per_atom for phase in phases])
    return _System(fractions, energies, np.arange(len(symbols)), phases, rows)


def _bare_element(symbol: str) -> ReferencePhase:
    """Stand in for an elemental phase that the reference left out."""
    return ReferencePhase(f"element:{symbol}", symbol, 0.0)


def _shares(mixture: Mixture, system: _System) -> dict[str, Share]:
    """Name the products of a decomposition, largest first, ties by id."""
    found = [
        (system.phases[column], float(amount))
        for column, amount in zip(mixture.columns, mixture.amounts, strict=True)
        if amount > _SHOWN_AMOUNT
    ]
    found.sort(key=lambda item: (-round(item[1], 9), item[0].phase_id))
    return {phase.phase_id: Share(phase.formula, amount) for phase, amount in found}
