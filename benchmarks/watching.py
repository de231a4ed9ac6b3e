"""Watching a relaxation from outside: what the potential takes, and how full its batches are."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from facet.relaxation.evaluate import evaluator_for
from facet.testing import Wrapper

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from facet.graph.batch import GraphBatch
    from facet.potential import Potential, Prediction
    from facet.relaxation.evaluate import Evaluation, Evaluator


@dataclass
class Watch:
    """What was seen of one relaxation of many crystals.

    Attributes:
        seconds: Time that the potential took.
        evaluations: How many crystals it was asked for, by its precision.
        atoms: Atoms in flight, at every evaluation while candidates waited.
        idle: Share of the budget that was free then, of atoms or of edges, whichever is less.
        is_waiting: Whether there are candidates that were not yet read.
    """

    seconds: float = 0.0
    evaluations: Counter[str] = field(default_factory=Counter)
    atoms: list[int] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)
    is_waiting: bool = True

    def reading(self, structures: Iterable[tuple[str, object]]) -> Iterator[tuple[str, object]]:
        """Hand structures on, and notice when they are used up."""
        yield from structures
        self.is_waiting = False

    def evaluator_for(
        self, potential: Potential, max_atoms: int = 0, max_edges: int = 0
    ) -> Evaluator | Watched:
        """Make an evaluator for the engine; take the place of the function of this name there."""
        evaluator = evaluator_for(potential, max_atoms, max_edges)
        is_last_look = potential.dtype == torch.float64  # waits on purpose until there are enough
        return evaluator if is_last_look else Watched(evaluator, self)


class Watched:
    """An evaluator that notes how much of its budget every batch fills.

    Args:
        evaluator: Does the work.
        watch: Where it is noted.
    """

    def __init__(self, evaluator: Evaluator, watch: Watch) -> None:
        self._evaluator = evaluator
        self._watch = watch

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (whatever the evaluator has)
        """As of the evaluator."""
        return getattr(self._evaluator, name)

    def __call__(self, batch: GraphBatch) -> Evaluation:
        """Note the fill, then evaluate."""
        if self._watch.is_waiting:
            budget = self._evaluator.budget
            fill = max(batch.num_atoms / budget.atoms, batch.num_edges / budget.edges)
            self._watch.atoms.append(batch.num_atoms)
            self._watch.idle.append(max(0.0, 1 - fill))
        return self._evaluator(batch)


@dataclass(frozen=True)
class Timed(Wrapper):
    """A potential whose calls are counted and timed.

    Attributes:
        watch: Where.
    """

    watch: Watch

    def __call__(self, batch: GraphBatch) -> Prediction:
        """Evaluate, and wait until it is done."""
        started = time.perf_counter()
        said = self.inner(batch)
        if batch.positions.is_cuda:
            torch.cuda.synchronize()
        self.watch.seconds += time.perf_counter() - started
        self.watch.evaluations[str(self.dtype).removeprefix("torch.")] += batch.num_structures
        return said
