"""Flag rules: what makes a crystal worth a DFT calculation, as data."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from screening.errors import ScreeningError

if TYPE_CHECKING:
    from collections.abc import Mapping

_ID_LENGTH = 8


@dataclass(frozen=True)
class FlagRule:
    """When a candidate is flagged.

    Attributes:
        max_energy_above_hull: Largest distance to the hull in eV/atom, itself allowed.
        require_converged: Whether the relaxation must have converged.
        allow_duplicates: Whether copies of a better candidate are flagged too.
    """

    max_energy_above_hull: float = 0.05
    require_converged: bool = True
    allow_duplicates: bool = False

    def __post_init__(self) -> None:
        limit = self.max_energy_above_hull
        if (
            isinstance(limit, bool)
            or not isinstance(limit, int | float)
            or not math.isfinite(limit)
        ):
            raise ScreeningError(
                f"max_energy_above_hull is {limit!r}: give a number in eV/atom, such as 0.05."
            )
        object.__setattr__(self, "max_energy_above_hull", float(limit))
        for name in ("require_converged", "allow_duplicates"):
            if not isinstance(getattr(self, name), bool):
                raise ScreeningError(f"{name} is {getattr(self, name)!r}: give true or false.")

    @property
    def rule_id(self) -> str:
        """A name that changes with every value of the rule and with nothing else."""
        content = json.dumps(self.to_dict(), sort_keys=True)
        digest = hashlib.sha256(content.encode()).hexdigest()[:_ID_LENGTH]
        return f"{'default' if self == FlagRule() else 'custom'}-{digest}"

    def to_dict(self) -> dict[str, Any]:
        """Return the rule as plain data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FlagRule:
        """Make a rule from plain data; what is not given keeps its default.

        Raises:
            ScreeningError: A key is unknown or a value is nonsense.
        """
        known = [item.name for item in fields(cls)]
        unknown = sorted(set(data) - set(known))
        if unknown:
            raise ScreeningError(
                f"A flag rule has no {', '.join(map(repr, unknown))}: it knows {', '.join(known)}."
            )
        return cls(**data)
