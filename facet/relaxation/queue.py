"""The waiting line: reads structures one by one, and lets them in as there is room."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from facet.errors import InvalidStructure
from facet.graph.convert import crystal_from
from facet.graph.elements import check_species
from facet.graph.neighbors import find_pairs
from facet.graph.skin import SKIN, edges_within
from facet.relaxation.guard import Mishap, attempt
from facet.relaxation.leaving import refusal
from facet.relaxation.state import OptimizerState, charge, start_state

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from facet.graph.neighbors import Crystal
    from facet.potential import Potential
    from facet.relaxation.evaluate import Budget
    from facet.relaxation.result import RelaxResult

LARGEST_ATOMIC_VOLUME = 150.0
"""A^3 per atom; cesium, the roomiest elemental solid, has 117. Its atoms lie beyond 5 angstrom of
each other, and their energy is what a potential of that cutoff learned for lone atoms."""


class StructureQueue:
    """Structures that wait for a place in the batch; at most one is read ahead.

    Args:
        structures: Structures, or pairs of name and structure.
        potential: Its cutoff, species and device.
        min_distance: Lattice vectors shorter than this many angstrom are refused.
    """

    def __init__(
        self, structures: Iterable[object], potential: Potential, min_distance: float
    ) -> None:
        self._items = enumerate(structures)
        self._potential = potential
        self._min_distance = min_distance
        self._next: OptimizerState | RelaxResult | None = None

    def take_beside(
        self, flying: OptimizerState, budget: Budget
    ) -> Iterator[OptimizerState | RelaxResult]:
        """Yield the crystals that fit beside those in flight, and results of those refused.

        They keep their order; a crystal larger than the budget enters when nothing else flies.
        """
        atoms, edges = flying.num_atoms, flying.num_edges
        while (entrant := self._look_at_next()) is not None:
            if isinstance(entrant, OptimizerState):
                atoms, edges = atoms + entrant.num_atoms, edges + entrant.num_edges
                is_first = atoms == entrant.num_atoms
                if not is_first and not budget.holds(atoms, edges):
                    return
            self._next = None
            yield entrant

    def _look_at_next(self) -> OptimizerState | RelaxResult | None:
        if self._next is None:
            for index, item in self._items:
                self._next = self._prepare(*_named(item, index))
                break
        return self._next

    def _prepare(self, name: str, source: object) -> OptimizerState | RelaxResult:
        """Read one structure, find its neighbors, and refuse what cannot be relaxed."""
        started = perf_counter()
        crystal = attempt(lambda: crystal_from(source, name), "Reading the structure")
        if isinstance(crystal, Mishap):
            return refusal(name, None, crystal.stop)
        state = attempt(lambda: self._start(name, crystal), "Finding the neighbors")
        if isinstance(state, Mishap):
            return refusal(name, crystal, state.stop)
        return charge(state, perf_counter() - started)

    def _start(self, name: str, crystal: Crystal) -> OptimizerState:
        check_species(crystal.species, self._potential.species, name)
        shortest = np.linalg.norm(crystal.cell, axis=1).min()
        if shortest < self._min_distance:  # its images would be countless
            raise InvalidStructure(
                f"{name}: a lattice vector of {shortest:.2g} A puts an atom on its own image; "
                "check the lattice and its units (angstrom)."
            )
        cutoff = self._potential.cutoff
        pairs = find_pairs(crystal, cutoff + SKIN)
        state = start_state(name, crystal, pairs, self._potential.device)
        geometry = state.geometry
        edges = edges_within(state.neighbors, geometry.positions, geometry.cells, cutoff)
        volume = abs(np.linalg.det(crystal.cell)) / len(crystal.species)
        if len(edges.distances) == 0 and volume > LARGEST_ATOMIC_VOLUME:
            raise InvalidStructure(
                f"{name}: no atom has a neighbor within the potential's {cutoff:g} A; "
                "check the lattice and its units (angstrom)."
            )
        count = state.ledger.num_edges + len(edges.distances)
        return replace(state, ledger=replace(state.ledger, num_edges=count))


def _named(item: object, index: int) -> tuple[str, object]:
    """Split a pair of name and structure, or name a structure by its place in the input."""
    match item:
        case (str() as name, source):
            return name, source
    return f"structure-{index}", item
