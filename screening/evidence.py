"""What is known of a candidate when it is judged, as plain values that can be stored."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from screening.gates.geometry import Geometry
from screening.gates.prototype import PrototypeChange

if TYPE_CHECKING:
    from collections.abc import Mapping


CAMPAIGN = "DFT calculations of this campaign"
"""Source of a calibration that a campaign taught itself."""


@dataclass(frozen=True)
class Uncertainty:
    """How far a distance to the hull can be trusted.

    Attributes:
        spread: Of the distance over the members of a committee, in eV/atom.
        stretch: Of the calibration that the spread is read with.
        bias: Of that calibration, in eV/atom.
        freedom: Of that calibration.
        offset: Of that calibration, in eV/atom.
        source: Where the calibration is from, completing "as known from ...".
    """

    spread: float
    stretch: float
    bias: float
    freedom: float
    offset: float = 0.0
    source: str = CAMPAIGN


@dataclass(frozen=True)
class Disagreement:
    """How far another potential places the same candidate from where it is placed here.

    Attributes:
        other: The other potential.
        size: Difference of both distances to the hull in eV/atom, without its sign.
    """

    other: str
    size: float


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
        spread: Of the distance over the members of a committee in eV/atom, if it is known.
        uncertainty: Spread of the distance, and what it is worth.
        no_uncertainty: Why nobody knows what the distance is worth, if so.
        disagreements: With other potentials, where they were compared.
        geometry: Its relaxed geometry beside the sizes of its atoms.
        is_charge_neutral: Whether oxidation states exist that cancel.
        prototype: What became of its prototype.
        lowest_frequency: Lowest phonon frequency in THz, imaginary ones negative.
        lowest_elastic: Lowest eigenvalue of its elastic tensor in GPa.
        no_frequency: Why its phonons could not be calculated, if that was tried in vain.
        no_elastic: The same of its elastic tensor.
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
    spread: float | None = None
    uncertainty: Uncertainty | None = None
    no_uncertainty: str | None = None
    disagreements: tuple[Disagreement, ...] = ()
    geometry: Geometry | None = None
    is_charge_neutral: bool | None = None
    prototype: PrototypeChange | None = None
    lowest_frequency: float | None = None
    lowest_elastic: float | None = None
    no_frequency: str | None = None
    no_elastic: str | None = None

    @property
    def distance(self) -> float | None:
        """The distance to the hull in eV/atom if there is one that is a number."""
        value = self.energy_above_hull
        return value if value is not None and math.isfinite(value) else None

    @property
    def largest_disagreement(self) -> Disagreement | None:
        """The one with the potential that disagrees most, if there are others."""
        known = (each for each in self.disagreements if math.isfinite(each.size))
        return max(known, key=lambda each: (each.size, each.other), default=None)

    @property
    def hull_disagreement(self) -> float:
        """Difference in eV/atom of the distances to the dft and the own hull; 0 without both."""
        distances = (self.hull_distances.get(name) for name in ("dft", "own"))
        known = [each for each in distances if each is not None and math.isfinite(each)]
        return max(known) - min(known) if len(known) > 1 else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the evidence as plain data without numbers that are not finite."""
        plain = {
            **asdict(self),
            "decomposes_to": list(self.decomposes_to),
            "disagreements": [asdict(each) for each in self.disagreements],
        }
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
        values["decomposes_to"] = tuple(values.get("decomposes_to", ()))
        values["disagreements"] = tuple(
            Disagreement(**each) for each in values.get("disagreements", ())
        )
        return cls(**values)


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
