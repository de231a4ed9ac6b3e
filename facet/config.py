"""What a Facet potential is: the frozen description that every checkpoint carries."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from facet.errors import ConfigError

TRAINED_ELEMENTS = (*range(1, 84), *range(89, 95))
"""Atomic numbers of the 89 elements of the public DFT databases: H to Bi and Ac to Pu."""


@dataclass(frozen=True)
class ModelConfig:
    """Shape of a Facet network.

    Attributes:
        species: Atomic numbers that the network knows.
        cutoff: Neighbors farther than this many angstrom do not count.
        num_basis: Radial basis functions per edge.
        channels: Channels of degree l = 0, 1, ... carried between layers.
        num_layers: Message-passing layers; the last one outputs scalars.
        is_mirror_invariant: Keep only the tensor-product paths of natural parity, O(3) instead of
            SO(3).
        grid_channels: Channels on the spherical grid.
        grid_heads: Groups of channels that share one pointwise network.
        grid_points: Points of the Lebedev grid.
        grid_amplitude: Root mean square to which features are scaled before the grid; zero leaves
            them as they are.
        mean_neighbors: Mean number of neighbors in the training set.
        has_trainable_radii: Train the Bessel frequencies and the cutoff, as the published model
            does.
    """

    species: tuple[int, ...] = TRAINED_ELEMENTS
    cutoff: float = 5.0
    num_basis: int = 8
    channels: tuple[int, ...] = (128, 32, 16)
    num_layers: int = 3
    is_mirror_invariant: bool = True
    grid_channels: int = 32
    grid_heads: int = 2
    grid_points: int = 110
    grid_amplitude: float = 0.3
    mean_neighbors: float = 35.0
    has_trainable_radii: bool = False

    def __post_init__(self) -> None:
        """Refuse a shape that no network can have."""
        if self.cutoff <= 0 or self.num_basis < 1 or self.num_layers < 1 or not self.channels:
            raise ConfigError("A network needs a positive cutoff, basis functions, and layers.")
        if min(self.channels) < 1 or self.grid_channels % self.grid_heads:
            raise ConfigError(
                "Every degree needs at least one channel, and grid_heads must divide grid_channels."
            )
        if len(set(self.species)) != len(self.species) or not self.species:
            raise ConfigError("The species of a network are a list of distinct atomic numbers.")

    @property
    def lmax(self) -> int:
        """Highest degree of features and spherical harmonics."""
        return len(self.channels) - 1

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ModelConfig:
        """Build a config from plain values.

        Raises:
            ConfigError: A key is not known to this version of the code.
        """
        known = {each.name for each in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ConfigError(
                f"The model config holds {', '.join(unknown)}, which this version of Facet does "
                "not know; use the version that wrote it."
            )
        tuples: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in values.items()
        }
        return cls(**tuples)


FACET_S = ModelConfig()
"""The bundled potential: natural parity, degrees up to 2."""

PAPER = ModelConfig(
    channels=(128, 32, 16, 8),
    is_mirror_invariant=False,
    grid_points=302,
    grid_amplitude=0.0,
    has_trainable_radii=True,
)
"""The published 270,383-parameter shape, SO(3)."""

PAPER_O3 = replace(PAPER, is_mirror_invariant=True)
"""The published shape with natural parity only."""

PRESETS = {"facet-s": FACET_S, "paper": PAPER, "paper-o3": PAPER_O3}
