"""What a Facet potential is: the frozen description that every checkpoint carries.

A network is composed from the parts of ``facet.parts``, and from a few numbers.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from facet.errors import ConfigError
from facet.parts import (
    PARTS,
    BesselBasis,
    CombinedSplineBasis,
    GateMixing,
    JointNorm,
    LinearRadial,
    MlpRadial,
    NoNorm,
    ParabolaActivation,
    SphereMixing,
    SplineBasis,
    SwitchEnvelope,
)

TRAINED_ELEMENTS = (*range(1, 84), *range(89, 95))
"""Atomic numbers of the 89 elements of the public DFT databases: H to Bi and Ac to Pu."""


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
