"""How crystals enter: read, looked over, with their neighbors and what must not move."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from facet.errors import ConfigError, InvalidStructure
from facet.graph.convert import crystal_from
from facet.graph.elements import check_species
from facet.graph.neighbors import find_pairs
from facet.graph.skin import SKIN, edges_within
from facet.relaxation.constraints import constraints_of
from facet.relaxation.early import refuse_without_forecast
from facet.relaxation.guard import Mishap, attempt
from facet.relaxation.leaving import refusal
from facet.relaxation.optimizers.registry import optimizer_named
from facet.relaxation.primitive import require_spglib, space_group
from facet.relaxation.state import OptimizerState, charge, start_state
from facet.relaxation.suspended import Suspended, resumed
from facet.relaxation.symmetry import symmetry_of
from facet.relaxation.tickets import Ticket
from facet.relaxation.trajectory import Recorder

if TYPE_CHECKING:
    from collections.abc import Callable

    from facet.graph.neighbors import Crystal
    from facet.potential import Potential
    from facet.relaxation.result import RelaxResult
    from facet.relaxation.settings import RelaxSettings
    from facet.relaxation.symmetry import Symmetry

    Ceiling = Callable[[str, Crystal], float | None]

LARGEST_ATOMIC_VOLUME = 150.0
"""A^3 per atom; cesium, the roomiest elemental solid, has 117. Its atoms lie beyond 5 angstrom of
each other, and their energy is what a potential of that cutoff learned for lone atoms."""


class Entrance:
    """Lets crystals in one by one, and refuses what cannot be relaxed.

    Args:
        potential: Its cutoff, species and device.
        settings: Of the relaxation.
        ceiling: Tells above which energy in eV/atom a crystal may be stopped early, if at all.

    Raises:
        ConfigError: Symmetry is asked for, and the library that finds it is not installed; or
            ceilings are given to an optimizer that cannot foresee who will stay above them.
    """

    def __init__(
        self, potential: Potential, settings: RelaxSettings, ceiling: Ceiling | None = None
    ) -> None:
        self._potential = potential
        self._settings = settings
        self._ceiling = ceiling
        self._optimizer = optimizer_named(settings.optimizer)
        if settings.asks_for_symmetry:
            require_spglib()
        fault = ceiling and refuse_without_forecast(self._optimizer.start(1, potential.device))
        if fault:
            raise ConfigError(fault)

    def admit(self, name: str, source: object) -> OptimizerState | RelaxResult:
        """Read one structure; a fault of it becomes its result."""
        started = perf_counter()
        if isinstance(source, Suspended):
            again = attempt(lambda: self._resume(source), "Resuming the relaxation")
            if isinstance(again, Mishap):
                return refusal(source.name, source.crystal, again.stop)
            return charge(again, perf_counter() - started)
        crystal = attempt(lambda: crystal_from(source, name), "Reading the structure")
        if isinstance(crystal, Mishap):
            return refusal(name, None, crystal.stop)
        state = attempt(lambda: self._start(name, crystal), "Finding the neighbors")
        if isinstance(state, Mishap):
            return refusal(name, crystal, state.stop)
        return charge(state, perf_counter() - started)

    def admit_again(self, ticket: Ticket, crystal: Crystal) -> OptimizerState | RelaxResult:
        """Let a crystal in for another relaxation, free of its symmetry."""
        state = attempt(lambda: self._place(ticket, crystal), "Finding the neighbors")
        if isinstance(state, Mishap):
            return refusal(ticket.name, crystal, state.stop)
        return state

    def _start(self, name: str, crystal: Crystal) -> OptimizerState:
        check_species(crystal.species, self._potential.species, name)
        shortest = np.linalg.norm(crystal.cell, axis=1).min()
        if shortest < self._settings.min_distance:  # its images would be countless
            raise InvalidStructure(
                f"{name}: a lattice vector of {shortest:.2g} A puts an atom on its own image; "
                "check the lattice and its units (angstrom)."
            )
        settings = self._settings
        symmetry = symmetry_of(crystal, settings.symprec) if settings.symmetry == "keep" else None
        number = None
        if symmetry is not None:
            number = symmetry.number
        elif settings.asks_for_symmetry:
            number = space_group(crystal, settings.symprec)
        ceiling = self._ceiling(name, crystal) if self._ceiling else None
        ticket = Ticket(name, crystal.is_held, number, self._recorder(), ceiling)
        return self._place(ticket, crystal, symmetry)

    def _place(
        self, ticket: Ticket, crystal: Crystal, symmetry: Symmetry | None = None
    ) -> OptimizerState:
        crystal = symmetry.crystal if symmetry else crystal
        cutoff = self._potential.cutoff
        pairs = find_pairs(crystal, cutoff + SKIN)
        device = self._potential.device
        state = start_state(ticket, crystal, pairs, self._optimizer, device)
        if symmetry is not None:
            state = replace(state, constraints=constraints_of(crystal, symmetry, device))
        geometry = state.geometry
        edges = edges_within(state.neighbors, geometry.positions, geometry.cells, cutoff)
        volume = abs(np.linalg.det(crystal.cell)) / len(crystal.species)
        if len(edges.distances) == 0 and volume > LARGEST_ATOMIC_VOLUME:
            raise InvalidStructure(
                f"{ticket.name}: no atom has a neighbor within the potential's {cutoff:g} A; "
                "check the lattice and its units (angstrom)."
            )
        count = state.ledger.num_edges + len(edges.distances)
        return replace(state, ledger=replace(state.ledger, num_edges=count))

    def _resume(self, crystal: Suspended) -> OptimizerState:
        if crystal.optimizer != self._settings.optimizer:
            raise InvalidStructure(
                f"{crystal.name} was suspended while {crystal.optimizer} moved it; go on with "
                "that optimizer, or relax it from its input."
            )
        state = resumed(crystal, self._potential, self._optimizer)
        (ticket,) = state.tickets
        return replace(state, tickets=(replace(ticket, recorder=self._recorder()),))

    def _recorder(self) -> Recorder | None:
        every = self._settings.trajectory_every
        return Recorder(every) if every else None
