"""Predicted against found: how sure a report is, and how right it was where DFT has answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from screening.intervals import wilson

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from workflows.report.facts import Fact

NUM_BINS = 5
MOST_BARS = 40
KNOWN = "dft_e_above_hull"


def uncertainty_rows(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the distances of the first candidates with the scale of their error, in eV/atom."""
    return [
        {
            "material_id": each["material_id"],
            "formula_pretty": each["formula_pretty"],
            "energy_above_hull": each["energy_above_hull"],
            "scale": each["chances"]["scale"],
            "is_calibrated": each["chances"]["is_calibrated"],
        }
        for each in rows
        if each["chances"] is not None and each["energy_above_hull"] is not None
    ][:MOST_BARS]


def accuracy_of(
    facts: Sequence[Fact], follow_ups: Sequence[Mapping[str, Any]], limit: float
) -> dict[str, Any] | None:
    """Compare predictions with the campaign's own DFT, or with outcomes known before it.

    Args:
        facts: All candidates.
        follow_ups: Rows of its DFT calculations.
        limit: Distance in eV/atom up to which a candidate counts as stable.

    Returns:
        Pairs of distances in eV/atom and, by probability of being stable, the share that was; None
        where nothing is known.
    """
    probability = {each.material_id: each.stored.get("p_stable") for each in facts}
    calculated = _calculated(follow_ups)
    source = "DFT calculations of this campaign" if calculated else "outcomes known beforehand"
    pairs = calculated or list(_known(facts, limit))
    if not pairs:
        return None
    told = [(probability.get(each["material_id"]), each["is_stable"]) for each in pairs]
    errors = [abs(each["predicted"] - each["found"]) for each in pairs]
    return {
        "source": source,
        "pairs": pairs,
        "mean_absolute_error": sum(errors) / len(errors),
        "bins": _bins([(p, stable) for p, stable in told if p is not None and stable is not None]),
    }


def _calculated(follow_ups: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "material_id": each["material_id"],
            "predicted": each["predicted_above_hull"],
            "found": each["dft_above_hull"],
            "is_stable": each["is_stable"],
        }
        for each in follow_ups
        if each["predicted_above_hull"] is not None and each["dft_above_hull"] is not None
    ]


def _known(facts: Iterable[Fact], limit: float) -> Iterable[dict[str, Any]]:
    for each in facts:
        truth = (each.stored.get("known_outcome") or {}).get(KNOWN)
        if each.distance is not None and isinstance(truth, int | float):
            yield {
                "material_id": each.material_id,
                "predicted": each.distance,
                "found": float(truth),
                "is_stable": truth <= limit,
            }


def _bins(told: Sequence[tuple[float, bool]]) -> list[dict[str, Any]]:
    """Group predictions by probability; shares have 95 % intervals."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(NUM_BINS)]
    for probability, is_stable in told:
        bins[min(NUM_BINS - 1, int(NUM_BINS * probability))].append((probability, is_stable))
    return [_bin(each) for each in bins if each]


def _bin(told: Sequence[tuple[float, bool]]) -> dict[str, Any]:
    num_stable = sum(is_stable for _, is_stable in told)
    low, high = wilson(num_stable, len(told))
    return {
        "num": len(told),
        "probability": sum(probability for probability, _ in told) / len(told),
        "share_stable": num_stable / len(told),
        "low": low,
        "high": high,
    }
