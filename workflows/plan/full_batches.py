"""Timing batches as full as those of the campaign, made of copies of the sample."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from facet.relaxation.relaxer import Relaxation
from workflows.plan.census import NO_TIME, Seconds, Timer
from workflows.plan.stopwatch import Stopwatch, TimedPotential

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pymatgen.core.structure import Structure

    from facet.potential import Potential
    from facet.relaxation.settings import RelaxSettings
    from workflows.plan.strata import Sampled

WARM_UP_ROUNDS = 3
"""Rounds at the beginning that are not timed: libraries load and memory is first touched."""

FULL_ROUNDS = 20
"""Rounds with a batch that has stopped growing."""

MOST_SECONDS_FULL = 60.0
GROWTH = 1.02
"""A batch that grows by less has stopped growing."""


class FullBatches:
    """Copies of the sample that fly until enough rounds of a full batch are timed.

    Args:
        crystals: The sample.
        potential: Asked for energies, forces and stresses.
        settings: Of the relaxation.
        most: Copies that may fly.
    """

    def __init__(
        self, crystals: Sequence[Sampled], potential: Potential, settings: RelaxSettings, most: int
    ) -> None:
        self.stopwatch = Stopwatch(self._on_asked)
        self._timer = Timer()
        self._num_entered = 0
        self._most_atoms = 0.0
        self._rounds_of_this_size = 0
        self._first: Seconds | None = None
        self._after_warm_up = NO_TIME
        timed = TimedPotential(potential, self.stopwatch)
        self._relaxation = Relaxation(self._copies(crystals, most), timed, settings)

    def run(self) -> None:
        """Fly."""
        for _ in self._relaxation:
            pass

    def _copies(self, crystals: Sequence[Sampled], most: int) -> Iterator[tuple[str, Structure]]:
        for name, structure in itertools.islice(named(itertools.cycle(crystals)), most):
            self._num_entered += self._first is None
            yield name, structure

    def _on_asked(self, stopwatch: Stopwatch) -> None:
        """Look after every question whether enough was seen."""
        now = self._timer.seconds()
        if self._first is None:
            self._first = now
        if len(stopwatch.asked) == WARM_UP_ROUNDS + 1:
            self._after_warm_up = now
        atoms = stopwatch.asked[-1].atoms
        if atoms > GROWTH * self._most_atoms:
            self._rounds_of_this_size = 0
        self._most_atoms = max(self._most_atoms, atoms)
        self._rounds_of_this_size += 1
        if self._rounds_of_this_size > FULL_ROUNDS or now.wall > MOST_SECONDS_FULL:
            self._relaxation.interrupt()

    @property
    def capacity(self) -> tuple[int, int]:
        """Atoms and edges of the fullest batch."""
        fast = [each for each in self.stopwatch.asked if not each.is_last_look]
        most = max(fast or self.stopwatch.asked, key=lambda each: each.atoms)
        return most.atoms, most.edges

    @property
    def entering(self) -> Seconds:
        """Time for one crystal to enter."""
        return (self._first or NO_TIME).times(1 / max(1, self._num_entered))

    @property
    def warm_up(self) -> Seconds:
        """How much longer the first rounds took than as many later ones."""
        first = self._first or NO_TIME
        later = self.stopwatch.rounds(WARM_UP_ROUNDS)
        usual = Seconds(sum(each.wall for each in later), sum(each.processor for each in later))
        usual = usual.times(WARM_UP_ROUNDS / max(1, len(later)))
        more = self._after_warm_up.plus(first.times(-1.0)).plus(usual.times(-1.0))
        return Seconds(max(0.0, more.wall), max(0.0, more.processor))


def named(crystals: Iterable[Sampled]) -> Iterator[tuple[str, Structure]]:
    """Yield the structures of a sample, named by their places in it."""
    for place, each in enumerate(crystals):
        if each.crystal.structure is not None:
            yield str(place), each.crystal.structure
