"""Intervals of shares."""

from __future__ import annotations

import math

from scipy.special import ndtri

from screening.errors import ScreeningError

LEVEL = 0.95
"""Coverage of every interval."""


def wilson(successes: int, trials: int, level: float = LEVEL) -> tuple[float, float]:
    """Return Wilson's interval of a share.

    Args:
        successes: How many succeeded.
        trials: Of how many, at least one.
        level: Coverage.

    Raises:
        ScreeningError: The numbers make no share.
    """
    if not 0 <= successes <= trials or trials < 1:
        raise ScreeningError(
            f"{successes} of {trials} is no share: give at least one trial and no more successes."
        )
    z = float(ndtri(0.5 + level / 2))
    share, extra = successes / trials, z * z / trials
    middle = (share + extra / 2) / (1 + extra)
    half = z / (1 + extra) * math.sqrt(share * (1 - share) / trials + extra / (4 * trials))
    low = 0.0 if successes == 0 else middle - half
    return low, 1.0 if successes == trials else middle + half
