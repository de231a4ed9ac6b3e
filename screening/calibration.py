"""From the spread of a committee to an uncertainty that means what it says.

The members of a committee share their training data and its teacher, so that they cannot see what
both have wrong. The scale of an error is therefore ``sqrt((a spread)^2 + b^2)``: a stretches the
spread, b stands for the bias that all members share. Both are fitted to errors on known outcomes
by likelihood, and measured on formulas that they were not fitted to. Where known errors have a
sign in common, their offset can be fitted too: it moves the intervals, not the prediction.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import stdtr, stdtrit

from screening.errors import ScreeningError
from screening.reliability import GAUSSIAN, negative_log_likelihood

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

_STARTS = ((-2.0, 0.0), (-0.5, -0.5), (0.0, -3.0))
"""Logarithms of stretch and bias with which the spread explains little, half, or all of errors."""

_SMALLEST = 1e-9  # eV/atom; keeps the likelihood finite where errors vanish


@dataclass(frozen=True)
class Calibration:
    """What a spread is worth.

    Attributes:
        stretch: Factor a of the spread.
        bias: Scale b of the error that all members share, in the unit of the errors.
        freedom: Degrees of freedom of Student's distribution; large ones give a Gaussian.
        offset: Prediction minus truth, about which the errors scatter.
    """

    stretch: float
    bias: float
    freedom: float = GAUSSIAN
    offset: float = 0.0

    def __post_init__(self) -> None:
        values = (self.stretch, self.bias, self.freedom)
        is_sound = all(math.isfinite(value) and value >= 0 for value in values)
        if not is_sound or self.freedom == 0 or not math.isfinite(self.offset):
            raise ScreeningError(
                f"A calibration of stretch {self.stretch}, bias {self.bias} and {self.freedom} "
                "degrees of freedom has no scale: fit it again to finite errors."
            )

    def scale(self, spread: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Scale of the error for each spread, in the unit of the errors."""
        total = np.hypot(self.stretch * np.asarray(spread, dtype=np.float64), self.bias)
        return np.maximum(total, _SMALLEST)

    def half_width(
        self, spread: NDArray[np.float64] | float, coverage: float
    ) -> NDArray[np.float64]:
        """Half of the interval around ``prediction - offset`` that holds the truth this often."""
        quantile = float(stdtrit(self.freedom, 0.5 + coverage / 2))
        return quantile * self.scale(spread)

    def probability_below(
        self,
        limit: float,
        predicted: NDArray[np.float64] | float,
        spread: NDArray[np.float64] | float,
    ) -> NDArray[np.float64]:
        """Probability that the truth is below a limit, such as a distance to the hull below zero.

        Args:
            limit: In the unit of the errors.
            predicted: The prediction, a value or an array.
            spread: Of the members about it.
        """
        expected = np.asarray(predicted, dtype=np.float64) - self.offset
        return np.asarray(stdtr(self.freedom, (limit - expected) / self.scale(spread)))

    def to_dict(self) -> dict[str, float]:
        """Return the calibration as plain data, the arguments of another one."""
        return asdict(self)


@dataclass(frozen=True)
class CrossFit:
    """Calibrations of several folds, each fitted to the others.

    Attributes:
        scales: Scale of the error of every row, by the calibration that did not see its formula.
        offsets: Offset of every row by that calibration.
        folds: Fold of every row.
        calibrations: One for each fold.
    """

    scales: NDArray[np.float64]
    offsets: NDArray[np.float64]
    folds: NDArray[np.intp]
    calibrations: tuple[Calibration, ...]


def fit_calibration(
    errors: NDArray[np.float64], spreads: NDArray[np.float64], freedom: float = GAUSSIAN
) -> Calibration:
    """Find stretch and bias of the highest likelihood.

    Args:
        errors: Prediction minus truth.
        spreads: Of the members, in the same unit; with zeros only, the bias is all there is.
        freedom: Degrees of freedom of Student's distribution.

    Raises:
        ScreeningError: There are fewer than two rows, or one is not finite.
    """
    errors, spreads = _checked(errors, spreads)

    def calibration(point: NDArray[np.float64]) -> Calibration:
        return _at(point, errors, spreads, freedom)

    return _likeliest(calibration, _STARTS, errors, spreads)


def fit_with_offset(
    errors: NDArray[np.float64], spreads: NDArray[np.float64], freedom: float = GAUSSIAN
) -> Calibration:
    """Find stretch, bias and offset of the highest likelihood.

    Args:
        errors: Prediction minus truth.
        spreads: As ``fit_calibration``.
        freedom: Degrees of freedom of Student's distribution.

    Raises:
        ScreeningError: As ``fit_calibration``.
    """
    errors, spreads = _checked(errors, spreads)
    size, middle = _size(errors), float(np.median(errors))

    def calibration(point: NDArray[np.float64]) -> Calibration:
        found = _at(point, errors, spreads, freedom)
        return replace(found, offset=middle + size * float(point[2]))

    return _likeliest(calibration, [(*start, 0.0) for start in _STARTS], errors, spreads)


def cross_fit(
    errors: NDArray[np.float64],
    spreads: NDArray[np.float64],
    formulas: Sequence[str],
    *,
    fit: Callable[[NDArray[np.float64], NDArray[np.float64]], Calibration] = fit_calibration,
    num_folds: int = 5,
) -> CrossFit:
    """Give every row a scale that no row of its formula had a part in.

    Args:
        errors: Prediction minus truth.
        spreads: Of the members, in the same unit.
        formulas: Reduced formula of each row.
        fit: Makes a calibration of errors and spreads.
        num_folds: Parts that the formulas are divided into.

    Raises:
        ScreeningError: There are fewer formulas than folds, or as ``fit_calibration``.
    """
    errors, spreads = _checked(errors, spreads)
    folds = formula_folds(formulas, num_folds)
    scales, offsets = np.empty(len(errors)), np.empty(len(errors))
    calibrations = []
    for fold in range(num_folds):
        inside = folds == fold
        fitted = fit(errors[~inside], spreads[~inside])
        scales[inside], offsets[inside] = fitted.scale(spreads[inside]), fitted.offset
        calibrations.append(fitted)
    return CrossFit(scales, offsets, folds, tuple(calibrations))


def formula_folds(formulas: Sequence[str], num_folds: int = 5) -> NDArray[np.intp]:
    """Divide rows so that a formula is in one fold only.

    Formulas are dealt out in the order of their hashes: the folds are of about the same size and
    do not depend on the order of the rows.

    Raises:
        ScreeningError: There are fewer formulas than folds.
    """
    distinct = sorted(set(formulas), key=lambda each: hashlib.sha256(each.encode()).hexdigest())
    if len(distinct) < num_folds:
        raise ScreeningError(
            f"{len(distinct)} formulas cannot be divided into {num_folds} folds: give more known "
            "outcomes or fewer folds."
        )
    fold = {formula: number % num_folds for number, formula in enumerate(distinct)}
    return np.array([fold[each] for each in formulas], dtype=np.intp)


def _likeliest(
    calibration: Callable[[NDArray[np.float64]], Calibration],
    starts: Sequence[tuple[float, ...]],
    errors: NDArray[np.float64],
    spreads: NDArray[np.float64],
) -> Calibration:
    """Find the calibration under which the errors are most likely."""

    def loss(point: NDArray[np.float64]) -> float:
        tried = calibration(point)
        return negative_log_likelihood(errors - tried.offset, tried.scale(spreads), tried.freedom)

    found = [minimize(loss, start, method="Nelder-Mead") for start in starts]
    return calibration(min(found, key=lambda each: float(each.fun)).x)


def _at(
    point: NDArray[np.float64],
    errors: NDArray[np.float64],
    spreads: NDArray[np.float64],
    freedom: float,
) -> Calibration:
    """Calibration of logarithms relative to the usual error, stretch and bias first."""
    size, width = _size(errors), float(np.sqrt(np.mean(spreads**2)))
    stretch, bias = np.exp(np.clip(point[:2], -50.0, 50.0)) * size
    return Calibration(float(stretch / width) if width > 0 else 0.0, float(bias), freedom)


def _size(errors: NDArray[np.float64]) -> float:
    return max(float(np.median(np.abs(errors))), _SMALLEST)


def _checked(
    errors: NDArray[np.float64], spreads: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Refuse rows that no scale can be fitted to."""
    errors, spreads = np.asarray(errors, dtype=np.float64), np.asarray(spreads, dtype=np.float64)
    is_sound = np.isfinite(errors).all() and np.isfinite(spreads).all() and (spreads >= 0).all()
    if errors.shape != spreads.shape or errors.size < 2 or not is_sound:  # noqa: PLR2004 (two values)
        raise ScreeningError(
            f"A calibration needs at least two finite errors, each with the spread of its members, "
            f"not {errors.size} and {spreads.size}: leave out candidates without an energy."
        )
    return errors, spreads
