"""Timing the rounds of a relaxation from outside: when the potential is asked, and for how much."""

from __future__ import annotations

from time import perf_counter, process_time
from typing import TYPE_CHECKING, NamedTuple

from facet.uncertainty import HasMembers

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from facet.graph.batch import GraphBatch
    from facet.potential import Potential, Prediction


class Asked(NamedTuple):
    """One moment at which the potential was asked.

    Attributes:
        is_last_look: Whether in double precision, which crystals are at their end.
        structures: Crystals in the batch.
        atoms: Atoms in the batch.
        edges: Directed edges in the batch.
        wall: Clock in seconds.
        processor: Processor time of this process in seconds.
    """

    is_last_look: bool
    structures: int
    atoms: int
    edges: int
    wall: float
    processor: float


class Round(NamedTuple):
    """What was done between one question and the next, all of the engine's work included.

    Attributes:
        asked: The question.
        wall: Seconds until the next.
        processor: The same of processor time.
    """

    asked: Asked
    wall: float
    processor: float


class Stopwatch:
    """The moments at which potentials were asked.

    Args:
        on_asked: Called at each of them.
    """

    def __init__(self, on_asked: Callable[[Stopwatch], None] | None = None) -> None:
        self.asked: list[Asked] = []
        self._on_asked = on_asked

    def note(self, batch: GraphBatch, *, is_last_look: bool) -> None:
        """Remember a question."""
        self.asked.append(
            Asked(
                is_last_look,
                batch.num_structures,
                batch.num_atoms,
                batch.num_edges,
                perf_counter(),
                process_time(),
            )
        )
        if self._on_asked is not None:
            self._on_asked(self)

    def rounds(self, num_warm_up: int = 0) -> list[Round]:
        """Return the rounds that are over, without the first ones."""
        pairs = zip(self.asked, self.asked[1:], strict=False)
        rounds = [Round(a, b.wall - a.wall, b.processor - a.processor) for a, b in pairs]
        return rounds[num_warm_up:]


class TimedPotential:
    """A potential that tells a stopwatch whenever it is asked.

    Args:
        potential: Answers.
        stopwatch: Is told.
        is_last_look: Whether this is the double-precision version of another.
    """

    def __init__(
        self, potential: Potential, stopwatch: Stopwatch, *, is_last_look: bool = False
    ) -> None:
        self._potential = potential
        self._stopwatch = stopwatch
        self._is_last_look = is_last_look

    @property
    def cutoff(self) -> float:
        """Radius of the neighbor list in angstrom."""
        return self._potential.cutoff

    @property
    def species(self) -> frozenset[int]:
        """Atomic numbers that it knows."""
        return self._potential.species

    @property
    def fingerprint(self) -> str:
        """SHA-256 of weights and config."""
        return self._potential.fingerprint

    @property
    def energy_scheme(self) -> str:
        """Functional and corrections of its energies."""
        return self._potential.energy_scheme

    @property
    def dtype(self) -> torch.dtype:
        """Precision of its arithmetic."""
        return self._potential.dtype

    @property
    def device(self) -> torch.device:
        """Where its tensors live."""
        return self._potential.device

    def telling_members(self) -> Potential:
        """The same with what the members of a committee say; itself where there are none."""
        if not isinstance(self._potential, HasMembers):
            return self
        return self._timed(self._potential.telling_members(), is_last_look=self._is_last_look)

    def in_double(self) -> Potential:
        """The same in double precision, timed too; itself where it is already."""
        is_double = self._potential.in_double() is self._potential
        is_last_look = self._is_last_look or not is_double
        return self._timed(self._potential.in_double(), is_last_look=is_last_look)

    def _timed(self, potential: Potential, *, is_last_look: bool) -> Potential:
        if potential is self._potential:
            return self
        return TimedPotential(potential, self._stopwatch, is_last_look=is_last_look)

    def __call__(self, batch: GraphBatch) -> Prediction:
        """Evaluate a batch."""
        self._stopwatch.note(batch, is_last_look=self._is_last_look)
        return self._potential(batch)
