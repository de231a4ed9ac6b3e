"""Crystals in flight that are evaluated with one precision."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

from facet.relaxation.early import hopeless
from facet.relaxation.leaving import departures, without
from facet.relaxation.motion import step_apart
from facet.relaxation.result import StopReason
from facet.relaxation.state import Snapshot, charge, join_states, keep_states
from facet.relaxation.stopping import converged_or_tired, measure, prediction_faults
from facet.relaxation.surroundings import look_around
from facet.relaxation.trajectory import record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facet.relaxation.evaluate import Evaluation, Evaluator
    from facet.relaxation.leaving import Departure
    from facet.relaxation.result import Stop
    from facet.relaxation.settings import RelaxSettings
    from facet.relaxation.state import OptimizerState
    from facet.relaxation.stopping import Measures


class Lane:
    """A moving batch: evaluate, then stop, then step.

    Args:
        evaluator: Asks the potential.
        settings: Limits.
        is_last: Whether convergence is final here; otherwise who converges is handed on.
        state: Crystals to begin with, or none.
    """

    def __init__(
        self, evaluator: Evaluator, settings: RelaxSettings, state: OptimizerState, *, is_last: bool
    ) -> None:
        self.evaluator = evaluator
        self.state = state
        self._settings = settings
        self._is_last = is_last

    def enter(self, entrants: Sequence[OptimizerState]) -> None:
        """Let crystals in."""
        self.state = join_states([self.state, *entrants])

    def leave(self) -> None:
        """Let go of all crystals."""
        self.state = keep_states(self.state, [])

    def advance(self) -> tuple[list[Departure], OptimizerState]:
        """Evaluate every crystal, take out those that end, and move the others.

        Returns:
            Those that ended, and those that converged but are to be looked at again.
        """
        started = perf_counter()
        cutoff = self.evaluator.potential.cutoff
        state, edges, leaving = look_around(self.state, cutoff, self._settings)
        if state.num_structures == 0:
            self.state = state
            return leaving, state
        evaluation = self.evaluator(state.batch(edges))
        measures = measure(state, evaluation, self._settings)
        numbers = measures.on_host()
        faults = {**prediction_faults(numbers, self._settings), **evaluation.failures}
        ends = {**converged_or_tired(numbers, self._settings), **faults}
        state = _counted(charge(state, perf_counter() - started))
        good = replace(state, last_good=_snapshot(state, evaluation, measures))
        started = perf_counter()
        record(good, set(faults))
        resting = keep_states(good, [] if self._is_last else _resting(ends))
        final = {
            i: end
            for i, end in ends.items()
            if i not in faults and (self._is_last or end.reason is not StopReason.CONVERGED)
        }
        leaving += departures(state, faults, self._settings.symprec)
        leaving += departures(good, final, self._settings.symprec)
        state, stuck = step_apart(without(good, ends), self._settings)
        given_up = {**hopeless(state), **stuck}
        leaving += departures(state, given_up, self._settings.symprec)
        self.state = charge(without(state, given_up), perf_counter() - started)
        return leaving, resting


def _resting(ends: dict[int, Stop]) -> list[int]:
    return sorted(i for i, end in ends.items() if end.reason is StopReason.CONVERGED)


def _counted(state: OptimizerState) -> OptimizerState:
    asked = state.ledger.num_evaluations + 1
    return replace(state, ledger=replace(state.ledger, num_evaluations=asked))


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
