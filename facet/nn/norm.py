"""Normalization that treats all degrees together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from facet.nn.features import Features

EPSILON = 1e-6


def joint_rms(features: Features) -> Tensor:
    """Root mean square over all degrees, each degree counted equally, shape (atoms, 1, 1).

    One norm for all degrees stays bounded at symmetric sites, where every degree above zero
    vanishes: normalizing those alone would amplify rounding noise.
    """
    squares = [x.square().mean(dim=(1, 2)) for x in features]
    return (torch.stack(squares).mean(dim=0) + EPSILON).sqrt()[:, None, None]


def rescaled(features: Features, amplitude: float) -> Features:
    """Scale each atom's features to a root mean square."""
    factor = amplitude / joint_rms(features)
    return tuple(x * factor for x in features)


class JointNorm(nn.Module):
    """Center the scalars, divide by the joint rms, and multiply by a learned scale.

    The scale starts at zero, so that a residual block starts as the identity.

    Args:
        channels: Channels of each degree.
    """

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        self.scales = nn.ParameterList(nn.Parameter(torch.zeros(n)) for n in channels)

    def forward(self, features: Features) -> Features:
        """Return normalized features of the same shapes."""
        scalars, *others = features
        centered = (scalars - scalars.mean(dim=-1, keepdim=True), *others)
        inverse = joint_rms(centered).reciprocal()
        return tuple(x * inverse * s for x, s in zip(centered, self.scales, strict=True))
