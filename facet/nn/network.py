"""The Facet network: from species and edge vectors to an energy per atom."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from facet.nn.convolution import prepare_blocks
from facet.nn.interaction import build_layer
from facet.nn.neighborhoods import arrange, edge_blocks
from facet.nn.radial import build_basis
from facet.nn.readout import Readout

if TYPE_CHECKING:
    from jaxtyping import Float, Int

    from facet.config import ModelConfig


class FacetNetwork(nn.Module):
    """Embedding, message-passing layers, and a readout that is a sum over atoms.

    Args:
        config: Shape of the network.
    """

    species_row: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        rows = len(config.species) + 1
        scalars = (config.channels[0],)
        widths = [scalars, *[config.channels] * (config.num_layers - 1), scalars]
        self.embedding = nn.Parameter(torch.randn(rows, config.channels[0]))
        self.basis = build_basis(config)
        self.layers = nn.ModuleList(
            build_layer(number, before, after, config)
            for number, (before, after) in enumerate(pairwise(widths))
        )
        self.readout = Readout(config)
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
        layout = arrange(edge_index, len(species))
        edges = edge_blocks(edge_vectors, layout, self.basis, self.config.lmax)
        blocks = prepare_blocks(edges, self.config)
        rows = self.species_row[species[layout.order]]
        features: tuple[Tensor, ...] = (self.embedding[rows].unsqueeze(1),)
        for layer in self.layers:
            features = layer(features, rows, blocks)
        energies: Tensor = self.readout(features[0].squeeze(1), rows)
        return energies[layout.rank]

    def count_parameters(self) -> int:
        """Number of trained numbers."""
        return sum(each.numel() for each in self.parameters())


def _row_of_species(species: tuple[int, ...]) -> Tensor:
    """Table from atomic number to embedding row; the last row stands for anything unknown."""
    table = torch.full((128,), len(species))
    table[list(species)] = torch.arange(len(species))
    return table
