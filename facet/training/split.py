"""Division of frames into training and validation without leaks."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from facet.errors import DataError
from facet.training.exclusion import refuse_excluded

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from facet.training.labels import Formula, FrameSet
    from facet.training.settings import TrainSettings


def divide(frames: FrameSet, settings: TrainSettings) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of training and validation frames; validation in a fixed random order.

    Raises:
        DataError: A frame has a formula that the settings exclude, or one side is empty.
    """
    formulas = frames.formulas()
    refuse_excluded(frames, formulas, settings)
    if settings.validation_fraction == 0:
        return np.arange(len(frames)), np.array([], dtype=np.int64)
    parents = [str(each) for each in frames.id]
    is_validation = validation_mask(formulas, parents, settings.validation_fraction)
    if is_validation.all() or not is_validation.any():
        raise DataError(
            f"With validation_fraction {settings.validation_fraction} all frames fall on one side "
            "of the split; choose another fraction (zero trains on all frames), or label frames "
            "of more formulas."
        )
    order = np.random.default_rng(1).permutation(np.flatnonzero(is_validation))
    return np.flatnonzero(~is_validation), order


def held_out(frames: FrameSet, card: Mapping[str, Any]) -> np.ndarray:
    """Mask of the frames that the run which made some weights did not train on.

    Args:
        frames: The frames of that run.
        card: Training card of the weights.
    """
    fraction = float(card["settings"]["validation_fraction"])
    return validation_mask(frames.formulas(), [str(each) for each in frames.id], fraction)


def validation_mask(
    formulas: Sequence[Formula], parents: Sequence[str], fraction: float
) -> np.ndarray:
    """Choose validation frames so that no formula and no parent is on both sides.

    Frames that share a formula or a parent are linked; every connected group goes to one side as a
    whole. Its smallest formula decides, through a hash, so that the choice does not depend on the
    order of the frames.

    Args:
        formulas: Reduced formula of each frame.
        parents: Structure that each frame was made from.
        fraction: Share of groups that validate.

    Returns:
        True for validation frames, shape (frames,).
    """
    groups = _Groups()
    for formula, parent in zip(formulas, parents, strict=True):
        groups.join(("formula", formula), ("parent", parent))
    smallest: dict[Hashable, Formula] = {}
    for formula in sorted(set(formulas)):
        smallest.setdefault(groups.root(("formula", formula)), formula)
    chosen = {root for root, formula in smallest.items() if _uniform(formula) < fraction}
    return np.array([groups.root(("formula", formula)) in chosen for formula in formulas])


def _uniform(formula: Formula) -> float:
    """A number in [0, 1) that only the formula decides."""
    return int.from_bytes(hashlib.sha256(repr(formula).encode()).digest()[:8], "big") / 2**64


class _Groups:
    """Disjoint sets of linked keys."""

    def __init__(self) -> None:
        self.parent: dict[Hashable, Hashable] = {}

    def root(self, key: Hashable) -> Hashable:
        self.parent.setdefault(key, key)
        while self.parent[key] != key:
            self.parent[key] = self.parent[self.parent[key]]
            key = self.parent[key]
        return key

    def join(self, first: Hashable, second: Hashable) -> None:
        self.parent[self.root(first)] = self.root(second)
