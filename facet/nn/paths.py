"""Which tensor-product paths exist, and their Clebsch-Gordan coefficients."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch
from e3nn import o3

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor


class Path(NamedTuple):
    """One coupling of a feature with a spherical harmonic.

    Attributes:
        feature: Degree of the neighbor's feature.
        harmonic: Degree of the spherical harmonic of the edge.
        out: Degree of the message.
    """

    feature: int
    harmonic: int
    out: int


def list_paths(
    feature_lmax: int, harmonic_lmax: int, out_lmax: int, *, natural_parity: bool
) -> tuple[Path, ...]:
    """List every path allowed by the triangle rule, in order of feature, harmonic, out.

    Args:
        feature_lmax: Highest degree of the features.
        harmonic_lmax: Highest degree of the spherical harmonics.
        out_lmax: Highest degree of the messages.
        natural_parity: Keep only paths whose degrees add up to an even number. Features of degree
            l then have parity (-1)^l and the network is equivariant under O(3), not only SO(3).
    """
    return tuple(
        Path(a, b, c)
        for a in range(feature_lmax + 1)
        for b in range(harmonic_lmax + 1)
        for c in range(abs(a - b), min(a + b, out_lmax) + 1)
        if not (natural_parity and (a + b + c) % 2)
    )


def coupling(path: Path) -> Float[Tensor, "harmonic feature out"]:
    """Clebsch-Gordan coefficients of a path, times sqrt(2 l + 1) of the message.

    With this factor a product of independent unit-variance features has unit variance in every
    component of the message.
    """
    symbol: Tensor = o3.wigner_3j(*path, dtype=torch.float64)
    return symbol.transpose(0, 1) * math.sqrt(2 * path.out + 1)
