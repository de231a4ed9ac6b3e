"""Channel mixing: pointwise on a spherical grid, or dense for scalars."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch
from e3nn import o3
from scipy.integrate import lebedev_rule
from torch import nn

from facet import parts
from facet.errors import ConfigError
from facet.nn.features import DegreeLinear, Features
from facet.nn.norm import rescaled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

LEBEDEV_DEGREES = {14: 5, 26: 7, 38: 9, 50: 11, 86: 15, 110: 17, 146: 19, 170: 21, 302: 29, 590: 41}
"""Number of points of a Lebedev grid -> degree up to which it integrates exactly."""


def lebedev_matrices(num_points: int, lmax: int) -> tuple[Tensor, Tensor]:
    """Matrices from coefficients to values on a Lebedev grid, and back by quadrature.

    With component-normalized harmonics Y the two are ``Y`` and ``diag(w) Y`` with weights that sum
    to one, so that one after the other is the identity and the unit scalar is the constant one.

    Args:
        num_points: Points of the grid, one of ``LEBEDEV_DEGREES``.
        lmax: Highest degree.

    Returns:
        Two float64 tensors of shape (points, (lmax + 1)^2).

    Raises:
        ConfigError: No Lebedev grid has that many points.
    """
    if num_points not in LEBEDEV_DEGREES:
        raise ConfigError(f"No Lebedev grid has {num_points} points; use {[*LEBEDEV_DEGREES]}.")
    points, weights = lebedev_rule(LEBEDEV_DEGREES[num_points])
    harmonics = o3.spherical_harmonics(
        list(range(lmax + 1)),
        torch.as_tensor(points.T.copy()),
        normalize=True,
        normalization="component",
    )
    share = torch.as_tensor(weights / weights.sum())
    return harmonics, share[:, None] * harmonics


def check_grid(config: parts.SphereMixing, lmax: int) -> None:
    """Refuse a grid that is too small for what happens on it.

    Two parabolas make functions of degree 4 lmax of functions of degree lmax; projecting them back
    integrates degree 5 lmax. With such a grid the mixing is equivariant to rounding.

    Raises:
        ConfigError: Parabolas on a grid that does not integrate them exactly.
    """
    needed = 5 * lmax
    is_parabola = isinstance(config.activation, parts.ParabolaActivation)
    if is_parabola and LEBEDEV_DEGREES.get(config.points, needed) < needed:
        enough = min(n for n, degree in LEBEDEV_DEGREES.items() if degree >= needed)
        raise ConfigError(
            f"A grid of {config.points} points blurs parabolas of features up to degree {lmax}; "
            f"use at least {enough} points."
        )


class SphereMixer(nn.Module):
    """Mix channels of all degrees by one small network at every point of a sphere.

    Features are functions on the sphere: they are lifted to a common number of channels, evaluated
    on a Lebedev grid, passed through the same bias-free network 16-16-16 in every head at every
    point, projected back by quadrature, joined by the scalars as they were, and mixed down.

    Args:
        config: Of the grid and what happens on it.
        channels: Channels of each degree that come in and go out.
    """

    to_grid: Tensor
    from_grid: Tensor

    def __init__(self, config: parts.SphereMixing, channels: Sequence[int]) -> None:
        super().__init__()
        self.channels_in = tuple(channels)
        self.amplitude = config.amplitude
        self.heads = config.heads
        self.act = build_activation(config.activation)
        width = config.channels // config.heads
        lifted = [config.channels] * len(channels)
        joined = [config.channels + channels[0], *lifted[1:]]
        check_grid(config, len(channels) - 1)
        self.up = DegreeLinear(channels, lifted)
        self.first = nn.Parameter(torch.randn(width, width) / width**0.5)
        self.second = nn.Parameter(torch.randn(width, width) / width**0.5)
        self.down = DegreeLinear(joined, channels)
        to_grid, from_grid = lebedev_matrices(config.points, len(channels) - 1)
        dtype = torch.get_default_dtype()
        self.register_buffer("to_grid", to_grid.to(dtype), persistent=False)
        self.register_buffer("from_grid", from_grid.T.contiguous().to(dtype), persistent=False)

    def forward(self, features: Features) -> Features:
        """Return mixed features of the same shapes."""
        lifted = self.up(rescaled(features, self.amplitude) if self.amplitude else features)
        sizes = [x.shape[1] for x in lifted]
        values = self.to_grid @ torch.cat(lifted, dim=1)
        values = values.unflatten(-1, (self.heads, -1))
        for weight in (self.first, self.second):
            values = self.act(values, weight)
        mixed = (self.from_grid @ values.flatten(-2)).split(sizes, dim=1)
        joined: Features = (torch.cat((mixed[0], features[0]), dim=-1), *mixed[1:])
        result: Features = self.down(joined)
        return result


def silu_layer(values: Tensor, weight: Tensor) -> Tensor:
    """Mix channels, then SiLU."""
    return nn.functional.silu(values @ weight)


def parabola_layer(values: Tensor, weight: Tensor, scale: float) -> Tensor:
    """Mix channels to x, then ``(x + s)^2 / (4 s)``: zero at -s, slope 1/2 at zero.

    The factor goes into the small matrix and the shift into its bias, so that the many values on
    the grid are passed over only twice.
    """
    shift = weight.new_full((len(weight),), scale**0.5 / 2)
    return nn.functional.linear(values, weight.T / (2 * scale**0.5), shift).square()


def build_activation(
    config: parts.SiluActivation | parts.ParabolaActivation,
) -> Callable[[Tensor, Tensor], Tensor]:
    """Make one layer of the network at every point of the grid."""
    if isinstance(config, parts.ParabolaActivation):
        return partial(parabola_layer, scale=config.scale)
    return silu_layer


class ScalarMixer(nn.Module):
    """Dense layers with SiLU after each, without bias, for the scalars of the last layer.

    Args:
        channels: Number of scalars.
        depth: Number of dense layers.
    """

    def __init__(self, channels: int, depth: int = 3) -> None:
        super().__init__()
        self.channels_in = (channels,)
        self.weights = nn.ParameterList(
            nn.Parameter(torch.randn(channels, channels) / channels**0.5) for _ in range(depth)
        )

    def forward(self, features: Features) -> Features:
        """Return mixed scalars."""
        (values,) = features
        for weight in self.weights:
            values = nn.functional.silu(values @ weight)
        return (values,)
