"""The same random part of a data set for every potential."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

SEED = 1

Item = TypeVar("Item")


def sample(items: Sequence[Item], limit: int | None) -> list[Item]:
    """Draw items without repetition; a smaller draw is part of every larger one.

    Args:
        items: Where to draw from.
        limit: How many at most; None takes all as they are.
    """
    if limit is None or limit >= len(items):
        return list(items)
    order = np.random.default_rng(SEED).permutation(len(items))
    return [items[index] for index in np.sort(order[:limit])]
