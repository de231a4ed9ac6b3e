"""Candidates drawn by lot from those that nobody chose, so that recall can be told.

Candidates are put in an order that is random but the same every time, and taken from its front
while they fit the allowance. The allowance is never exceeded, and what a candidate's chance was
to be taken follows from its cost: it is computed over many orders, not assumed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from screening.errors import ScreeningError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_NUM_ORDERS = 400  # chances are then right to about one percent


@dataclass(frozen=True)
class Draw:
    """What was drawn by lot.

    Attributes:
        drawn: Ids in the order of the lot.
        chances: Chance of every candidate of the frame to be drawn; 0 where it does not fit.
    """

    drawn: tuple[str, ...]
    chances: Mapping[str, float]


def draw(costs: Mapping[str, float], allowance: float, seed: str) -> Draw:
    """Draw candidates by lot while they fit.

    Args:
        costs: Of every candidate that may be drawn, above 0; the unit is that of the allowance.
        allowance: What may be spent.
        seed: The same seed draws the same candidates, whatever their order; a campaign's id.

    Raises:
        ScreeningError: A cost is not above 0.
    """
    names = sorted(costs)
    prices = np.array([costs[name] for name in names], dtype=np.float64)
    if not (np.isfinite(prices) & (prices > 0)).all():
        raise ScreeningError(
            "Every candidate that may be drawn needs a cost above 0: leave out the others."
        )
    order = sorted(range(len(names)), key=lambda row: _lot(seed, names[row]))
    fitting = int(np.searchsorted(np.cumsum(prices[order]), allowance, side="right"))
    chances = _chances(prices, allowance, seed)
    return Draw(
        drawn=tuple(names[row] for row in order[:fitting]),
        chances={name: float(chance) for name, chance in zip(names, chances, strict=True)},
    )


def _lot(seed: str, name: str) -> bytes:
    """Place of a candidate in the random order; it depends on nothing but its name."""
    return hashlib.sha256(f"{seed}\x1f{name}".encode()).digest()


def _chances(prices: NDArray[np.float64], allowance: float, seed: str) -> NDArray[np.float64]:
    """Chance of each candidate to be drawn, over random orders of all the others."""
    size = len(prices)
    if float(prices.sum()) <= allowance:
        return np.ones(size)
    digest = hashlib.sha256(seed.encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    total = np.zeros(size)
    for _ in range(_NUM_ORDERS):
        order = rng.permutation(size)
        total[order] += _fitting_places(prices[order], allowance)
    return np.minimum(total / (_NUM_ORDERS * size), 1.0)


def _fitting_places(prices: NDArray[np.float64], allowance: float) -> NDArray[np.float64]:
    """Count for each candidate the places among all others, in this order, where it still fits.

    It could stand at any of as many places as there are candidates, all equally likely. At a
    place before its own it fits if those in front leave room for it; at a place behind its own,
    those in front and itself are what the cumulated prices count already.
    """
    size = len(prices)
    spent = np.concatenate(([0.0], np.cumsum(prices)))
    place = np.arange(size)
    before = np.minimum(place + 1, np.searchsorted(spent, allowance - prices, side="right"))
    behind = np.maximum(np.searchsorted(spent, allowance, side="right") - place - 2, 0)
    return np.asarray(before + behind, dtype=np.float64)
