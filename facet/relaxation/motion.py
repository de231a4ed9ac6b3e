"""One step of every crystal along the forces of its last good geometry, which is where it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from facet.relaxation.apart import attempt_apart
from facet.relaxation.cell import Push, deform, move, push_on_cells, push_on_positions
from facet.relaxation.constraints import constrained
from facet.relaxation.guard import Mishap
from facet.relaxation.optimizers.optimizer import Here, StepLimits
from facet.relaxation.optimizers.registry import optimizer_named
from facet.relaxation.state import join_states
from facet.units import ev_per_cubic_angstrom_from_gpa

if TYPE_CHECKING:
    from facet.relaxation.result import Stop
    from facet.relaxation.settings import RelaxSettings
    from facet.relaxation.state import OptimizerState


def step_apart(
    state: OptimizerState, settings: RelaxSettings
) -> tuple[OptimizerState, dict[int, Stop]]:
    """Move every crystal; if that fails, move halves, until those that fail alone are found.

    Returns:
        All crystals, those that could not be moved where they were; and why, by index.
    """
    moved: list[OptimizerState] = []
    stops: dict[int, Stop] = {}
    parts = attempt_apart(
        state, lambda part: take_step(part, settings), "The step of the optimizer"
    )
    for part, outcome in parts:
        if isinstance(outcome, Mishap):
            stops[sum(each.num_structures for each in moved)] = outcome.stop
        moved.append(part if isinstance(outcome, Mishap) else outcome)
    return join_states(moved), stops


def take_step(state: OptimizerState, settings: RelaxSettings) -> OptimizerState:
    """Move every crystal one step of the optimizer that the settings name."""
    if state.num_structures == 0:
        return state
    limits = StepLimits(settings.max_step, settings.max_strain)
    optimizer = optimizer_named(settings.optimizer)
    memory, step = optimizer.step(state.memory, look_from(state, settings), limits)
    step = constrained(step, state.constraints, settings.cell)
    coordinates = move(state.coordinates, step, state.ledger.num_atoms)
    return replace(
        state,
        memory=memory,
        coordinates=coordinates,
        geometry=deform(coordinates, state.structure_index),
        ledger=replace(state.ledger, num_steps=state.ledger.num_steps + 1),
    )


def look_from(state: OptimizerState, settings: RelaxSettings) -> Here:
    """What the optimizer is told of the last good geometry."""
    seen, index = state.last_good, state.structure_index
    pressure = ev_per_cubic_angstrom_from_gpa(settings.pressure)
    push = push_on_positions(seen.forces, state.geometry, index)
    if settings.has_free_cell:
        pull = push_on_cells(
            seen.stress, state.geometry, state.coordinates.log_deformation, pressure
        )
        push = Push(push.atoms, pull / state.ledger.num_atoms[:, None, None])
    return Here(
        push=constrained(push, state.constraints, settings.cell),
        enthalpy=seen.energy + pressure * state.geometry.volumes,
        coordinates=state.coordinates,
        geometry=state.geometry,
        neighbors=state.neighbors,
        species=state.ledger.species,
        num_atoms=state.ledger.num_atoms,
        structure_index=index,
        constraints=state.constraints,
        cell_mode=settings.cell,
    )
