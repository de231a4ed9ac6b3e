"""Scores of a search for stable crystals, each with the interval that chance allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from screening.metrics import classification

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Row = Mapping[str, Any]

LIMITS = {"stable": 0.0, "near_hull": 0.1}
"""What is searched for: crystals at most this far above the hull, in eV/atom."""

DOUBTFUL = -0.3
"""eV/atom; a true distance below this says that a phase of the hull is wrong or missing."""

NUM_DRAWS = 1000
LEVEL = 95
RATIOS = ("precision", "recall", "f1")


def score(rows: Sequence[Row]) -> dict[str, Any]:
    """Score relaxed and unrelaxed candidates, with and without doubtful references.

    Args:
        rows: At least one, as ``discovery.discover`` makes them.
    """
    certain = [row for row in rows if row["dft_above_hull"] >= DOUBTFUL]
    return {
        "num_candidates": len(rows),
        "num_converged": sum(row["stop_reason"] == "converged" for row in rows),
        "relaxed": _of(rows, "relaxed"),
        "unrelaxed": _of(rows, "unrelaxed"),
        "guess": {name: guess(rows, limit) for name, limit in LIMITS.items()},
        "doubtful": [row["name"] for row in rows if row["dft_above_hull"] < DOUBTFUL],
        "relaxed_without_doubtful": _of(certain, "relaxed"),
    }


def guess(rows: Sequence[Row], limit: float) -> dict[str, float]:
    """Scores of those who know nothing but the share of the crystals searched for.

    Returns:
        ``prevalence``, which is also precision, recall and F1 of picking that share at random,
        and ``f1_of_all``, the F1 of picking every candidate.
    """
    share = float(np.mean([row["dft_above_hull"] <= limit for row in rows]))
    return {"prevalence": share, "f1_of_all": 2 * share / (1 + share)}


def with_intervals(
    measure: Callable[[np.ndarray], Mapping[str, float | None]], num: int
) -> dict[str, dict[str, float | None]]:
    """Measure something, and again on random draws of as many rows, with repetition.

    Args:
        measure: Gives figures by name for the rows of these numbers; None where there is no value.
        num: How many rows there are, one at least.

    Returns:
        For each figure ``value``, and ``low`` and ``high`` that hold 95 % of the draws.
    """
    draws = np.random.default_rng(1).integers(num, size=(NUM_DRAWS, num))
    drawn = [measure(draw) for draw in draws]
    return {
        name: {"value": value, **_interval([each[name] for each in drawn])}
        for name, value in measure(np.arange(num)).items()
    }


def _interval(values: Sequence[float | None]) -> dict[str, float | None]:
    known = [value for value in values if value is not None]
    if not known:
        return {"low": None, "high": None}
    tail = (100 - LEVEL) / 2
    low, high = np.percentile(known, [tail, 100 - tail])
    return {"low": float(low), "high": float(high)}


def _of(rows: Sequence[Row], state: str) -> dict[str, Any]:
    """Errors over the crystals that have a place, and how well the search went over all."""
    placed = [row for row in rows if row[state] is not None]
    searches = {name: _search(rows, state, limit) for name, limit in LIMITS.items()} if rows else {}
    return {"num_placed": len(placed), **(_errors(placed, state) if placed else {}), **searches}


def _errors(rows: Sequence[Row], state: str) -> dict[str, dict[str, float | None]]:
    """Errors of energies in meV/atom and of volumes in percent."""
    energy = 1000 * np.array(
        [row[state]["formation_energy"] - row["dft_formation_energy"] for row in rows]
    )
    volume = 100 * np.array([row[state]["volume"] / row["dft_volume"] - 1 for row in rows])
    return with_intervals(
        lambda some: {
            "energy_mae": float(np.abs(energy[some]).mean()),
            "energy_median": float(np.median(np.abs(energy[some]))),
            "energy_bias": float(energy[some].mean()),
            "volume_mae": float(np.abs(volume[some]).mean()),
            "volume_bias": float(volume[some].mean()),
        },
        len(rows),
    )


def _search(rows: Sequence[Row], state: str, limit: float) -> dict[str, dict[str, float | None]]:
    """Compare what was called stable with what is; without a place nothing was called so."""
    truth = np.array([row["dft_above_hull"] <= limit for row in rows])
    found = np.array([row[state] is not None and row[state]["above_hull"] <= limit for row in rows])

    def ratios(some: np.ndarray) -> dict[str, float | None]:
        scores = classification(truth[some].tolist(), found[some].tolist())
        return {name: scores[name] for name in RATIOS}

    return with_intervals(ratios, len(rows))
