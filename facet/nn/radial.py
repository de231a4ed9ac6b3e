"""Radial basis functions that vanish smoothly at the cutoff."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

ENVELOPE_POWER = 6


class BesselBasis(nn.Module):
    """Bessel functions times a polynomial envelope (Gasteiger et al. 2020, equations 7 and 8).

    The functions are ``sin(b pi x) / x`` of the scaled length x = r / cutoff: of order one at bond
    lengths, whatever the cutoff, so that messages of a fresh network are as large as embeddings.
    The envelope reaches zero at the cutoff together with its first two derivatives, so energies,
    forces and force constants stay continuous as neighbors enter and leave.

    Args:
        num_basis: Number of functions.
        cutoff: Length in angstrom at and beyond which every function is zero.
        is_trainable: Let frequencies and cutoff be fitted, as the published model does.
    """

    frequencies: Tensor
    cutoff: Tensor

    def __init__(self, num_basis: int, cutoff: float, *, is_trainable: bool = False) -> None:
        super().__init__()
        frequencies = math.pi * torch.arange(1, num_basis + 1, dtype=torch.get_default_dtype())
        radius = torch.tensor([cutoff], dtype=torch.get_default_dtype())
        if is_trainable:
            self.frequencies = nn.Parameter(frequencies)
            self.cutoff = nn.Parameter(radius)
        else:
            self.register_buffer("frequencies", frequencies, persistent=False)
            self.register_buffer("cutoff", radius, persistent=False)

    def forward(self, length: Float[Tensor, "*edges"]) -> Float[Tensor, "*edges basis"]:
        """Evaluate every function at every length (angstrom)."""
        scaled = (length / self.cutoff).unsqueeze(-1)
        envelope = polynomial_envelope(scaled)
        return torch.sin(self.frequencies * scaled) / scaled * envelope


def polynomial_envelope(scaled: Tensor, power: int = ENVELOPE_POWER) -> Tensor:
    """Fall from one at zero to zero at one, with two vanishing derivatives there.

    Args:
        scaled: Lengths over the cutoff, any shape; one and more give exactly zero.
        power: Degree of the first term.
    """
    x = scaled.clamp(max=1.0)
    first = (power + 1) * (power + 2) / 2
    second = power * (power + 2)
    third = power * (power + 1) / 2
    return 1 - x**power * (first - x * (second - x * third))
