"""Crystals in flight that are evaluated with one precision."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from facet.relaxation.apart import attempt_apart
from facet.relaxation.curve import note
from facet.relaxation.early import hopeless
from facet.relaxation.guard import Mishap
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


class Round(NamedTuple):
    """What became of the crystals of a lane in one step.

    Attributes:
        leaving: Those that ended.
        resting: Those that converged but are to be looked at again.
        flying: Those that go on.
    """

    leaving: list[Departure]
    resting: OptimizerState
    flying: OptimizerState


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

    def advance(self) -> Round:
        """Evaluate every crystal, take out those that end, and move the others.

        What fails in any way, for want of memory say, is done again in halves, until the crystals
        that fail alone are found.
        """
        done = [
            self._lost(part, outcome.stop) if isinstance(outcome, Mishap) else outcome
            for part, outcome in attempt_apart(self.state, self._round, "A step of the relaxation")
        ]
        self.state = join_states([each.flying for each in done])
        return Round(
            [departure for each in done for departure in each.leaving],
            join_states([each.resting for each in done]),
            self.state,
        )

    def _lost(self, crystal: OptimizerState, stop: Stop) -> Round:
        nobody = keep_states(crystal, [])
        return Round(departures(crystal, {0: stop}, self._settings.symprec), nobody, nobody)

    def _round(self, state: OptimizerState) -> Round:
        started = perf_counter()
        settings = self._settings
        state, edges, leaving = look_around(state, self.evaluator.potential.cutoff, settings)
        if state.num_structures == 0:
            return Round(leaving, state, state)
        evaluation = self.evaluator(state.batch(edges))
        measures = measure(state, evaluation, settings)
        numbers = measures.on_host()
        faults = {**prediction_faults(numbers, settings), **evaluation.failures}
        ends = {**converged_or_tired(numbers, settings), **faults}
        state = _counted(charge(state, perf_counter() - started))
        good = replace(state, last_good=_snapshot(state, evaluation, measures))
        started = perf_counter()
        note(good.tickets, numbers, faults)
        record(good, set(faults))
        resting = keep_states(good, [] if self._is_last else _resting(ends))
        final = {
            i: end
            for i, end in ends.items()
            if i not in faults and (self._is_last or end.reason is not StopReason.CONVERGED)
        }
        leaving += departures(state, faults, settings.symprec)
        leaving += departures(good, final, settings.symprec, evaluation.member_offsets)
        state, stuck = step_apart(without(good, ends), settings)
        given_up = {**hopeless(state), **stuck}
        leaving += departures(state, given_up, settings.symprec)
        state = charge(without(state, given_up), perf_counter() - started)
        return Round(leaving, resting, state)


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
