"""How well uncertainties are calibrated: likelihood, coverage of intervals, reliability curve.

Errors are taken to follow Student's distribution, centered at zero and stretched by the scale of
each row; with many degrees of freedom it is a Gaussian.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln, stdtr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

GAUSSIAN = 1e9
"""Degrees of freedom from which Student's distribution is a Gaussian to nine digits."""

HEAVY_TAILED = 4.0
"""Degrees of freedom for errors among which a few are many times the usual one."""

LEVELS = tuple(number / 20 for number in range(1, 20))
"""Nominal coverages at which reliability is measured: 5 to 95 %."""


def negative_log_likelihood(
    errors: NDArray[np.float64], scales: NDArray[np.float64], freedom: float = GAUSSIAN
) -> float:
    """Mean of minus the logarithm of the density at the errors; lower is better."""
    z = np.asarray(errors) / scales
    if freedom >= GAUSSIAN:
        return float(np.mean(0.5 * z**2 + np.log(scales))) + 0.5 * math.log(2 * math.pi)
    constant = gammaln(freedom / 2) - gammaln((freedom + 1) / 2) + 0.5 * math.log(freedom * math.pi)
    tail = 0.5 * (freedom + 1) * np.log1p(z**2 / freedom)
    return float(np.mean(tail + np.log(scales)) + constant)


def coverages(
    errors: NDArray[np.float64],
    scales: NDArray[np.float64],
    levels: Sequence[float] = LEVELS,
    freedom: float = GAUSSIAN,
) -> NDArray[np.float64]:
    """Share of rows whose central interval of each nominal coverage holds the truth."""
    needed = 2 * stdtr(freedom, np.abs(errors) / scales) - 1
    return np.array([float(np.mean(needed <= level)) for level in levels])


def expected_calibration_error(
    errors: NDArray[np.float64], scales: NDArray[np.float64], freedom: float = GAUSSIAN
) -> float:
    """Mean distance of the reliability curve from the diagonal, over 5 to 95 %."""
    return float(np.mean(np.abs(coverages(errors, scales, LEVELS, freedom) - np.array(LEVELS))))
