"""How probable it is that a candidate is stable, from its distance and the error of that."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from screening.calibration import Calibration

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Stability:
    """What a distance to the hull is worth.

    Attributes:
        on_hull: Probability that the true distance is at most zero.
        within_limit: Probability that it is at most the limit of the rule.
        limit: That limit in eV/atom.
        scale: Scale of the error in eV/atom.
        is_calibrated: Whether the scale comes from a calibrated committee; otherwise the same
            error is assumed of every candidate.
    """

    on_hull: float
    within_limit: float
    limit: float
    scale: float
    is_calibrated: bool

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Stability:
        """Read what ``to_dict`` made."""
        return cls(**data)


def stability_of(
    distance: float,
    limit: float,
    *,
    spread: float | None = None,
    calibration: Calibration | None = None,
    assumed_error: float,
) -> Stability:
    """Tell how probable it is that a candidate is stable.

    Args:
        distance: Signed distance to the hull in eV/atom.
        limit: The limit of the rule in eV/atom.
        spread: Of the distance over the members of a committee in eV/atom, if there is one.
        calibration: What that spread is worth; without it, or without a spread, the error is
            assumed.
        assumed_error: Standard deviation of the error in eV/atom where nothing better is known.
    """
    if spread is not None and calibration is not None and math.isfinite(spread):
        used, seen, is_calibrated = calibration, spread, True
    else:
        used, seen, is_calibrated = Calibration(stretch=0.0, bias=assumed_error), 0.0, False
    return Stability(
        on_hull=float(used.probability_below(0.0, distance, seen)),
        within_limit=float(used.probability_below(limit, distance, seen)),
        limit=limit,
        scale=float(used.scale(seen)),
        is_calibrated=is_calibrated,
    )
