"""What a flag rule asks of the gates, and whether a gate that is not passed ends a candidate."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from screening.errors import ScreeningError
from screening.strict import Checked, limited


class Mode(StrEnum):
    """What a gate does to a candidate that does not pass it."""

    OFF = "off"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class VolumeGate(Checked):
    """Limits of the volume over that of the atoms as spheres of their covalent radii.

    Known crystals have 0.7 (very dense) to 5, molecules and layers in wide cells up to 20; pressure
    makes them denser.
    """

    mode: Mode = Mode.FAIL
    least: float = limited(0.6, "a ratio above 0, such as 0.6", least=0.0)
    most: float = limited(20.0, "a ratio above 0, such as 20", least=0.0)

    def __post_init__(self) -> None:
        """Refuse an empty range."""
        super().__post_init__()
        if self.most <= self.least:
            raise ScreeningError(
                f"most is {self.most:g}, not above least ({self.least:g}): give a larger one."
            )


@dataclass(frozen=True)
class DistancesGate(Checked):
    """Limit of the shortest distance over the sum of the covalent radii of its two atoms."""

    mode: Mode = Mode.FAIL
    shortest: float = limited(0.62, "a ratio from 0 to 1, such as 0.62", least=0.0, most=1.0)


@dataclass(frozen=True)
class CoordinationGate(Checked):
    """Limits of the surroundings of every atom.

    Attributes:
        farthest: Largest distance of an atom from its nearest neighbor, over the sum of their
            covalent radii; atoms of noble gases are free of it.
        most_neighbors: Most neighbors of one atom within 1.3 times that sum.
    """

    mode: Mode = Mode.FAIL
    farthest: float = limited(1.85, "a ratio of 1 or more, such as 1.85", least=1.0)
    most_neighbors: int = limited(40, "a whole number above 0, such as 40", least=1)


@dataclass(frozen=True)
class NeutralityGate(Checked):
    """Whether oxidation states exist that cancel; true of alloys too."""

    mode: Mode = Mode.WARN


@dataclass(frozen=True)
class PrototypeGate(Checked):
    """Whether relaxation kept the prototype of the input crystal."""

    mode: Mode = Mode.WARN


@dataclass(frozen=True)
class UncertaintyGate(Checked):
    """Largest scale of the error of the distance to the hull."""

    mode: Mode = Mode.OFF
    largest: float = limited(0.15, "an energy in eV/atom, such as 0.15", least=0.0)


@dataclass(frozen=True)
class DynamicalGate(Checked):
    """Lowest phonon frequency in THz, imaginary ones negative; calculated for the short list."""

    mode: Mode = Mode.OFF
    lowest: float = limited(-0.5, "a frequency in THz, such as -0.5")


@dataclass(frozen=True)
class ElasticGate(Checked):
    """Lowest eigenvalue of the elastic tensor in GPa; calculated for the short list."""

    mode: Mode = Mode.OFF
    lowest: float = limited(0.0, "an elastic constant in GPa, such as 0")


@dataclass(frozen=True)
class Gates(Checked):
    """The gates of a rule, beside convergence, copies, and the distance to the hull."""

    volume: VolumeGate = field(default_factory=VolumeGate)
    distances: DistancesGate = field(default_factory=DistancesGate)
    coordination: CoordinationGate = field(default_factory=CoordinationGate)
    neutrality: NeutralityGate = field(default_factory=NeutralityGate)
    prototype: PrototypeGate = field(default_factory=PrototypeGate)
    uncertainty: UncertaintyGate = field(default_factory=UncertaintyGate)
    dynamical: DynamicalGate = field(default_factory=DynamicalGate)
    elastic: ElasticGate = field(default_factory=ElasticGate)
