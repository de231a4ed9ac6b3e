"""Equivariant features: one tensor per degree, channels last.

A feature of degree l is a tensor of shape ``(atoms, 2 l + 1, channels)`` in the basis of e3nn's
real spherical harmonics. Channels come last, so that mixing them is one plain matrix product.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Features = tuple[Tensor, ...]


class DegreeLinear(nn.Module):
    """Mix the channels of every degree with a matrix of its own, without bias.

    Args:
        channels_in: Channels of each degree that comes in; missing degrees count as zero.
        channels_out: Channels of each degree that goes out.
    """

    def __init__(self, channels_in: Sequence[int], channels_out: Sequence[int]) -> None:
        super().__init__()
        self.weights = nn.ParameterList(
            nn.Parameter(torch.randn(n_in, n_out) / n_in**0.5)
            for n_in, n_out in zip(channels_in, channels_out, strict=False)
        )

    def forward(self, features: Features) -> Features:
        """Return mixed features, one tensor per degree that both sides have."""
        return mix_channels(features, self.weights)


def mix_channels(features: Features, weights: Iterable[Tensor]) -> Features:
    """Multiply every degree with its matrix, as far as both reach."""
    return tuple(x @ weight for x, weight in zip(features, weights, strict=False))


def add_padded(base: Features, update: Features) -> Features:
    """Add an old state to its update: shared channels are summed, missing ones count as zero.

    Args:
        base: The state before; channels and degrees beyond those of the update are dropped.
        update: The change; it decides the shape of the result.
    """
    total = []
    for degree, new in enumerate(update):
        if degree >= len(base):
            total.append(new)
            continue
        old = base[degree][..., : new.shape[-1]]
        total.append(new + nn.functional.pad(old, (0, new.shape[-1] - old.shape[-1])))
    return tuple(total)
