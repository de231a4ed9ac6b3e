"""Relaxing a stream of crystals in a moving batch."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

from facet.relaxation.cell import Push, deform, move, push_on_cells, push_on_positions
from facet.relaxation.evaluate import Budget, Evaluator
from facet.relaxation.fire import fire_step
from facet.relaxation.leaving import results_of, without
from facet.relaxation.queue import StructureQueue
from facet.relaxation.result import RelaxResult
from facet.relaxation.settings import RelaxSettings
from facet.relaxation.state import OptimizerState, Snapshot, charge, empty_state, join_states
from facet.relaxation.stopping import converged_or_tired, measure, prediction_faults
from facet.relaxation.surroundings import look_around
from facet.units import ev_per_cubic_angstrom_from_gpa

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from facet.potential import Potential
    from facet.relaxation.evaluate import Evaluation
    from facet.relaxation.stopping import Measures


def relax(
    structures: Iterable[object], potential: Potential, settings: RelaxSettings | None = None
) -> Iterator[RelaxResult]:
    """Relax every structure and yield each result as soon as that structure stops.

    Structures are read as there is room for them and results are not kept, so that a million pass
    through in constant memory. No crystal can stop the generator or change the result of another:
    whatever happens to it becomes its ``stop_reason`` and ``message``. Only what the iterable
    itself raises passes through.

    Args:
        structures: Each a pymatgen ``Structure``, an ASE ``Atoms`` or a facet ``Crystal``, or a
            pair of name and one of these.
        potential: Gives energies, forces and stresses.
        settings: Limits and batch size.

    Yields:
        One result for every structure, in order of completion.
    """
    settings = settings or RelaxSettings()
    evaluator = Evaluator(potential, Budget(settings.max_batch_atoms, settings.max_batch_edges))
    waiting = StructureQueue(structures, potential, settings.min_distance)
    state = empty_state(potential.device)
    while True:
        entering = []
        for entrant in waiting.take_beside(state, evaluator.budget):
            if isinstance(entrant, RelaxResult):
                yield entrant
            else:
                entering.append(entrant)
        state = join_states([state, *entering])
        if state.num_structures == 0:
            return
        state, results = advance(state, evaluator, settings)
        yield from results


def advance(
    state: OptimizerState, evaluator: Evaluator, settings: RelaxSettings
) -> tuple[OptimizerState, list[RelaxResult]]:
    """Evaluate, then stop, then step.

    Returns:
        The crystals that go on, and the results of those that do not.
    """
    started = perf_counter()
    state, edges, results = look_around(state, evaluator.potential.cutoff, settings)
    if state.num_structures == 0:
        return state, results
    evaluation = evaluator(state.batch(edges))
    measures = measure(state, evaluation, settings.pressure)
    numbers = measures.on_host()
    faults = {**prediction_faults(numbers, settings), **evaluation.failures}
    ends = converged_or_tired(numbers, settings)
    state = charge(state, perf_counter() - started)
    evaluated = replace(state, last_good=_snapshot(state, evaluation, measures))
    results += results_of(state, faults)
    results += results_of(evaluated, {i: end for i, end in ends.items() if i not in faults})
    started = perf_counter()
    state = take_step(without(evaluated, {**faults, **ends}), settings)
    return charge(state, perf_counter() - started), results


def take_step(state: OptimizerState, settings: RelaxSettings) -> OptimizerState:
    """Move every crystal along the forces of its last good geometry, which is where it is."""
    if state.num_structures == 0:
        return state
    seen, index = state.last_good, state.structure_index
    push = push_on_positions(seen.forces, state.geometry, index)
    if settings.relax_cell:
        pressure = ev_per_cubic_angstrom_from_gpa(settings.pressure)
        pull = push_on_cells(
            seen.stress, state.geometry, state.coordinates.log_deformation, pressure
        )
        push = Push(push.atoms, pull / state.ledger.num_atoms[:, None, None])
    optimizer, step = fire_step(state.optimizer, push, index, settings.max_step)
    coordinates = move(state.coordinates, step, state.ledger.num_atoms)
    return replace(
        state,
        optimizer=optimizer,
        coordinates=coordinates,
        geometry=deform(coordinates, index),
        ledger=replace(state.ledger, num_steps=state.ledger.num_steps + 1),
    )


def _snapshot(state: OptimizerState, evaluation: Evaluation, measures: Measures) -> Snapshot:
    return Snapshot(
        state.geometry.positions,
        state.geometry.cells,
        evaluation.energy,
        evaluation.forces,
        evaluation.stress,
        measures.fmax,
        measures.smax,
    )
