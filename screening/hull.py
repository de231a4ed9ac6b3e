"""Distances of candidates to the convex hull of a reference."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from pymatgen.core.composition import Composition

from screening.chemical_system import gather
from screening.decomposition import HullDistance, Share, shares_of
from screening.errors import MissingReference, ScreeningError
from screening.formulas import element_amounts, formula_key
from screening.phase_table import PhaseTable, formula_of
from screening.reference import formation_energy_per_atom
from screening.simplex import cheapest_mixture

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from screening.changes import PhaseChange
    from screening.chemical_system import System
    from screening.reference import Reference

__all__ = ["HullDistance", "Hulls", "Share"]

_VERSION_LENGTH = 16


class Hulls:
    """The hulls of every chemical system of one reference, made as they are asked for.

    Only the lowest phase of each reduced formula can touch a hull; the others stand by for when
    it is taken off or goes. Element energies at zero stand in where the reference has compounds
    of an element but no elemental phase.

    Phases may come, go and change. What is measured depends on what the hulls hold and on nothing
    else: the order of arrival, and changes applied twice, leave no trace.
    """

    def __init__(self, reference: Reference) -> None:
        self._reference: Reference | None = reference
        self._origin = reference
        self._zeros = dict(reference.element_energies)
        self._table = PhaseTable(reference.phases)
        self._systems: dict[tuple[str, ...], System] = {}
        self._asked: dict[str, set[tuple[str, ...]]] = {}

    @property
    def reference(self) -> Reference:
        """The phases that candidates are measured against now."""
        if self._reference is None:
            self._reference = replace(
                self._origin, phases=tuple(self._table), element_energies=dict(self._zeros)
            )
        return self._reference

    @property
    def element_energies(self) -> Mapping[str, float]:
        """Zeros of formation energy in eV/atom as they are now."""
        return self._zeros

    def distance(
        self,
        composition: Composition,
        corrected_energy_total: float,
        *,
        without_formula: bool = False,
        without: Collection[str] = (),
    ) -> HullDistance:
        """Measure how far a candidate lies above (below: negative) the hull.

        Args:
            composition: Composition of its cell.
            corrected_energy_total: Energy of that cell in eV, in the reference's scheme.
            without_formula: Take every phase of the candidate's own reduced formula off the
                hull. Elemental phases stay: without them an element decomposes to nothing.
            without: Ids of phases to take off the hull, such as the candidate's own where the
                hull holds it. An element whose every phase is off stands at zero.

        Raises:
            MissingReference: The reference knows too little of an element.
            ScreeningError: The energy is not a finite number.
        """
        amounts = element_amounts(composition)
        self._remember(tuple(sorted(amounts)))
        self._check(amounts, corrected_energy_total)
        formation = formation_energy_per_atom(amounts, corrected_energy_total, self._zeros)
        system = self._system(tuple(sorted(amounts)))
        for key in self._table.formulas_of(without):
            system = system.with_phase(key, self._table.lowest(key, without))
        if without_formula and len(amounts) > 1:
            system = system.with_phase(formula_key(amounts), None)
        target = np.array([amounts[symbol] for symbol in sorted(amounts)])
        mixture = cheapest_mixture(
            system.fractions, system.energies, system.elements, target / target.sum()
        )
        return HullDistance(formation - mixture.energy, formation, shares_of(mixture, system))

    def holds(self, formula: str, without: Collection[str] = ()) -> bool:
        """Tell whether any phase but those of some ids has this reduced formula."""
        key = formula_key(element_amounts(Composition(formula)))
        return self._table.lowest(key, without) is not None

    def apply(self, change: PhaseChange) -> frozenset[str]:
        """Take up a change; only the systems that contain a changed phase are made again.

        Returns:
            The chemical systems measured so far whose candidates must be measured again.
        """
        affected = self.affected_systems(change)
        for phase in change.put:
            self._table.put(phase)
        for phase_id in change.removed:
            self._table.remove(phase_id)
        self._zeros |= change.element_energies
        self._reference = None
        for system in affected:
            self._systems.pop(tuple(system.split("-")), None)
        return affected

    def affected_systems(
        self, change: PhaseChange, among: Iterable[str] | None = None
    ) -> frozenset[str]:
        """Tell in which chemical systems a change not yet applied can move a distance.

        Args:
            change: Phases that are about to come, go or change. What the hulls hold already in
                this very state affects nothing.
            among: Chemical systems to choose from, such as "Fe-Li-O" with the symbols in
                alphabetical order. When they are not given, those measured so far.
        """
        touched = set(self._touched(change))
        if among is not None:
            known = {name: frozenset(name.split("-")) for name in among}
            return frozenset(
                name
                for name, elements in known.items()
                if any(each <= elements for each in touched)
            )
        asked = (
            set.intersection(*(self._asked.get(symbol, set()) for symbol in each))
            for each in touched
        )
        return frozenset("-".join(symbols) for symbols in chain.from_iterable(asked))

    def version_of(self, chemical_system: str) -> str:
        """Return a name of all that distances in one chemical system depend on.

        Stored beside a distance, it tells after any interruption whether the distance still
        holds: it is the same exactly when the competing phases and the elements are the same.
        """
        symbols = tuple(sorted(chemical_system.split("-")))
        digest = hashlib.sha256(self._origin.scheme.encode())
        for symbol in symbols:
            zero = self._zeros.get(symbol)
            digest.update(f"{symbol} {zero!r} {self._table.covers(symbol)}\n".encode())
        for key in self._table.within(symbols):
            for phase in self._table.rivals(key):
                digest.update(f"{phase!r}\n".encode())
        return digest.hexdigest()[:_VERSION_LENGTH]

    def _touched(self, change: PhaseChange) -> Iterator[frozenset[str]]:
        """Yield sets of elements; a system that contains one of them is not what it was."""
        old = [self._table.get(phase_id) for phase_id in change.removed]
        for phase in change.put:
            before = self._table.get(phase.phase_id)
            if before != phase:
                old += [before, phase]
        formulas = {formula_of(each) for each in filter(None, old)}
        systems = {frozenset(symbol for symbol, _ in key) for key in formulas}
        yield from systems
        # With the first phase of an element, or without its last, every system that holds the
        # element is covered or no longer so; that costs little to assume too often.
        gone = {*change.removed, *(phase.phase_id for phase in change.put)}
        for symbol in frozenset().union(*systems):
            if not self._table.outlasts(symbol, gone):
                yield frozenset({symbol})
        for symbol, energy in change.element_energies.items():
            if self._zeros.get(symbol) != energy:
                yield frozenset({symbol})

    def _remember(self, symbols: tuple[str, ...]) -> None:
        """Note that distances in a system were asked for, found or not."""
        for symbol in symbols:
            self._asked.setdefault(symbol, set()).add(symbols)

    def _check(self, amounts: Mapping[str, float], energy: float) -> None:
        """Refuse candidates that cannot be placed."""
        if not amounts or not math.isfinite(energy):
            raise ScreeningError(
                f"A candidate of {len(amounts)} elements with an energy of {energy} eV has no "
                f"place on a hull: relax it again."
            )
        name = self._origin.name
        unpriced = tuple(sorted(amounts.keys() - self._zeros.keys()))
        if unpriced:
            raise MissingReference(
                f"Reference '{name}' has no elemental energy for {', '.join(unpriced)}: add an "
                f"elemental phase of each.",
                unpriced,
            )
        uncovered = tuple(symbol for symbol in sorted(amounts) if not self._table.covers(symbol))
        if uncovered:
            # The bare element as only competitor would let almost any compound look stable.
            raise MissingReference(
                f"Reference '{name}' holds no phase with {', '.join(uncovered)}: add the known "
                f"phases, the element among them.",
                uncovered,
            )

    def _system(self, symbols: tuple[str, ...]) -> System:
        """Return the competing phases of a chemical system, gathered once."""
        if symbols not in self._systems:
            self._systems[symbols] = gather(symbols, self._table)
        return self._systems[symbols]
