"""Channel mixing by gates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facet.nn.features import Features


class GateMixer(nn.Module):
    """SiLU on scalars, and every other channel times SiLU of a scalar made for it.

    Args:
        channels: Channels of each degree that come out.
    """

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        self.channels = tuple(channels)

    @property
    def channels_in(self) -> tuple[int, ...]:
        """Channels of each degree that must come in: one more scalar for every gated channel."""
        scalars, *others = self.channels
        return (scalars + sum(others), *others)

    def forward(self, features: Features) -> Features:
        """Return mixed features."""
        scalars, *gates = torch.split(nn.functional.silu(features[0]), [*self.channels], dim=-1)
        return (scalars, *(x * gate for x, gate in zip(features[1:], gates, strict=True)))
