"""Division of frames into training and validation without leaks."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from facet.training.labels import Formula


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
