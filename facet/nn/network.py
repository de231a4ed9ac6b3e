"""The Facet network: from species and edge vectors to an energy per atom."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from facet.nn.interaction import InteractionLayer
from facet.nn.neighborhoods import arrange, edge_blocks
from facet.nn.radial import BesselBasis

if TYPE_CHECKING:
    from jaxtyping import Float, Int

    from facet.config import ModelConfig


class FacetNetwork(nn.Module):
    """Embedding, message-passing layers, and a readout that is a sum over atoms.

    The energy of atom i is ``(scale + scale_z) x_i + shift + shift_z`` with x_i the network's
    output: energies are size-consistent, and each element has its own spread and origin.

    Args:
        config: Shape of the network.
    """

    species_row: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        rows = len(config.species) + 1
        hidden = [config.channels] * (config.num_layers - 1)
        widths = [(config.channels[0],), *hidden, (config.channels[0],)]
        self.embedding = nn.Parameter(torch.randn(rows, config.channels[0]))
        self.basis = BesselBasis(
            config.num_basis, config.cutoff, is_trainable=config.has_trainable_radii
        )
        self.layers = nn.ModuleList(
            InteractionLayer(before, after, config) for before, after in pairwise(widths)
        )
        self.head = nn.Parameter(torch.randn(config.channels[0]) / config.channels[0] ** 0.5)
        self.scale = nn.Parameter(torch.ones(1))
        self.shift = nn.Parameter(torch.zeros(1))
        self.species_scale = nn.Parameter(torch.zeros(rows))
        self.species_shift = nn.Parameter(torch.zeros(rows))
        self.register_buffer("species_row", _row_of_species(config.species), persistent=False)

    def forward(
        self,
        species: Int[Tensor, " atoms"],
        edge_vectors: Float[Tensor, "edges 3"],
        edge_index: Int[Tensor, "2 edges"],
    ) -> Float[Tensor, " atoms"]:
        """Return the energy of every atom in eV, in double precision.

        Args:
            species: Atomic numbers, all of them known to the network.
            edge_vectors: Vectors from center to neighbor in angstrom.
            edge_index: Centers and neighbors, sorted by center.
        """
        rows = self.species_row[species]
        layout = arrange(edge_index, len(species))
        blocks = edge_blocks(edge_vectors, layout, self.basis, self.config.lmax)
        features: tuple[Tensor, ...] = (self.embedding[rows[layout.order]].unsqueeze(1),)
        for layer in self.layers:
            features = layer(features, blocks)
        output = (features[0].squeeze(1) @ self.head)[layout.rank]
        spread = self.scale + self.species_scale[rows]
        origin = self.shift.double() + self.species_shift.double()[rows]
        return (spread * output).double() + origin

    def count_parameters(self) -> int:
        """Number of trained numbers."""
        return sum(each.numel() for each in self.parameters())


def _row_of_species(species: tuple[int, ...]) -> Tensor:
    """Table from atomic number to embedding row; the last row stands for anything unknown."""
    table = torch.full((128,), len(species))
    table[list(species)] = torch.arange(len(species))
    return table
