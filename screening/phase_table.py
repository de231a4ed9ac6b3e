"""The competing phases of a reference, found by id, by formula and by chemical system."""

from __future__ import annotations

from bisect import insort
from itertools import combinations
from typing import TYPE_CHECKING

from screening.formulas import FormulaKey, amounts_of, formula_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from screening.reference import ReferencePhase

_MOST_ELEMENTS_ENUMERATED = 12


class PhaseTable:
    """Phases that come, go and change; what it answers depends on what it holds alone.

    Neither the order in which phases arrived nor phases that have left again can be told from it.
    """

    def __init__(self, phases: Iterable[ReferencePhase]) -> None:
        self._placed: dict[str, tuple[ReferencePhase, FormulaKey]] = {}
        self._rivals: dict[FormulaKey, list[ReferencePhase]] = {}
        self._systems: dict[frozenset[str], list[FormulaKey]] = {}
        self._systems_with: dict[str, set[frozenset[str]]] = {}
        for phase in phases:
            self.put(phase)

    def __iter__(self) -> Iterator[ReferencePhase]:
        """Yield every phase, by id."""
        return (self._placed[phase_id][0] for phase_id in sorted(self._placed))

    def get(self, phase_id: str) -> ReferencePhase | None:
        """Return the phase of this id, if there is one."""
        placed = self._placed.get(phase_id)
        return placed[0] if placed else None

    def formulas_of(self, phase_ids: Collection[str]) -> set[FormulaKey]:
        """Return the reduced formulas of those of these phases that it holds."""
        return {self._placed[each][1] for each in phase_ids if each in self._placed}

    def covers(self, symbol: str) -> bool:
        """Tell whether any phase holds this element."""
        return symbol in self._systems_with

    def outlasts(self, symbol: str, gone: Collection[str]) -> bool:
        """Tell whether a phase with this element is left once those of these ids are gone."""
        return any(
            phase.phase_id not in gone
            for system in self._systems_with.get(symbol, ())
            for key in self._systems[system]
            for phase in self._rivals[key]
        )

    def rivals(self, key: FormulaKey) -> Sequence[ReferencePhase]:
        """Return the phases of one reduced formula, lowest first, ties by id."""
        return self._rivals.get(key, ())

    def lowest(self, key: FormulaKey, without: Collection[str] = ()) -> ReferencePhase | None:
        """Return the lowest phase of a reduced formula whose id is not among those left out."""
        return next((each for each in self.rivals(key) if each.phase_id not in without), None)

    def within(self, symbols: tuple[str, ...]) -> Iterator[FormulaKey]:
        """Yield the formulas of all phases that hold no element but these, in a fixed order."""
        if len(symbols) > _MOST_ELEMENTS_ENUMERATED:
            elements = frozenset(symbols)
            inside = [system for system in self._systems if system <= elements]
            for system in sorted(inside, key=sorted):
                yield from self._systems[system]
            return
        for size in range(1, len(symbols) + 1):
            for subset in combinations(symbols, size):
                yield from self._systems.get(frozenset(subset), ())

    def put(self, phase: ReferencePhase) -> None:
        """Add a phase, in the place of the one of the same id if there is one."""
        if self.get(phase.phase_id) == phase:
            return
        self.remove(phase.phase_id)
        key = formula_of(phase)
        if key not in self._rivals:
            self._rivals[key] = []
            self._open(key)
        insort(self._rivals[key], phase, key=_rank)
        self._placed[phase.phase_id] = phase, key

    def remove(self, phase_id: str) -> None:
        """Take a phase out; one that is not there stays away."""
        if phase_id not in self._placed:
            return
        phase, key = self._placed.pop(phase_id)
        self._rivals[key].remove(phase)
        if not self._rivals[key]:
            del self._rivals[key]
            self._close(key)

    def _open(self, key: FormulaKey) -> None:
        """Enter a formula that is new into its chemical system."""
        system = _system_of(key)
        if system not in self._systems:
            self._systems[system] = []
            for symbol in system:
                self._systems_with.setdefault(symbol, set()).add(system)
        insort(self._systems[system], key)

    def _close(self, key: FormulaKey) -> None:
        """Strike a formula without phases from its chemical system."""
        system = _system_of(key)
        self._systems[system].remove(key)
        if self._systems[system]:
            return
        del self._systems[system]
        for symbol in system:
            self._systems_with[symbol].discard(system)
            if not self._systems_with[symbol]:
                del self._systems_with[symbol]


def formula_of(phase: ReferencePhase) -> FormulaKey:
    """Return the key of a phase's reduced formula."""
    return formula_key(amounts_of(phase.formula))


def _system_of(key: FormulaKey) -> frozenset[str]:
    """Return the elements of a formula."""
    return frozenset(symbol for symbol, _ in key)


def _rank(phase: ReferencePhase) -> tuple[float, str]:
    """Order phases of one formula, lowest first, whatever order they came in."""
    return phase.formation_energy_per_atom, phase.phase_id
