"""One layer of the network: messages, self-connection, mixing, and what closes it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from facet import parts
from facet.nn.convolution import build_convolution
from facet.nn.features import DegreeLinear, add_padded, mix_channels
from facet.nn.gate import GateMixer
from facet.nn.norm import JointNorm
from facet.nn.sphere import ScalarMixer, SphereMixer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facet.config import ModelConfig
    from facet.nn.features import Features
    from facet.nn.neighborhoods import DensityBlock, EdgeBlock


class InteractionLayer(nn.Module):
    """Convolution and self-connection, channel mixing, then a norm around an identity or nothing.

    Args:
        channels_in: Channels of each degree before the layer.
        channels_out: Channels of each degree after it.
        config: Shape of the network.
    """

    def __init__(
        self, channels_in: Sequence[int], channels_out: Sequence[int], config: ModelConfig
    ) -> None:
        super().__init__()
        self.inner = DegreeLinear(channels_in, channels_in) if config.has_inner_linear else None
        self.convolution = build_convolution(channels_in, len(channels_out) - 1, config)
        self.mixer = build_mixer(channels_out, config)
        self.message = DegreeLinear(self.convolution.channels_out, self.mixer.channels_in)
        self.residual: LinearConnection | SpeciesConnection | SpeciesTable
        self.residual = _self_connection(channels_in, self.mixer.channels_in, config)
        has_norm = isinstance(config.norm, parts.JointNorm)
        self.norm = JointNorm(channels_out) if has_norm else None

    def forward(
        self,
        features: Features,
        species_rows: Tensor,
        blocks: Sequence[DensityBlock] | Sequence[EdgeBlock],
    ) -> Features:
        """Return the features after the layer.

        Args:
            features: Of all atoms, in the order of the blocks.
            species_rows: Embedding row of every atom.
            blocks: Edges.
        """
        sent = features if self.inner is None else self.inner(features)
        message = self.message(self.convolution(sent, blocks))
        mixed: Features = self.mixer(add_padded(self.residual(features, species_rows), message))
        return mixed if self.norm is None else add_padded(features, self.norm(mixed))


class TableLayer(InteractionLayer):
    """First layer that knows elements by tables: of what they send, and of what they keep.

    What linear maps would make of an embedding is one row an element as well, in fewer numbers.

    Args:
        channels_in: As for ``InteractionLayer``.
        channels_out: As for ``InteractionLayer``.
        config: As for ``InteractionLayer``.
    """

    def __init__(
        self, channels_in: Sequence[int], channels_out: Sequence[int], config: ModelConfig
    ) -> None:
        super().__init__(channels_in, channels_out, replace(config, has_inner_linear=False))
        self.residual = SpeciesTable(len(config.species) + 1, self.mixer.channels_in[0])


class SpeciesTable(nn.Module):
    """Self-connection of a first layer: a row for every element.

    Args:
        rows: Embedding rows.
        channels: Scalars that go out.
    """

    def __init__(self, rows: int, channels: int) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.randn(rows, channels))

    def forward(self, features: Features, species_rows: Tensor) -> Features:  # noqa: ARG002 (as SpeciesConnection)
        """Return the row of every atom."""
        return (self.table[species_rows].unsqueeze(1),)


class LinearConnection(nn.Module):
    """Self-connection that is the same for all elements.

    Args:
        channels_in: Channels of each degree that comes in.
        channels_out: Channels of each degree that goes out.
    """

    def __init__(self, channels_in: Sequence[int], channels_out: Sequence[int]) -> None:
        super().__init__()
        self.weights = DegreeLinear(channels_in, channels_out).weights

    def forward(self, features: Features, species_rows: Tensor) -> Features:  # noqa: ARG002 (as SpeciesConnection)
        """Return mixed features."""
        return mix_channels(features, self.weights)


class SpeciesConnection(nn.Module):
    """Self-connection with matrices of its own for every element, as in NequIP.

    Args:
        channels_in: Channels of each degree that comes in.
        channels_out: Channels of each degree that goes out.
        rows: Embedding rows.
    """

    def __init__(self, channels_in: Sequence[int], channels_out: Sequence[int], rows: int) -> None:
        super().__init__()
        self.weights = nn.ParameterList(
            nn.Parameter(torch.randn(rows, n_in, n_out) / n_in**0.5)
            for n_in, n_out in zip(channels_in, channels_out, strict=False)
        )

    def forward(self, features: Features, species_rows: Tensor) -> Features:
        """Return mixed features."""
        return mix_channels(features, (weight[species_rows] for weight in self.weights))


def build_layer(
    number: int, channels_in: Sequence[int], channels_out: Sequence[int], config: ModelConfig
) -> InteractionLayer:
    """Make a layer of a network.

    Args:
        number: Its place, from zero.
        channels_in: As for ``InteractionLayer``.
        channels_out: As for ``InteractionLayer``.
        config: Shape of the network.
    """
    kind = TableLayer if number == 0 and config.has_species_table else InteractionLayer
    return kind(channels_in, channels_out, config)


def build_mixer(
    channels: Sequence[int], config: ModelConfig
) -> SphereMixer | ScalarMixer | GateMixer:
    """Make the mixer that a config asks for; sphere mixing of scalars alone is dense layers."""
    if isinstance(config.mixing, parts.GateMixing):
        return GateMixer(channels)
    if len(channels) == 1:
        return ScalarMixer(channels[0])
    return SphereMixer(config.mixing, channels)


def _self_connection(
    channels_in: Sequence[int], channels_out: Sequence[int], config: ModelConfig
) -> LinearConnection | SpeciesConnection:
    if config.has_species_connection:
        return SpeciesConnection(channels_in, channels_out, len(config.species) + 1)
    return LinearConnection(channels_in, channels_out)
