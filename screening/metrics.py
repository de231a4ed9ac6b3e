"""How well flags predict stability, where the outcome is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from screening.errors import ScreeningError

if TYPE_CHECKING:
    from collections.abc import Sequence


def classification(
    truth: Sequence[bool], predicted: Sequence[bool]
) -> dict[str, float | int | None]:
    """Compare predictions with known outcomes.

    Args:
        truth: Whether each crystal is stable.
        predicted: Whether each was flagged.

    Returns:
        Counts ``num``, ``true_positives``, ``false_positives``, ``true_negatives`` and
        ``false_negatives``; ``prevalence``, ``precision``, ``recall``, ``f1`` and ``daf``
        (discovery acceleration factor: precision over prevalence). A ratio without a
        denominator is None.

    Raises:
        ScreeningError: The two differ in length.
    """
    if len(truth) != len(predicted):
        raise ScreeningError(
            f"{len(truth)} outcomes cannot be compared with {len(predicted)} predictions: give "
            f"one of each per crystal."
        )
    pairs = [(bool(outcome), bool(flag)) for outcome, flag in zip(truth, predicted, strict=True)]
    hits, false_alarms = pairs.count((True, True)), pairs.count((False, True))
    misses, rightly_left = pairs.count((True, False)), pairs.count((False, False))
    prevalence = _ratio(hits + misses, len(pairs))
    precision = _ratio(hits, hits + false_alarms)
    return {
        "num": len(pairs),
        "true_positives": hits,
        "false_positives": false_alarms,
        "true_negatives": rightly_left,
        "false_negatives": misses,
        "prevalence": prevalence,
        "precision": precision,
        "recall": _ratio(hits, hits + misses),
        "f1": _ratio(2 * hits, 2 * hits + false_alarms + misses),
        "daf": _ratio(precision, prevalence),
    }


def _ratio(numerator: float | None, denominator: float | None) -> float | None:
    """Divide, or return None where there is nothing to divide by."""
    if numerator is None or not denominator:
        return None
    return numerator / denominator
