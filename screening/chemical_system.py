"""The competing phases of one chemical system, laid out for the search of the hull."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from screening.reference import ReferencePhase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from screening.formulas import FormulaKey
    from screening.phase_table import PhaseTable


@dataclass(frozen=True, eq=False)
class System:
    """The lowest phase of every formula inside a chemical system.

    Attributes:
        fractions: Atomic fractions, one row per phase and one column per element.
        energies: Formation energies in eV/atom; infinite where a phase is taken off.
        elements: Row of the elemental phase of each element.
        phases: The phases in the order of the rows.
        rows: Row of each reduced formula.
    """

    fractions: NDArray[np.float64]
    energies: NDArray[np.float64]
    elements: NDArray[np.intp]
    phases: tuple[ReferencePhase, ...]
    rows: Mapping[FormulaKey, int]

    def with_phase(self, key: FormulaKey, phase: ReferencePhase | None) -> System:
        """Put another phase of a formula, or none, in the place of the lowest one.

        An element without a phase stands at zero.
        """
        row = self.rows.get(key)
        if row is None:
            return self
        if phase is None and len(key) == 1:
            phase = _bare_element(key[0][0])
        energies, phases = self.energies.copy(), list(self.phases)
        energies[row] = math.inf if phase is None else phase.formation_energy_per_atom
        phases[row] = phase or phases[row]
        return replace(self, energies=energies, phases=tuple(phases))


def gather(symbols: tuple[str, ...], table: PhaseTable) -> System:
    """Lay out the phases of a chemical system, elements first.

    Args:
        symbols: Its elements in alphabetical order.
        table: All phases.
    """
    elements: list[FormulaKey] = [((symbol, 1),) for symbol in symbols]
    compounds = [key for key in table.within(symbols) if len(key) > 1]
    rows = {key: row for row, key in enumerate([*elements, *compounds])}
    column = {symbol: index for index, symbol in enumerate(symbols)}
    fractions = np.zeros((len(rows), len(symbols)))
    for key, row in rows.items():
        for symbol, count in key:
            fractions[row, column[symbol]] = count
    fractions /= fractions.sum(axis=1, keepdims=True)
    phases = tuple(table.lowest(key) or _bare_element(key[0][0]) for key in rows)
    energies = np.array([phase.formation_energy_per_atom for phase in phases])
    return System(fractions, energies, np.arange(len(symbols)), phases, rows)


def _bare_element(symbol: str) -> ReferencePhase:
    """Stand in for an elemental phase that the reference left out."""
    return ReferencePhase(f"element:{symbol}", symbol, 0.0)
