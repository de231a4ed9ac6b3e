"""Relaxing a stream of crystals in a moving batch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from facet.relaxation.entrance import Entrance
from facet.relaxation.evaluate import evaluator_for
from facet.relaxation.lane import Lane
from facet.relaxation.optimizers.registry import optimizer_named
from facet.relaxation.queue import StructureQueue
from facet.relaxation.result import RelaxResult
from facet.relaxation.second_look import better_end, is_worth_rattling, second_start
from facet.relaxation.settings import RelaxSettings
from facet.relaxation.state import OptimizerState, empty_state
from facet.relaxation.suspended import suspend
from facet.uncertainty import HasMembers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from facet.potential import Potential
    from facet.relaxation.entrance import Ceiling
    from facet.relaxation.leaving import Departure
    from facet.relaxation.suspended import Suspended

LAST_LOOK_FILL = 0.5
"""Share of the budget at which those that wait for their last look are evaluated together."""

MAX_ROUNDS_OF_WAITING = 8
"""Rounds after which they are evaluated anyway."""


def relax(
    structures: Iterable[object], potential: Potential, settings: RelaxSettings | None = None
) -> Iterator[RelaxResult]:
    """Relax every structure and yield each result as soon as that structure stops.

    Structures are read as there is room for them and results are not kept, so that a million pass
    through in constant memory. No crystal can stop the generator or change the result of another:
    whatever happens to it becomes its ``stop_reason`` and ``message``. Only what the iterable
    itself raises passes through.

    A crystal that converges in the precision of the potential is evaluated once more in double
    precision. If that exceeds a limit it goes on in double precision; what a converged result
    holds was always computed so.

    Args:
        structures: Each a pymatgen ``Structure``, an ASE ``Atoms`` or a facet ``Crystal``, or a
            pair of name and one of these.
        potential: Gives energies, forces and stresses.
        settings: Limits and batch size.

    Yields:
        One result for every structure, in order of completion.
    """
    yield from Relaxation(structures, potential, settings)


class Relaxation:
    """A relaxation of many crystals that can be watched and interrupted.

    Args:
        structures: As for ``relax``. None among them says that the next one is not there yet: those
            in flight go on meanwhile, and where nothing flies the iteration ends.
        potential: Gives energies, forces and stresses.
        settings: Limits and batch size.
        ceiling: Function of name and crystal: the energy in eV/atom above which this crystal is of
            no interest, or None. Who certainly stays above it ends as ``STOPPED_EARLY``. Nobody is
            stopped early without it.

    Raises:
        ConfigError: The settings need a library that is not installed, or an optimizer that can
            foresee who stays above a ceiling.
    """

    def __init__(
        self,
        structures: Iterable[object],
        potential: Potential,
        settings: RelaxSettings | None = None,
        ceiling: Ceiling | None = None,
    ) -> None:
        self.settings = settings or RelaxSettings()
        is_double = potential.dtype == torch.float64
        self._fast = self._lane(potential, is_last=is_double)
        self._sure = self._lane(potential.in_double(), is_last=True)
        self._entrance = Entrance(potential, self.settings, ceiling)
        self._waiting = StructureQueue(structures, self._entrance)
        self._rounds_of_waiting = 0
        self._is_interrupted = False

    def _lane(self, potential: Potential, *, is_last: bool) -> Lane:
        settings = self.settings
        if is_last and isinstance(potential, HasMembers):
            potential = potential.telling_members()
        evaluator = evaluator_for(potential, settings.max_batch_atoms, settings.max_batch_edges)
        nobody = empty_state(optimizer_named(settings.optimizer), potential.device)
        return Lane(evaluator, settings, nobody, is_last=is_last)

    def __iter__(self) -> Iterator[RelaxResult]:
        """Yield one result for every structure, in order of completion."""
        try:
            yield from self._rounds()
        finally:
            self._fast.evaluator.remember()
            self._sure.evaluator.remember()

    def _rounds(self) -> Iterator[RelaxResult]:
        while not self._is_interrupted:
            yield from self._admit()
            if self._fast.state.num_structures:
                done = self._fast.advance()
                self._look_again_at(done.resting)
                yield from self._final(done.leaving)
            elif self._sure.state.num_structures == 0:
                return
            if self._is_time_to_be_sure():
                self._rounds_of_waiting = 0
                yield from self._final(self._sure.advance().leaving)

    def interrupt(self) -> None:
        """End the iteration after the round under way; ``suspend`` then gives what is in flight.

        It may be called from another thread or a signal handler.
        """
        self._is_interrupted = True

    def suspend(self) -> list[Suspended]:
        """Stop, and hand out every crystal in flight with its optimizer's memory.

        Call it between two results or after the last; those that are ready can still be taken from
        the iterator, which then ends. Whoever goes on passes the crystals to ``relax`` among the
        structures. What was not yet read from the structures stays there, but for the one that was
        read ahead, which is handed out too.
        """
        self.interrupt()
        states = [self._fast.state, self._sure.state, *self._waiting.give_back()]
        given = [each for state in states for each in suspend(state, self.settings.optimizer)]
        self._fast.leave()
        self._sure.leave()
        return given

    def _final(self, leaving: Iterable[Departure]) -> list[RelaxResult]:
        """Results to hand out; who shall be rattled and relaxed once more goes on instead."""
        results = []
        for departure in leaving:
            if self.settings.rattle and is_worth_rattling(departure):
                again = self._entrance.admit_again(*second_start(departure, self.settings))
                if isinstance(again, OptimizerState):
                    self._fast.enter([again])
                    continue
            results.append(better_end(departure))
        return results

    def _admit(self) -> Iterator[RelaxResult]:
        """Fill the free places, and yield the results of those who are refused."""
        entering = []
        for entrant in self._waiting.take_beside(self._fast.state, self._fast.evaluator.budget):
            if isinstance(entrant, RelaxResult):
                yield entrant
            elif bool(entrant.ledger.is_double):
                self._sure.enter([entrant])
            else:
                entering.append(entrant)
        self._fast.enter(entering)

    def _look_again_at(self, resting: OptimizerState) -> None:
        sure = torch.ones_like(resting.ledger.is_double)
        self._sure.enter([replace(resting, ledger=replace(resting.ledger, is_double=sure))])

    def _is_time_to_be_sure(self) -> bool:
        waiting = self._sure.state
        if waiting.num_structures == 0:
            return False
        self._rounds_of_waiting += 1
        budget = self._sure.evaluator.budget
        fill = max(waiting.num_atoms / budget.atoms, waiting.num_edges / budget.edges)
        return (
            fill >= LAST_LOOK_FILL
            or self._fast.state.num_structures == 0
            or self._rounds_of_waiting >= MAX_ROUNDS_OF_WAITING
        )
