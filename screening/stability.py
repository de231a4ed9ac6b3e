"""How probable it is that a candidate is stable, from its distance and the error of that."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
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
        disagreement: What disagreement adds to the scale, in eV/atom, as an error of its own.
    """

    on_hull: float
    within_limit: float
    limit: float
    scale: float
    is_calibrated: bool
    disagreement: float = 0.0

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
    disagreement: float = 0.0,
) -> Stability:
    """Tell how probable it is that a candidate is stable.

    The scale of the error is ``sqrt(sigma^2 + d^2)``: sigma is the calibrated or assumed error, d
    the disagreement with others, weighted. A calibration says how far a potential errs on average
    over crystals like those it was fitted to. Where another potential says something else of this
    very crystal, one of both is wrong here, and nobody knows which; so the difference is taken for
    an error that is independent of the average one. It widens the interval and never moves the
    distance: the other potential is no arbiter.

    Args:
        distance: Signed distance to the hull in eV/atom.
        limit: The limit of the rule in eV/atom.
        spread: Of the distance over the members of a committee in eV/atom, if there is one.
        calibration: What that spread is worth; without it, or without a spread, the error is
            assumed.
        assumed_error: Standard deviation of the error in eV/atom where nothing better is known.
        disagreement: With others in eV/atom, times its weight.
    """
    if spread is not None and calibration is not None and math.isfinite(spread):
        used, seen, is_calibrated = calibration, spread, True
    else:
        used, seen, is_calibrated = Calibration(stretch=0.0, bias=assumed_error), 0.0, False
    used = replace(used, bias=math.hypot(used.bias, disagreement))
    return Stability(
        on_hull=float(used.probability_below(0.0, distance, seen)),
        within_limit=float(used.probability_below(limit, distance, seen)),
        limit=limit,
        scale=float(used.scale(seen)),
        is_calibrated=is_calibrated,
        disagreement=disagreement,
    )
