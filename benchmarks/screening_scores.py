"""Scores of a screening whose outcome is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import stdtr
from scipy.stats import spearmanr

from screening.calibration import cross_fit, fit_with_offset
from screening.intervals import wilson
from screening.metrics import classification
from screening.reliability import HEAVY_TAILED
from workflows.evaluation.discovery_scores import DOUBTFUL, LIMITS, guess, with_intervals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RATIOS = ("precision", "recall", "f1", "daf")
WITHOUT_OWN = "without_own"
AS_SHIPPED = "as_shipped"
BUDGETS = (25, 50, 100)
BINS = 10


@dataclass(frozen=True)
class Placed:
    """A candidate on the dft hull; distances in eV/atom.

    Attributes:
        name: Unique.
        formula: Reduced formula.
        is_certain: Whether the DFT label is of this very crystal.
        truth: DFT distance with phases of its own formula, and without them where it is known.
        relaxed: The same by the potential after relaxation; None where it did not converge or
            has no place.
        unrelaxed: The same by the potential as it was given.
        spread: Of the members' distances; None without a committee.
    """

    name: str
    formula: str
    is_certain: bool
    truth: Mapping[str, float]
    relaxed: Mapping[str, float] | None
    unrelaxed: Mapping[str, float] | None
    spread: float | None = None
    hulls: Mapping[str, float | None] = field(default_factory=dict)


def scores(rows: Sequence[Placed]) -> dict[str, Any]:
    """Score both ways to treat the own formula, with and without doubtful references."""
    certain = [row for row in rows if row.is_certain]
    headline = [row for row in certain if row.truth[WITHOUT_OWN] >= DOUBTFUL]
    shipped = [row for row in certain if row.truth[AS_SHIPPED] >= DOUBTFUL]
    return {
        "headline": search(certain, WITHOUT_OWN),
        "headline_without_doubtful": search(headline, WITHOUT_OWN),
        "as_shipped": search(certain, AS_SHIPPED),
        "as_shipped_without_doubtful": search(shipped, AS_SHIPPED),
        "as_shipped_all_sources": search(rows, AS_SHIPPED),
        "doubtful": {
            key: {row.name: row.truth[key] for row in certain if row.truth[key] < DOUBTFUL}
            for key in (WITHOUT_OWN, AS_SHIPPED)
        },
        "labels_that_differ": {
            name: sum(
                (row.truth[WITHOUT_OWN] <= limit) != (row.truth[AS_SHIPPED] <= limit)
                for row in certain
            )
            for name, limit in LIMITS.items()
        },
    }


def search(rows: Sequence[Placed], key: str) -> dict[str, Any]:
    """Score relaxed and unrelaxed candidates at every limit; without a place nothing is found."""
    truth = np.array([row.truth[key] for row in rows])
    found: dict[str, Any] = {"num": len(rows)}
    for state in ("relaxed", "unrelaxed"):
        places = [getattr(row, state) for row in rows]
        predicted = np.array([np.nan if each is None else each[key] for each in places])
        found[state] = {
            "num_placed": int(np.isfinite(predicted).sum()),
            **with_intervals(partial(_mae, np.abs(predicted - truth)), len(rows)),
            **{name: ratios(truth, predicted, limit) for name, limit in LIMITS.items()},
        }
    plain = [{"dft_above_hull": value} for value in truth.tolist()]
    found["guess"] = {name: guess(plain, limit) for name, limit in LIMITS.items()}
    return found


def ratios(truth: np.ndarray, predicted: np.ndarray, limit: float) -> dict[str, Any]:
    """Return precision, recall, F1 and DAF of one limit, with intervals."""
    stable, called = truth <= limit, predicted <= limit  # not a number is not called

    def measure(some: np.ndarray) -> dict[str, float | None]:
        told = classification(stable[some].tolist(), called[some].tolist())
        return {name: told[name] for name in RATIOS}

    return with_intervals(measure, len(truth))


def uncertainty(rows: Sequence[Placed]) -> dict[str, Any]:
    """Say how well probabilities are calibrated, and what ranking by them is worth.

    Each candidate's probability comes from a calibration that saw no row of its formula. Besides
    the spread, a constant error for all is calibrated: within a fold it ranks as the distance does.
    """
    used = [row for row in rows if row.is_certain and row.relaxed is not None]
    predicted = np.array([row.relaxed[WITHOUT_OWN] for row in used if row.relaxed])
    truth = np.array([row.truth[WITHOUT_OWN] for row in used])
    formulas = [row.formula for row in used]
    kinds = {"constant": np.zeros(len(used))}
    if all(row.spread is not None for row in used):
        kinds["spread"] = np.array([row.spread for row in used], dtype=float)
    told: dict[str, Any] = {"num": len(used)}
    for kind, spreads in kinds.items():
        fitted = cross_fit(predicted - truth, spreads, formulas, fit=_fit)
        told[kind] = {"calibrations": [each.to_dict() for each in fitted.calibrations]}
        for name, limit in LIMITS.items():
            probable = stdtr(HEAVY_TAILED, (limit - predicted + fitted.offsets) / fitted.scales)
            told[kind][name] = {
                "bins": reliability_bins(probable, truth <= limit),
                "brier": float(np.mean((probable - (truth <= limit)) ** 2)),
                "expected_share": float(probable.mean()),
                "found_share": float((truth <= limit).mean()),
                "budgets": budgets(-predicted, probable, truth <= limit),
            }
    if "spread" in kinds:
        size = np.abs(predicted - truth)
        told["spearman_of_spread_and_error"] = float(spearmanr(kinds["spread"], size).statistic)
    return told


def reliability_bins(probable: np.ndarray, is_so: np.ndarray) -> list[dict[str, Any]]:
    """Compare probabilities with shares in ten bins of equal width, empty ones left out."""
    place = np.minimum((probable * BINS).astype(int), BINS - 1)
    bins = []
    for number in np.unique(place).tolist():
        inside = place == number
        low, high = wilson(int(is_so[inside].sum()), int(inside.sum()))
        bins.append(
            {
                "from": number / BINS,
                "num": int(inside.sum()),
                "expected": float(probable[inside].mean()),
                "found": float(is_so[inside].mean()),
                "low": low,
                "high": high,
            }
        )
    return bins


def budgets(without: np.ndarray, with_: np.ndarray, is_so: np.ndarray) -> dict[str, Any]:
    """Return the precision of the first so many, ranked without and with the uncertainty."""

    def measure(number: int, some: np.ndarray) -> dict[str, float | None]:
        shares = [
            float(is_so[some][np.argsort(-order[some], kind="stable")[:number]].mean())
            for order in (without, with_)
        ]
        return {"without": shares[0], "with": shares[1], "gain": shares[1] - shares[0]}

    return {
        str(number): with_intervals(partial(measure, number), len(is_so))
        for number in BUDGETS
        if number <= len(is_so)
    }


def hull_scores(rows: Sequence[Placed]) -> dict[str, Any]:
    """Compare the hulls on the candidates that all of them can place, own formula off."""
    certain = [row for row in rows if row.is_certain]
    counts = {
        name: sum(row.hulls.get(name) is not None for row in certain)
        for name in ("dft", "own", "self")
    }
    common = [row for row in certain if all(row.hulls.get(name) is not None for name in counts)]
    if not common:
        return {"num_placed": counts, "num": 0}
    truth = np.array([row.truth[WITHOUT_OWN] for row in common])
    told: dict[str, Any] = {"num_placed": counts, "num": len(common)}
    for name in counts:
        predicted = np.array([row.hulls[name] for row in common], dtype=float)
        error = predicted - truth
        told[name] = {
            "mae": float(np.abs(error).mean()),
            "median": float(np.median(np.abs(error))),
            "bias": float(error.mean()),
            **{limit: ratios(truth, predicted, value) for limit, value in LIMITS.items()},
        }
    dft = np.array([row.hulls["dft"] for row in common], dtype=float)
    apart = dft - np.array([row.hulls["own"] for row in common], dtype=float)
    told["disagreement"] = {
        "median_size": float(np.median(np.abs(apart))),
        "spearman_with_error_on_dft": float(
            spearmanr(np.abs(apart), np.abs(dft - truth)).statistic
        ),
        "correlation_with_signed_error_on_dft": float(np.corrcoef(apart, dft - truth)[0, 1]),
    }
    return told


def _mae(sizes: np.ndarray, some: np.ndarray) -> dict[str, float | None]:
    """Mean size of the errors of those that have a place."""
    known = sizes[some][np.isfinite(sizes[some])]
    return {"mae": float(known.mean()) if known.size else None}


def _fit(errors: np.ndarray, spreads: np.ndarray) -> Any:  # noqa: ANN401 (a Calibration)
    return fit_with_offset(errors, spreads, HEAVY_TAILED)
