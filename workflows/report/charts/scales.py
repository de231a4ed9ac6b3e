"""From values to places on a picture, and the ticks between."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, isclose, log10
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

STEPS = (1.0, 2.0, 5.0, 10.0)
FEW_TICKS = 5
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Scale:
    """A linear scale.

    Attributes:
        low: Smallest value.
        high: Largest value, above it.
        start: Place of the smallest.
        end: Place of the largest.
        least_step: Smallest step between ticks.
    """

    low: float
    high: float
    start: float
    end: float
    least_step: float = 0.0

    def __call__(self, value: float) -> float:
        """Return the place of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def holds(self, value: float) -> bool:
        """Tell whether a value is on the scale."""
        return self.low <= value <= self.high

    def ticks(self, number: int = FEW_TICKS) -> list[float]:
        """Return round values on the scale, about as many as asked for."""
        step = _step(max((self.high - self.low) / number, self.least_step))
        first, last = ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9)
        return [round(at * step, 12) for at in range(first, last + 1)]


def scale_of(values: Sequence[float], start: float, end: float, *, margin: float = 0.05) -> Scale:
    """Return a scale on which all values have their place.

    Args:
        values: They; none are taken for 0 and 1.
        start: Place of the lower end.
        end: Place of the upper end.
        margin: Free on either side, as a share of the whole.
    """
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if isclose(low, high, abs_tol=1e-12):
        low, high = low - 0.5 * max(1.0, abs(low)), high + 0.5 * max(1.0, abs(high))
    free = margin * (high - low)
    return Scale(low - free, high + free, start, end)


def count_scale(largest: float, start: float, end: float) -> Scale:
    """Return a scale for counts, which begins at 0 and ends at a round number."""
    step = _step(max(largest / FEW_TICKS, 1.0))
    return Scale(0.0, step * ceil(max(largest, 1.0) / step - 1e-9), start, end, least_step=1.0)


def tick_text(value: float, step: float) -> str:
    """Write a tick with as many decimals as the step between ticks needs."""
    decimals = max(0, -floor(log10(step) + 1e-9)) if step > 0 else 0
    return f"{value:.{decimals}f}".replace("-", MINUS) if value else "0"


def _step(least: float) -> float:
    """The smallest round number that is no less."""
    magnitude = 10.0 ** floor(log10(least))
    return next(each * magnitude for each in STEPS if each * magnitude >= least * (1 - 1e-9))
