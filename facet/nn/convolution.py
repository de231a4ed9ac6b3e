"""Message passing: sums over neighbors of features coupled to spherical harmonics.

With radial weights linear in their basis, ``R_p(r) = sum_b C_pb e_b(r)``, the convolution

    sum_j R_p(r_ij) [h_j x Y(r_ij)]  =  sum_b C_pb [ (sum_j e_b(r_ij) h_j Y(r_ij)) ]

needs one matrix product over the neighbors of each atom; weights and couplings act once per atom,
and no tensor of edges times weights is ever written. Radial weights from an MLP must be applied to
every edge before the sum.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from facet.nn.contraction import blocks_of, contract, spread_weights
from facet.nn.neighborhoods import DensityBlock, EdgeBlock, density_block
from facet.nn.paths import coupling, list_paths
from facet.parts import LinearRadial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facet.config import ModelConfig
    from facet.nn.features import Features


class Convolution(nn.Module):
    """What both convolutions share: paths, couplings, and the factor of the sum.

    Args:
        channels: Channels of each degree of the incoming features.
        out_lmax: Highest degree of the messages.
        config: Shape of the network.
    """

    def __init__(self, channels: Sequence[int], out_lmax: int, config: ModelConfig) -> None:
        super().__init__()
        self.channels = tuple(channels)
        self.factor = config.mean_neighbors**-config.message_power
        self.out_lmax = out_lmax
        self.paths = list_paths(
            len(channels) - 1, config.lmax, out_lmax, natural_parity=config.is_mirror_invariant
        )
        for index, path in enumerate(self.paths):
            symbol = coupling(path).flatten(0, 1).to(torch.get_default_dtype())
            self.register_buffer(f"coupling_{index}", symbol.T.contiguous(), persistent=False)

    @property
    def channels_out(self) -> tuple[int, ...]:
        """Channels of each degree of the messages: every path keeps its own."""
        return tuple(
            sum(self.channels[path.feature] for path in self.paths if path.out == degree)
            for degree in range(self.out_lmax + 1)
        )

    def _joined(self, groups: Sequence[Sequence[Tensor]]) -> Features:
        """Couple the products of every group and path, and join groups and paths.

        Args:
            groups: For each group and path (atoms, harmonic x feature components, channels).
        """
        parts: list[list[Tensor]] = [[] for _ in range(self.out_lmax + 1)]
        for index, products in enumerate(zip(*groups, strict=True)):
            path = self.paths[index]
            product = torch.cat(products)
            # A product with a scalar couples as the identity.
            if path.feature > 0 and path.harmonic > 0:
                product = getattr(self, f"coupling_{index}") @ product
            parts[path.out].append(product)
        return tuple(self.factor * torch.cat(each, dim=-1) for each in parts)


class LinearConvolution(Convolution):
    """Radial weights linear in the basis: one matrix product sums over all neighbors first.

    Args:
        channels: As for ``Convolution``.
        out_lmax: As for ``Convolution``.
        config: As for ``Convolution``.
    """

    weight_of: Tensor

    def __init__(self, channels: Sequence[int], out_lmax: int, config: ModelConfig) -> None:
        super().__init__(channels, out_lmax, config)
        num_basis = config.basis.num_basis
        self.blocks, weight_of = blocks_of(self.paths, channels, config.lmax)
        self.register_buffer("weight_of", weight_of, persistent=False)
        self.radial = nn.ParameterList(
            nn.Parameter(torch.randn(num_basis, channels[path.feature]) / num_basis**0.5)
            for path in self.paths
        )

    def forward(self, features: Features, blocks: Sequence[DensityBlock]) -> Features:
        """Return the messages of all atoms, in the order of the blocks."""
        if self.out_lmax == 0:
            return self._scalars(features, blocks)
        joined = torch.cat([x.flatten(1) for x in features], dim=1)
        weights = spread_weights([*self.radial], self.blocks, self.weight_of)
        groups = []
        for block in blocks:
            sums = block.density.transpose(1, 2) @ gather(joined, block.neighbors)
            sums = sums.unflatten(1, (-1, self.blocks.shape[0]))
            groups.append(contract(sums, weights, self.blocks))
        return self._joined(groups)

    def _scalars(self, features: Features, blocks: Sequence[DensityBlock]) -> Features:
        """Messages that are scalars: couple every edge first, since little is left to sum."""
        weights = torch.cat([*self.radial], dim=1)
        messages = []
        for block in blocks:
            coupled = [
                (gather(x, block.neighbors) * y.unsqueeze(-1)).sum(dim=2) / y.shape[-1] ** 0.5
                for x, y in zip(
                    features, block.harmonics, strict=False
                )  # harmonics may reach further
            ]
            sums = block.radial.transpose(1, 2) @ torch.cat(coupled, dim=-1)
            messages.append((sums * weights).sum(dim=1, keepdim=True))
        return (self.factor * torch.cat(messages),)


class MlpConvolution(Convolution):
    """Radial weights from an MLP of the basis: weight every edge, then sum.

    Args:
        channels: As for ``Convolution``.
        out_lmax: As for ``Convolution``.
        config: As for ``Convolution``.
        hidden: Widths of the hidden layers of the MLP.
    """

    def __init__(
        self, channels: Sequence[int], out_lmax: int, config: ModelConfig, hidden: Sequence[int]
    ) -> None:
        super().__init__(channels, out_lmax, config)
        self.split = [channels[path.feature] for path in self.paths]
        widths = [config.basis.num_basis, *hidden, sum(self.split)]
        self.radial = nn.ParameterList(
            nn.Parameter(torch.randn(n_in, n_out) / n_in**0.5) for n_in, n_out in pairwise(widths)
        )

    def forward(self, features: Features, blocks: Sequence[EdgeBlock]) -> Features:
        """Return the messages of all atoms, in the order of the blocks."""
        return self._joined([self._products(features, block) for block in blocks])

    def radial_weights(self, radial: Tensor) -> Tensor:
        """Weights of every edge, path by path: (..., paths x channels)."""
        *inner, last = self.radial
        for weight in inner:
            radial = nn.functional.silu(radial @ weight)
        weights: Tensor = radial @ last
        return weights

    def _products(self, features: Features, block: EdgeBlock) -> list[Tensor]:
        gathered = [gather(x, block.neighbors) for x in features]
        weights = torch.split(self.radial_weights(block.radial), self.split, dim=-1)
        products = []
        for path, weight in zip(self.paths, weights, strict=True):
            weighted = gathered[path.feature] * weight.unsqueeze(-2)
            harmonics = block.harmonics[path.harmonic].transpose(1, 2)
            total = harmonics @ weighted.flatten(2)
            products.append(total.view(len(total), -1, weight.shape[-1]))
        return products


def build_convolution(
    channels: Sequence[int], out_lmax: int, config: ModelConfig
) -> LinearConvolution | MlpConvolution:
    """Make the convolution that a config's radial part asks for."""
    if isinstance(config.radial, LinearRadial):
        return LinearConvolution(channels, out_lmax, config)
    return MlpConvolution(channels, out_lmax, config, config.radial.hidden)


def prepare_blocks(
    blocks: Sequence[EdgeBlock], config: ModelConfig
) -> Sequence[DensityBlock] | Sequence[EdgeBlock]:
    """Bring the edges into the form that the convolutions of a config read."""
    if isinstance(config.radial, LinearRadial):
        return [density_block(block) for block in blocks]
    return blocks


def gather(feature: Tensor, neighbors: Tensor) -> Tensor:
    """Features of the neighbors in every slot: (group, slots, component, channel)."""
    picked = feature.index_select(0, neighbors.flatten())
    return picked.view(*neighbors.shape, *feature.shape[1:])
