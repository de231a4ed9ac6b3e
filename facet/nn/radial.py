"""Radial basis functions that vanish smoothly at the cutoff."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from facet import parts

if TYPE_CHECKING:
    from collections.abc import Callable

    from jaxtyping import Float

    from facet.config import ModelConfig

SPLINES_PER_LENGTH = 4
"""Cubic B-splines that differ from zero between two knots."""


class BesselBasis(nn.Module):
    """Bessel functions times an envelope (Gasteiger et al. 2020, equations 7 and 8).

    The functions are ``sin(b pi x) / x`` of the scaled length x = r / cutoff: of order one at bond
    lengths, whatever the cutoff, so that messages of a fresh network are as large as embeddings.
    The envelope reaches zero at the cutoff together with its first two derivatives, so energies,
    forces and force constants stay continuous as neighbors enter and leave.

    Args:
        config: Number of functions, envelope, and what is trained.
        cutoff: Length in angstrom at and beyond which every function is zero.
    """

    frequencies: Tensor
    cutoff: Tensor

    def __init__(self, config: parts.BesselBasis, cutoff: float) -> None:
        super().__init__()
        dtype = torch.get_default_dtype()
        frequencies = math.pi * torch.arange(1, config.num_basis + 1, dtype=dtype)
        _keep(self, "frequencies", frequencies, is_trained=config.has_trainable_frequencies)
        radius = torch.tensor([cutoff], dtype=dtype)
        _keep(self, "cutoff", radius, is_trained=config.has_trainable_cutoff)
        self.envelope = _envelope(config.envelope, cutoff)

    def forward(self, length: Float[Tensor, "*edges"]) -> Float[Tensor, "*edges basis"]:
        """Evaluate every function at every length (angstrom)."""
        scaled = (length / self.cutoff).unsqueeze(-1)
        return torch.sin(self.frequencies * scaled) / scaled * self.envelope(scaled)


class SplineBasis(nn.Module):
    """Cubic B-splines on equally spaced knots.

    The functions sit one knot spacing apart and the last one ends exactly at the cutoff, so every
    combination goes to zero there together with its first two derivatives.

    Args:
        config: Number of functions; the knot spacing is ``cutoff / num_basis``.
        cutoff: Length in angstrom at and beyond which every function is zero.
    """

    centers: Tensor
    cutoff: Tensor

    def __init__(self, config: parts.SplineBasis, cutoff: float) -> None:
        super().__init__()
        dtype = torch.get_default_dtype()
        places = config.num_basis - 2 - torch.arange(config.num_basis, dtype=dtype)
        self.register_buffer("centers", places, persistent=False)
        self.register_buffer("cutoff", torch.tensor([cutoff], dtype=dtype), persistent=False)

    def forward(self, length: Float[Tensor, "*edges"]) -> Float[Tensor, "*edges basis"]:
        """Evaluate every function at every length (angstrom)."""
        knots = len(self.centers) * length / self.cutoff
        return cubic_b_spline(knots.unsqueeze(-1) - self.centers)


class CombinedSplineBasis(nn.Module):
    """Functions of any shape, each a trained combination of cubic B-splines on equal knots.

    The splines end at the cutoff as those of ``SplineBasis``, and so do the functions. At any
    length only four of the splines differ from zero, so the cost does not grow with their number.

    A fresh basis is about that of Bessel functions.

    Args:
        config: Number of functions and of splines; the knot spacing is ``cutoff / num_knots``.
        cutoff: Length in angstrom at and beyond which every function is zero.
    """

    cutoff: Tensor

    def __init__(self, config: parts.CombinedSplineBasis, cutoff: float) -> None:
        super().__init__()
        dtype = torch.get_default_dtype()
        self.num_knots = config.num_knots
        self.combination = nn.Parameter(_bessel_at_knots(config, dtype))
        self.register_buffer("cutoff", torch.tensor([cutoff], dtype=dtype), persistent=False)

    def forward(self, length: Float[Tensor, "*edges"]) -> Float[Tensor, "*edges basis"]:
        """Evaluate every function at every length (angstrom)."""
        knots = (length * (self.num_knots / self.cutoff)).clamp(max=self.num_knots)
        # A length that is no number must not be taken for an index; it still spoils its result.
        place = knots.detach().nan_to_num(self.num_knots).floor()
        beyond = self.combination.new_zeros(SPLINES_PER_LENGTH, self.combination.shape[1])
        # Row i holds what the four splines that reach into interval i contribute.
        windows = torch.cat((self.combination, beyond)).unfold(0, SPLINES_PER_LENGTH, 1)
        near = windows.flatten(1)[place.long()].unflatten(-1, (-1, SPLINES_PER_LENGTH))
        shifts = torch.arange(-1, SPLINES_PER_LENGTH - 1, dtype=length.dtype, device=length.device)
        values = cubic_b_spline((knots - place).unsqueeze(-1) - shifts)
        functions: Tensor = (near * values.unsqueeze(-2)).sum(dim=-1)
        return functions


RadialBasis = BesselBasis | SplineBasis | CombinedSplineBasis


def cubic_b_spline(x: Tensor) -> Tensor:
    """Cardinal cubic B-spline centered at zero, supported on [-2, 2], with value 1 there."""
    distance = x.abs()
    near = 1 - 1.5 * distance.square() + 0.75 * distance**3
    far = 0.25 * (2 - distance).clamp(min=0) ** 3
    return torch.where(distance < 1, near, far)


def polynomial_envelope(scaled: Tensor, power: int = 6) -> Tensor:
    """Fall from one at zero to zero at one, with two vanishing derivatives there.

    Args:
        scaled: Lengths over the cutoff, any shape; one and more give exactly zero.
        power: Degree of the first term.
    """
    x = scaled.clamp(max=1.0)
    first = (power + 1) * (power + 2) / 2
    second = power * (power + 2)
    third = power * (power + 1) / 2
    return 1 - whole_power(x, power) * (first - x * (second - x * third))


def whole_power(x: Tensor, power: int) -> Tensor:
    """``x**power`` by squaring: a few products where ``pow`` takes a logarithm an element."""
    if power <= 1:
        return x if power else torch.ones_like(x)
    square: Tensor = whole_power(x, power // 2).square()
    return square * x if power % 2 else square


def switch_envelope(scaled: Tensor, onset: float) -> Tensor:
    """The XPLOR switch: one up to the onset, zero from one on.

    Its curvature jumps at both ends; it is here for networks that were trained with it.

    Args:
        scaled: Lengths over the cutoff, any shape.
        onset: Onset over the cutoff.
    """
    square = scaled.clamp(onset, 1.0).square()
    width = 1 - onset**2
    return (1 - square).square() * (1 + 2 * square - 3 * onset**2) / width**3


def build_basis(config: ModelConfig) -> RadialBasis:
    """Make the radial basis of a network."""
    if isinstance(config.basis, parts.CombinedSplineBasis):
        return CombinedSplineBasis(config.basis, config.cutoff)
    if isinstance(config.basis, parts.SplineBasis):
        return SplineBasis(config.basis, config.cutoff)
    return BesselBasis(config.basis, config.cutoff)


def _envelope(
    config: parts.PolynomialEnvelope | parts.SwitchEnvelope, cutoff: float
) -> Callable[[Tensor], Tensor]:
    if isinstance(config, parts.SwitchEnvelope):
        onset = config.onset / cutoff
        return lambda scaled: switch_envelope(scaled, onset)
    power = config.power
    return lambda scaled: polynomial_envelope(scaled, power)


def _bessel_at_knots(config: parts.CombinedSplineBasis, dtype: torch.dtype) -> Tensor:
    """Splines that add up to about the Bessel functions of ``BesselBasis``: (splines, basis)."""
    scaled = torch.arange(-1, config.num_knots - 1, dtype=dtype) / config.num_knots
    frequencies = math.pi * torch.arange(1, config.num_basis + 1, dtype=dtype)
    functions = frequencies * torch.sinc(frequencies * scaled.unsqueeze(-1) / math.pi)
    # The splines at any length add up to 3/2.
    return functions * polynomial_envelope(scaled.abs()).unsqueeze(-1) / 1.5


def _keep(module: nn.Module, name: str, value: Tensor, *, is_trained: bool) -> None:
    """Hold a tensor as a parameter, or as a buffer that checkpoints need not carry."""
    if is_trained:
        module.register_parameter(name, nn.Parameter(value))
    else:
        module.register_buffer(name, value, persistent=False)
