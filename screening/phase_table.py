"""The competing phases of a reference, found by id, by formula and by chemical system."""

from __future__ import annotations

from bisect import insort
from itertools import combinations
from typing import TYPE_CHECKING

from screening.formulas import FormulaKey, amounts_of, elements_in, formula_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from screening.reference import ReferencePhase

_MOST_ELEMENTS_ENUMERATED = 12


class PhaseTable:
    """Phases that come, go and change; what it answers depends on what it holds alone.

    Neither the order in which phases arrived nor phases that have left again can be told from it.
    """

    def __init__(self, phases: Iterable[ReferencePhase]) -> None:
        self._phases = {phase.phase_id: phase for phase in phases}
        self._rivals: dict[FormulaKey, list[ReferencePhase]] = {}
        self._systems: dict[frozenset[str], list[FormulaKey]] = {}
        self._systems_with: dict[str, set[frozenset[str]]] = {}
        # Of the systems of a large table few are ever asked for; the others wait as they came.
        self._waiting: dict[frozenset[str], list[ReferencePhase]] = {}
        for phase in self._phases.values():
            self._waiting.setdefault(elements_in(phase.formula), []).append(phase)
        for system in self._waiting:
            self._open(system)

    def __iter__(self) -> Iterator[ReferencePhase]:
        """Yield every phase, by id."""
        return (self._phases[phase_id] for phase_id in sorted(self._phases))

    def get(self, phase_id: str) -> ReferencePhase | None:
        """Return the phase of this id, if there is one."""
        return self._phases.get(phase_id)

    def formulas_of(self, phase_ids: Collection[str]) -> set[FormulaKey]:
        """Return the reduced formulas of those of these phases that it holds."""
        return {formula_of(self._phases[each]) for each in phase_ids if each in self._phases}

    def covers(self, symbol: str) -> bool:
        """Tell whether any phase holds this element."""
        return symbol in self._systems_with

    def outlasts(self, symbol: str, gone: Collection[str]) -> bool:
        """Tell whether a phase with this element is left once those of these ids are gone."""
        return any(
            phase.phase_id not in gone
            for system in self._systems_with.get(symbol, ())
            for key in self._formulas_in(system)
            for phase in self._rivals[key]
        )

    def rivals(self, key: FormulaKey) -> Sequence[ReferencePhase]:
        """Return the phases of one reduced formula, lowest first, ties by id."""
        if key not in self._rivals:
            self._lay_out(_system_of(key))
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
                yield from self._formulas_in(system)
            return
        for size in range(1, len(symbols) + 1):
            for subset in combinations(symbols, size):
                yield from self._formulas_in(frozenset(subset))

    def put(self, phase: ReferencePhase) -> None:
        """Add a phase, in the place of the one of the same id if there is one."""
        if self.get(phase.phase_id) == phase:
            return
        self.remove(phase.phase_id)
        key = formula_of(phase)
        system = _system_of(key)
        self._lay_out(system)
        if system not in self._systems:
            self._open(system)
        if key not in self._rivals:
            self._rivals[key] = []
            insort(self._systems[system], key)
        insort(self._rivals[key], phase, key=_rank)
        self._phases[phase.phase_id] = phase

    def remove(self, phase_id: str) -> None:
        """Take a phase out; one that is not there stays away."""
        if phase_id not in self._phases:
            return
        phase = self._phases.pop(phase_id)
        key = formula_of(phase)
        system = _system_of(key)
        self._lay_out(system)
        self._rivals[key].remove(phase)
        if self._rivals[key]:
            return
        del self._rivals[key]
        self._systems[system].remove(key)
        if not self._systems[system]:
            self._close(system)

    def _formulas_in(self, system: frozenset[str]) -> Sequence[FormulaKey]:
        """Return the formulas of the phases with these elements and no others, in order."""
        self._lay_out(system)
        return self._systems.get(system, ())

    def _lay_out(self, system: frozenset[str]) -> None:
        """Put the phases of a system in their places, if they still wait."""
        waiting = self._waiting.get(system)
        if waiting is None:
            return
        rivals: dict[FormulaKey, list[ReferencePhase]] = {}
        for phase in sorted(waiting, key=_rank):
            rivals.setdefault(formula_of(phase), []).append(phase)
        # Who reads in another thread meanwhile does the same once more, and finds the same.
        self._rivals.update(rivals)
        self._systems[system] = sorted(rivals)
        self._waiting.pop(system, None)

    def _open(self, system: frozenset[str]) -> None:
        """Enter a system without phases."""
        self._systems[system] = []
        for symbol in system:
            self._systems_with.setdefault(symbol, set()).add(system)

    def _close(self, system: frozenset[str]) -> None:
        """Strike a system that has no phases left."""
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
