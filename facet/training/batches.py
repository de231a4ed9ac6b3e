"""Which frames each step takes; only the seed and the step decide, so that a run can resume."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from facet.training.labels import FrameSet


class Batches(Protocol):
    """Batches of a run, by step."""

    def at(self, step: int) -> np.ndarray:
        """Frames of a step."""
        ...


class EqualCounts:
    """As many frames in every batch, in a new random order each pass.

    Args:
        frames: Numbers of the frames.
        size: Frames of a batch.
        seed: Numbers that decide the order.
    """

    def __init__(self, frames: np.ndarray, size: int, *seed: int) -> None:
        self.frames = frames
        self.size = size
        self.order = _Order(len(frames), seed)

    def at(self, step: int) -> np.ndarray:
        """Frames of a step; a set smaller than a batch is taken whole."""
        pass_number, place = divmod(step, max(1, len(self.frames) // self.size))
        order = self.order.of(pass_number)
        chosen: np.ndarray = self.frames[order[place * self.size : (place + 1) * self.size]]
        return chosen


class EqualCosts:
    """About equal cost in every batch, whatever the sizes of its frames.

    The frames of a pass are laid end to end in random order, each as long as its cost, and cut at
    equal distances; a batch takes the frames that begin between two cuts.

    Args:
        frames: Numbers of the frames.
        costs: Cost of each of them, positive integers.
        budget: Cost of a batch; at least that of the most expensive frame is taken.
        seed: Numbers that decide the order.
    """

    def __init__(self, frames: np.ndarray, costs: np.ndarray, budget: int, *seed: int) -> None:
        self.frames = frames
        self.costs = costs
        self.budget = max(budget, int(costs.max()))
        self.order = _Order(len(frames), seed)

    def at(self, step: int) -> np.ndarray:
        """Frames of a step, at least one; what is left at the end of a pass is skipped."""
        num_steps = max(1, int(self.costs.sum()) // self.budget)
        pass_number, place = divmod(step, num_steps)
        order = self.order.of(pass_number)
        costs = self.costs[order]
        begins = np.cumsum(costs) - costs
        first, last = np.searchsorted(begins, [place * self.budget, (place + 1) * self.budget])
        chosen: np.ndarray = self.frames[order[first:last]]
        return chosen


class _Order:
    """A permutation for every pass; that of the present pass is kept."""

    def __init__(self, length: int, seed: tuple[int, ...]) -> None:
        self.length = length
        self.seed = seed
        self.kept: tuple[int, np.ndarray] = (-1, np.array([], dtype=np.int64))

    def of(self, pass_number: int) -> np.ndarray:
        if self.kept[0] != pass_number:
            rng = np.random.default_rng((*self.seed, pass_number))
            self.kept = (pass_number, rng.permutation(self.length))
        return self.kept[1]


def expected_edges(frames: FrameSet, indices: np.ndarray, cutoff: float) -> np.ndarray:
    """Directed edges of frames as if their atoms filled the cell evenly, at least one.

    Close to the true count, and found without a neighbor list.

    Args:
        frames: Labeled frames.
        indices: Frames to look at.
        cutoff: Of the neighbor list, in angstrom.
    """
    atoms = frames.n[indices].astype(np.float64)
    volumes = np.abs(np.linalg.det(frames.cell[indices].astype(np.float64)))
    sphere = 4 / 3 * np.pi * cutoff**3
    edges: np.ndarray = np.maximum(np.ceil(atoms**2 * sphere / volumes), 1).astype(np.int64)
    return edges
