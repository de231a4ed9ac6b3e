"""Message passing: sum over neighbors first, radial weights and Clebsch-Gordan products after.

With radial weights linear in their basis, ``R_p(r) = sum_b C_pb e_b(r)``, the convolution

    sum_j R_p(r_ij) [h_j x Y(r_ij)]  =  sum_b C_pb [ (sum_j e_b(r_ij) h_j Y(r_ij)) ]

needs one matrix product over the neighbors of each atom; weights and couplings act once per atom,
and no tensor of edges times weights is ever written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from facet.nn.features import DegreeLinear, Features, add_padded
from facet.nn.norm import JointNorm
from facet.nn.paths import Path, coupling, list_paths
from facet.nn.sphere import mixer_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facet.config import ModelConfig
    from facet.nn.neighborhoods import Block

CONVOLUTION_POWER = 0.7
"""Messages are divided by the mean number of neighbors to this power."""


class Convolution(nn.Module):
    """Sum of neighbor features coupled to the edge's harmonics, with linear radial weights.

    Args:
        channels: Channels of each degree of the incoming features.
        out_lmax: Highest degree of the messages.
        config: Shape of the network.
    """

    def __init__(self, channels: Sequence[int], out_lmax: int, config: ModelConfig) -> None:
        super().__init__()
        self.num_basis = config.num_basis
        self.factor = config.mean_neighbors**-CONVOLUTION_POWER
        self.out_lmax = out_lmax
        self.paths = list_paths(
            len(channels) - 1, config.lmax, out_lmax, natural_parity=config.is_mirror_invariant
        )
        scale = config.num_basis**-0.5
        self.radial = nn.ParameterList(
            nn.Parameter(scale * torch.randn(config.num_basis, channels[path.feature]))
            for path in self.paths
        )
        for index, path in enumerate(self.paths):
            symbol = coupling(path).flatten(0, 1).to(torch.get_default_dtype())
            self.register_buffer(f"coupling_{index}", symbol.T.contiguous(), persistent=False)

    @property
    def channels_out(self) -> tuple[int, ...]:
        """Channels of each degree of the messages: every path keeps its own."""
        return tuple(
            sum(
                weight.shape[1]
                for path, weight in zip(self.paths, self.radial, strict=True)
                if path.out == degree
            )
            for degree in range(self.out_lmax + 1)
        )

    def forward(self, features: Features, blocks: Sequence[Block]) -> Features:
        """Return the messages of all atoms, in the order of the blocks."""
        groups = [self._messages(features, block) for block in blocks]
        return tuple(torch.cat(parts) for parts in zip(*groups, strict=True))

    def _messages(self, features: Features, block: Block) -> Features:
        out: list[list[Tensor]] = [[] for _ in range(self.out_lmax + 1)]
        gathered = [_gather(x, block.neighbors) for x in features]
        pairs: dict[tuple[int, int], Tensor] = {}
        for index, path in enumerate(self.paths):
            key = (path.feature, path.harmonic)
            if key not in pairs:
                pairs[key] = self._density(gathered[key[0]], block.density[key[1]], path)
            weighted = (pairs[key] * self.radial[index][:, None]).sum(dim=1)
            # A product with a scalar couples as the identity.
            is_coupled = path.feature > 0 and path.harmonic > 0
            out[path.out].append(
                getattr(self, f"coupling_{index}") @ weighted if is_coupled else weighted
            )
        return tuple(self.factor * torch.cat(parts, dim=-1) for parts in out)

    def _density(self, neighbors: Tensor, weights: Tensor, path: Path) -> Tensor:
        """Sum over neighbors: (group, basis, harmonic component x feature component, channel)."""
        total = weights.transpose(1, 2) @ neighbors.flatten(2)
        components = (2 * path.harmonic + 1) * (2 * path.feature + 1)
        return total.view(len(total), self.num_basis, components, neighbors.shape[-1])


def _gather(feature: Tensor, neighbors: Tensor) -> Tensor:
    """Features of the neighbors in every slot: (group, slots, component, channel)."""
    picked = feature.index_select(0, neighbors.flatten())
    return picked.view(*neighbors.shape, *feature.shape[1:])


class InteractionLayer(nn.Module):
    """Convolution, channel mixing and norm around a zero-padded identity.

    Args:
        channels_in: Channels of each degree before the layer.
        channels_out: Channels of each degree after it.
        config: Shape of the network.
    """

    def __init__(
        self, channels_in: Sequence[int], channels_out: Sequence[int], config: ModelConfig
    ) -> None:
        super().__init__()
        self.convolution = Convolution(channels_in, len(channels_out) - 1, config)
        self.message = DegreeLinear(self.convolution.channels_out, channels_out)
        self.residual = DegreeLinear(channels_in, channels_out)
        self.mixer = mixer_for(config, channels_out)
        self.norm = JointNorm(channels_out)

    def forward(self, features: Features, blocks: Sequence[Block]) -> Features:
        """Return the features after the layer."""
        message = self.message(self.convolution(features, blocks))
        mixed = self.norm(self.mixer(add_padded(self.residual(features), message)))
        return add_padded(features, mixed)
