"""Whether the committee, and the disagreement with another potential, make screening any better."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import stdtr
from scipy.stats import spearmanr

from screening.calibration import CrossFit, cross_fit, fit_with_offset
from screening.reliability import (
    GAUSSIAN,
    HEAVY_TAILED,
    coverages,
    expected_calibration_error,
    negative_log_likelihood,
)
from screening.rules import FlagRule
from workflows.evaluation.discovery_scores import LIMITS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calibration import Outcomes
    from screening_data import KnownCandidate

    from screening.hull import Hulls

NAMED = (0.5, 0.8, 0.95)
PICKS = (25, 50, 100)
DRAWS = 2000
BEFORE = "assumed error (before)"
SHIPPED = "committee with offset (shipped)"
WEIGHTS = (0.5, 1.0)


def checks(found: Outcomes, others: np.ndarray | None) -> dict[str, Any]:
    """Compare ways to state an uncertainty; all but the first on formulas not fitted to.

    Args:
        found: Predictions beside what DFT says.
        others: Distances of the same rows by another potential in eV/atom, not a number where it
            has none; None without another.
    """
    told = {}
    for name, fitted, freedom in _ways(found, None if others is None else found.predicted - others):
        told[name] = _measured(found, fitted, freedom)
    document: dict[str, Any] = {"ways": told}
    reference = _squares(told[BEFORE])
    for values in told.values():
        values["brier_less_before"] = {
            limit: _interval(squares - reference[limit])
            for limit, squares in _squares(values).items()
        }
    for values in told.values():
        del values["squares"]
    if others is not None:
        document["disagreement"] = _about(found, others)
    return document


def distances_of_other(
    path: Path, names: list[str], known: dict[str, KnownCandidate], hulls: Hulls
) -> tuple[str, np.ndarray]:
    """Read the distances of another potential from what ``facet evaluate`` stored.

    Args:
        path: Its ``suite-dft.json``.
        names: The rows.
        known: The candidates by name.
        hulls: Of DFT.

    Returns:
        Fingerprint of the potential and distances in eV/atom, not a number where it has none.
    """
    from screening_places import distances_of_stored
    from screening_scores import WITHOUT_OWN

    (potential,) = json.loads(path.read_text())["potentials"]
    stored = {row["name"]: row for row in potential["parts"]["wbm"]["rows"]}
    found = np.full(len(names), np.nan)
    for index, name in enumerate(names):
        place = distances_of_stored(stored[name]["relaxed"], known[name], hulls)
        if place is not None:
            found[index] = place[WITHOUT_OWN]
    return str(potential["fingerprint"]), found


def table(document: dict[str, Any]) -> str:
    """Return the comparison as Markdown."""
    lines = [
        "| uncertainty | 50 % | 80 % | 95 % | ECE | NLL | Brier at 0 | against before "
        "| Brier at 0.1 | against before | precision of the first 25 / 50 / 100 |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, values in document["ways"].items():
        cells = [name, *(f"{100 * each:.1f}" for each in values["coverage"].values())]
        cells += [f"{values['ece']:.3f}", f"{values['nll']:.3f}"]
        for limit in LIMITS:
            low, middle, high = values["brier_less_before"][limit]
            cells += [f"{values['brier'][limit]:.4f}", f"{middle:+.4f} ({low:+.4f} to {high:+.4f})"]
        cells.append(" / ".join(f"{each:.2f}" for each in values["precision"].values()))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _ways(found: Outcomes, apart: np.ndarray | None) -> Iterator[tuple[str, CrossFit, float]]:
    """Yield name, scale and offset of every row, and degrees of freedom."""
    num = len(found.errors)
    nothing, nowhere = np.zeros(num), np.zeros(num, dtype=np.intp)
    yield BEFORE, CrossFit(nothing + FlagRule().assumed_error, nothing, nowhere, ()), GAUSSIAN
    fit = partial(fit_with_offset, freedom=HEAVY_TAILED)
    constant = cross_fit(found.errors, nothing, found.formulas, fit=fit)
    yield "one error for all, with offset", constant, HEAVY_TAILED
    committee = cross_fit(found.errors, found.spreads, found.formulas, fit=fit)
    yield SHIPPED, committee, HEAVY_TAILED
    if apart is None:
        return
    size = np.nan_to_num(np.abs(apart))  # who was not compared keeps its error
    for weight in WEIGHTS:
        scales = np.hypot(committee.scales, weight * size)
        widened = CrossFit(scales, committee.offsets, committee.folds, ())
        yield f"the same, disagreement with weight {weight:g}", widened, HEAVY_TAILED
    fitted = cross_fit(found.errors, size, found.formulas, fit=fit)
    mean = float(np.mean([each.stretch for each in fitted.calibrations]))
    yield f"disagreement alone, fitted weight {mean:.2f}", fitted, HEAVY_TAILED


def _measured(found: Outcomes, fitted: CrossFit, freedom: float) -> dict[str, Any]:
    errors, scales = found.errors - fitted.offsets, fitted.scales
    truth = found.predicted - found.errors
    named = coverages(errors, scales, NAMED, freedom).tolist()
    told: dict[str, Any] = {
        "median_scale": float(np.median(scales)),
        "coverage": dict(zip(map(str, NAMED), named, strict=True)),
        "ece": expected_calibration_error(errors, scales, freedom),
        "nll": negative_log_likelihood(errors, scales, freedom),
        "brier": {},
        "squares": {},
    }
    for name, limit in LIMITS.items():
        probable = stdtr(freedom, (limit - found.predicted + fitted.offsets) / scales)
        told["squares"][name] = (probable - (truth <= limit)) ** 2
        told["brier"][name] = float(told["squares"][name].mean())
        if limit == 0:
            order = np.argsort(-probable, kind="stable")
            told["precision"] = {
                str(number): float((truth[order[:number]] <= 0).mean()) for number in PICKS
            }
    return told


def _squares(values: dict[str, Any]) -> dict[str, np.ndarray]:
    squares: dict[str, np.ndarray] = values["squares"]
    return squares


def _interval(differences: np.ndarray) -> list[float]:
    """Lower end, mean, and upper end of the bootstrap interval of a mean."""
    rng = np.random.default_rng(0)
    draws = rng.integers(len(differences), size=(DRAWS, len(differences)))
    low, high = np.quantile(differences[draws].mean(axis=1), (0.025, 0.975))
    return [float(low), float(differences.mean()), float(high)]


def _about(found: Outcomes, others: np.ndarray) -> dict[str, Any]:
    """How much a disagreement says of the error."""
    known = np.isfinite(others)
    apart, size = np.abs(found.predicted - others)[known], np.abs(found.errors)[known]
    quarters = np.array_split(size[np.argsort(apart)], 4)
    correlation = spearmanr(apart, size)
    return {
        "num": int(known.sum()),
        "median": float(np.median(apart)),
        "spearman_with_error": float(correlation.statistic),
        "p": float(correlation.pvalue),
        "mae_by_quarter": [float(part.mean()) for part in quarters],
    }
