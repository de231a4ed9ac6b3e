"""From the scalars of an atom to its energy."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

    from facet.config import ModelConfig


class Readout(nn.Module):
    """Linear maps to one number x, and the energy ``(scale + scale_z) x + shift + shift_z``.

    Each element has its own spread and origin of energies; both are sums over atoms, so that
    energies are size-consistent.

    Args:
        config: Shape of the network.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        rows = len(config.species) + 1
        widths = [config.channels[0], *config.head]
        self.hidden = nn.ParameterList(
            nn.Parameter(torch.randn(n_in, n_out) / n_in**0.5) for n_in, n_out in pairwise(widths)
        )
        self.head = nn.Parameter(torch.randn(widths[-1]) / widths[-1] ** 0.5)
        self.has_global = config.has_global_rescale
        if self.has_global:
            self.scale = nn.Parameter(torch.ones(1))
            self.shift = nn.Parameter(torch.zeros(1))
        # Without a common scale, each element starts with a scale of one.
        start = torch.zeros if self.has_global else torch.ones
        self.species_scale = nn.Parameter(start(rows))
        self.species_shift = nn.Parameter(torch.zeros(rows))

    def forward(
        self, scalars: Float[Tensor, "atoms channels"], species_rows: Int[Tensor, " atoms"]
    ) -> Float[Tensor, " atoms"]:
        """Return the energy of every atom in eV, in double precision."""
        for weight in self.hidden:
            scalars = scalars @ weight
        spread = self.species_scale[species_rows]
        origin = self.species_shift.double()[species_rows]
        if self.has_global:
            spread, origin = self.scale + spread, self.shift.double() + origin
        return (spread * (scalars @ self.head)).double() + origin

    def rescale(self, spread: float, origins: Tensor) -> None:
        """Set the spread of all elements and the origin of each, in eV.

        Args:
            spread: Of atomic energies.
            origins: Energy of each element, in the order of the config's species.
        """
        with torch.no_grad():
            (self.scale if self.has_global else self.species_scale).fill_(spread)
            self.species_shift[: len(origins)] = origins
