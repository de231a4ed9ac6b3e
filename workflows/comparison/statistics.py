"""Numbers that sum up many crystals."""

from __future__ import annotations

from statistics import fmean, median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def errors(differences: Iterable[float | None]) -> dict[str, float | int | None]:
    """Mean, mean absolute, median absolute and largest difference; those not known are left out."""
    known = [each for each in differences if each is not None]
    sizes = [abs(each) for each in known]
    return {
        "num": len(known),
        "mean": fmean(known) if known else None,
        "mean_absolute": fmean(sizes) if sizes else None,
        "median_absolute": median(sizes) if sizes else None,
        "largest": max(sizes) if sizes else None,
    }


def share(answers: Iterable[bool | None]) -> float | None:
    """Share of yes among the known answers."""
    known = [each for each in answers if each is not None]
    return sum(known) / len(known) if known else None
