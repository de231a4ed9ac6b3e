"""What is known of a candidate when it is judged, as plain values that can be stored."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from screening.gates.geometry import Geometry
from screening.gates.prototype import PrototypeChange

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Uncertainty:
    """How far a distance to the hull can be trusted.

    Attributes:
        spread: Of the distance over the members of a committee, in eV/atom.
        stretch: Of the calibration that the spread is read with.
        bias: Of that calibration, in eV/atom.
        freedom: Of that calibration.
        offset: Of that calibration, in eV/atom.
    """

    spread: float
    stretch: float
    bias: float
    freedom: float
    offset: float = 0.0


@dataclass(frozen=True)
class Evidence:
    """What is known of a candidate when it is judged.

    Everything here is measured once and holds for every rule; what is not measured is None, and
    the gate that asks for it is skipped.

    Attributes:
        stop_reason: Why its relaxation stopped, e.g. ``converged``.
        stop_message: The sentence that says so.
        energy_above_hull: Signed distance to the hull in eV/atom, if one could be measured.
        no_reference: Why none could be measured, if so.
        duplicate_of: The better candidate that it is a copy of, if so.
        decomposes_to: Formulas of the competing phases, largest share first.
        hull_description: The words that complete "27 meV/atom above ...".
        known_as: The known phase that it is, by id, if so.
        hull_distances: Signed distance in eV/atom to each hull that has one, by name.
        uncertainty: Spread of the distance, and what it is worth.
        geometry: Its relaxed geometry beside the sizes of its atoms.
        is_charge_neutral: Whether oxidation states exist that cancel.
        prototype: What became of its prototype.
        lowest_frequency: Lowest phonon frequency in THz, imaginary ones negative.
        lowest_elastic: Lowest eigenvalue of its elastic tensor in GPa.
    """

    stop_reason: str
    stop_message: str
    energy_above_hull: float | None
    no_reference: str | None
    duplicate_of: str | None
    decomposes_to: tuple[str, ...] = ()
    hull_description: str = "the supplied phases"
    known_as: str | None = None
    hull_distances: Mapping[str, float] = field(default_factory=dict, hash=False)
    uncertainty: Uncertainty | None = None
    geometry: Geometry | None = None
    is_charge_neutral: bool | None = None
    prototype: PrototypeChange | None = None
    lowest_frequency: float | None = None
    lowest_elastic: float | None = None

    @property
    def distance(self) -> float | None:
        """The distance to the hull in eV/atom if there is one that is a number."""
        value = self.energy_above_hull
        return value if value is not None and math.isfinite(value) else None

    def to_dict(self) -> dict[str, Any]:
        """Return the evidence as plain data without numbers that are not finite."""
        plain = {**asdict(self), "decomposes_to": list(self.decomposes_to)}
        cleared: dict[str, Any] = _cleared(plain)
        return cleared

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Evidence:
        """Read what ``to_dict`` made, so that another rule can judge it.

        Values that this version does not know are left out: they were measured for a later one.
        """
        known = {each.name for each in fields(cls)}
        values = {key: value for key, value in data.items() if key in known}
        for key, part in _PARTS.items():
            if values.get(key) is not None:
                values[key] = part(**values[key])
        return cls(**{**values, "decomposes_to": tuple(values.get("decomposes_to", ()))})


_PARTS: dict[str, type] = {
    "uncertainty": Uncertainty,
    "geometry": Geometry,
    "prototype": PrototypeChange,
}


def _cleared(value: Any) -> Any:  # noqa: ANN401 (plain data of any depth)
    """Replace numbers that are not finite, which JSON and queries do not know, by None."""
    if isinstance(value, dict):
        return {key: _cleared(each) for key, each in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
