"""Parts that a Facet potential is composed from.

A radial basis, radial weights that are linear in it or come from an MLP, channel mixing on the
sphere or by a gate, a norm or none. Each part is a small frozen class; there are no mode flags.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from facet.errors import ConfigError


@dataclass(frozen=True)
class PolynomialEnvelope:
    """Envelope of Gasteiger et al. 2020 (equation 8) with this power."""

    power: int = 6


@dataclass(frozen=True)
class SwitchEnvelope:
    """The XPLOR switch: one up to ``onset`` (angstrom), then a smooth fall to zero."""

    onset: float = 4.5


@dataclass(frozen=True)
class BesselBasis:
    """Bessel functions times an envelope.

    Attributes:
        num_basis: Number of functions.
        envelope: What brings them to zero at the cutoff.
        has_trainable_frequencies: Train the frequencies.
        has_trainable_cutoff: Train the cutoff, as the published model does.
    """

    num_basis: int = 8
    envelope: PolynomialEnvelope | SwitchEnvelope = field(default_factory=PolynomialEnvelope)
    has_trainable_frequencies: bool = False
    has_trainable_cutoff: bool = False


@dataclass(frozen=True)
class SplineBasis:
    """Cubic B-splines on equal knots; the last one ends at the cutoff with two derivatives."""

    num_basis: int = 8


@dataclass(frozen=True)
class CombinedSplineBasis:
    """A few functions of any shape: trained combinations of many cubic B-splines.

    Attributes:
        num_basis: Number of functions.
        num_knots: B-splines on equal knots that each of them combines.
    """

    num_basis: int = 8
    num_knots: int = 80

    def __post_init__(self) -> None:
        """Refuse functions that would depend on each other."""
        if self.num_knots < self.num_basis:
            raise ConfigError("A combined spline basis needs a knot or more for every function.")


@dataclass(frozen=True)
class LinearRadial:
    """Radial weights linear in the basis: no MLP, and sums over neighbors can come first."""


@dataclass(frozen=True)
class MlpRadial:
    """Radial weights from a bias-free MLP with SiLU, as in NequIP.

    Attributes:
        hidden: Widths of the hidden layers.
    """

    hidden: tuple[int, ...] = (64, 64)


@dataclass(frozen=True)
class SiluActivation:
    """``x / (1 + exp(-x))``: not band-limited, so a finite grid leaves some rotation noise."""


@dataclass(frozen=True)
class ParabolaActivation:
    """``(x + s)^2 / (4 s)``: functions keep a highest degree, so a small grid is exact.

    Attributes:
        scale: s, about the root mean square of the values on the grid; the slope at zero is 1/2,
            as SiLU's.
    """

    scale: float = 5.0


@dataclass(frozen=True)
class SphereMixing:
    """Channel mixing by one small network at every point of a sphere.

    Attributes:
        channels: Channels on the spherical grid.
        heads: Groups of channels that share one pointwise network.
        points: Points of the Lebedev grid.
        amplitude: Root mean square to which features are scaled before the grid; zero leaves them
            as they are.
        activation: What follows each of the two matrices of the pointwise network.
    """

    channels: int = 32
    heads: int = 2
    points: int = 110
    amplitude: float = 0.3
    activation: SiluActivation | ParabolaActivation = field(default_factory=SiluActivation)


@dataclass(frozen=True)
class GateMixing:
    """SiLU on scalars; every other channel times SiLU of a scalar of its own, as in NequIP."""


@dataclass(frozen=True)
class JointNorm:
    """One norm over all degrees, with a scale that starts at zero, around an identity."""


@dataclass(frozen=True)
class NoNorm:
    """Neither norm nor identity: a layer is its mixer's output, as in NequIP."""


PARTS: dict[str, dict[str, type]] = {
    "basis": {
        "bessel": BesselBasis,
        "spline": SplineBasis,
        "combined-spline": CombinedSplineBasis,
    },
    "envelope": {"polynomial": PolynomialEnvelope, "switch": SwitchEnvelope},
    "radial": {"linear": LinearRadial, "mlp": MlpRadial},
    "activation": {"silu": SiluActivation, "parabola": ParabolaActivation},
    "mixing": {"sphere": SphereMixing, "gate": GateMixing},
    "norm": {"joint": JointNorm, "none": NoNorm},
}
"""Names of parts in stored configs."""
