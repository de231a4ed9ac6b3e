"""What a Facet potential is: the frozen description that every checkpoint carries.

A network is composed from parts: a radial basis, radial weights that are linear in it or come from
an MLP, channel mixing on the sphere or by a gate, natural parity or not, a norm or none. Each part
is a small frozen class; there are no mode flags.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from facet.errors import ConfigError

TRAINED_ELEMENTS = (*range(1, 84), *range(89, 95))
"""Atomic numbers of the 89 elements of the public DFT databases: H to Bi and Ac to Pu."""


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


@dataclass(frozen=True)
class ModelConfig:
    """Shape of a Facet network.

    Attributes:
        species: Atomic numbers that the network knows.
        cutoff: Neighbors farther than this many angstrom do not count.
        channels: Channels of degree l = 0, 1, ... carried between layers.
        num_layers: Message-passing layers; the last one outputs scalars.
        is_mirror_invariant: Keep only the tensor-product paths of natural parity, O(3) instead of
            SO(3).
        basis: Radial basis functions.
        radial: How they become the weights of an edge.
        mixing: How channels mix after the messages are in.
        norm: What closes a layer.
        has_inner_linear: Mix channels before messages are sent, as NequIP does.
        has_species_connection: Let the self-connection depend on the element, as NequIP does.
        has_species_table: In the first layer, whose features say nothing but the element, leave out
            the inner map and make the self-connection a table with a row for every element.
        head: Hidden widths of the readout, which has no activation.
        has_global_rescale: One scale and shift for all elements beside those of each.
        mean_neighbors: Mean number of neighbors in the training set.
        message_power: Messages are divided by the mean number of neighbors to this power.
    """

    species: tuple[int, ...] = TRAINED_ELEMENTS
    cutoff: float = 5.0
    channels: tuple[int, ...] = (128, 32, 16)
    num_layers: int = 3
    is_mirror_invariant: bool = True
    basis: BesselBasis | SplineBasis | CombinedSplineBasis = field(default_factory=BesselBasis)
    radial: LinearRadial | MlpRadial = field(default_factory=LinearRadial)
    mixing: SphereMixing | GateMixing = field(default_factory=SphereMixing)
    norm: JointNorm | NoNorm = field(default_factory=JointNorm)
    has_inner_linear: bool = False
    has_species_connection: bool = False
    has_species_table: bool = False
    head: tuple[int, ...] = ()
    has_global_rescale: bool = True
    mean_neighbors: float = 35.0
    message_power: float = 0.7

    def __post_init__(self) -> None:
        """Refuse a shape that no network can have."""
        if self.cutoff <= 0 or self.basis.num_basis < 1 or self.num_layers < 1 or not self.channels:
            raise ConfigError("A network needs a positive cutoff, basis functions, and layers.")
        if min(self.channels) < 1:
            raise ConfigError("Every degree of a network needs at least one channel.")
        envelope = getattr(self.basis, "envelope", None)
        if isinstance(envelope, SwitchEnvelope) and envelope.onset >= self.cutoff:
            raise ConfigError("The onset of a switch envelope must lie below the cutoff.")
        mixing = self.mixing
        if isinstance(mixing, SphereMixing) and mixing.channels % mixing.heads:
            raise ConfigError("The heads of sphere mixing must divide its channels.")
        if len(set(self.species)) != len(self.species) or not self.species:
            raise ConfigError("The species of a network are a list of distinct atomic numbers.")

    @property
    def lmax(self) -> int:
        """Highest degree of features and spherical harmonics."""
        return len(self.channels) - 1

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; every part says its kind."""
        return _plain(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ModelConfig:
        """Build a config from plain values; what is missing keeps its default.

        Raises:
            ConfigError: A key or a kind of part is not known to this version of the code.
        """
        config: ModelConfig = _built(cls, values)
        return config


def _plain(part: object) -> dict[str, Any]:
    """Plain values of a config or part, with the kinds of the parts in it."""
    values: dict[str, Any] = asdict(part)  # type: ignore[call-overload]  # always a dataclass
    for name, kinds in PARTS.items():
        inner = getattr(part, name, None)
        if inner is not None:
            (kind,) = (key for key, each in kinds.items() if isinstance(inner, each))
            values[name] = {"kind": kind, **_plain(inner)}
    return values


def _built(kind: type, values: dict[str, Any]) -> Any:  # noqa: ANN401 (an instance of ``kind``)
    """Inverse of ``_plain``."""
    unknown = sorted(set(values) - {each.name for each in fields(kind)})
    if unknown:
        raise ConfigError(
            f"The model config holds {', '.join(unknown)}, which this version of Facet does not "
            "know; use the version that wrote it."
        )
    arguments: dict[str, Any] = {}
    for name, value in values.items():
        arguments[name] = tuple(value) if isinstance(value, list) else value
        if name in PARTS:
            inner = dict(value)
            part = PARTS[name].get(inner.pop("kind", ""))
            if part is None:
                raise ConfigError(f"`{name}` of a model config needs a kind of {[*PARTS[name]]}.")
            arguments[name] = _built(part, inner)
    return kind(**arguments)


FACET_S = ModelConfig(mixing=SphereMixing(points=50, activation=ParabolaActivation()))
"""The bundled potential: natural parity, degrees up to 2, mixing that no grid blurs."""

PAPER = ModelConfig(
    channels=(128, 32, 16, 8),
    is_mirror_invariant=False,
    basis=BesselBasis(has_trainable_frequencies=True, has_trainable_cutoff=True),
    mixing=SphereMixing(points=302, amplitude=0.0),
)
"""The published 270,383-parameter shape, SO(3)."""

PAPER_O3 = replace(PAPER, is_mirror_invariant=True)
"""The published shape with natural parity only."""

NEQUIP = ModelConfig(
    channels=(32, 32, 32),
    num_layers=4,
    radial=MlpRadial(),
    mixing=GateMixing(),
    norm=NoNorm(),
    has_inner_linear=True,
    has_species_connection=True,
    head=(16,),
    has_global_rescale=False,
    message_power=0.5,
)
"""NequIP's composition (Batzner et al. 2022); ``channels`` sets its lmax."""

SEVENNET_0 = ModelConfig(
    channels=(128, 64, 32),
    num_layers=5,
    is_mirror_invariant=False,
    basis=BesselBasis(envelope=SwitchEnvelope(4.5), has_trainable_frequencies=True),
    radial=MlpRadial((64, 64)),
    mixing=GateMixing(),
    norm=NoNorm(),
    has_inner_linear=True,
    head=(64,),
    has_global_rescale=False,
    mean_neighbors=35.98957443237305,
    message_power=1.0,
)
"""SevenNet-0 (11 July 2024): 842,748 parameters."""

PRESETS = {
    "facet-s": FACET_S,
    "paper": PAPER,
    "paper-o3": PAPER_O3,
    "nequip": NEQUIP,
    "sevennet-0": SEVENNET_0,
}
