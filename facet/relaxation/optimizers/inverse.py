"""The inverse of the second derivatives: a first guess, improved by steps that were taken.

The compact form of BFGS (Byrd, Nocedal and Schnabel, Math. Program. 63, 129 (1994), theorem 2.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from jaxtyping import Bool, Float
    from torch import Tensor

SOFTEST, STIFFEST = 0.1, 10.0
"""Limits of the factor on the first guess."""


def improved(
    steps: Float[Tensor, "rows history length"],
    changes: Float[Tensor, "rows history length"],
    slope: Float[Tensor, "rows 1 length"],
    guess: Float[Tensor, "rows vectors length"],
) -> Float[Tensor, "rows length"]:
    """Multiply the slope by the inverse second derivatives.

    Args:
        steps: Steps, oldest first; zero where there was none.
        changes: Changes of the slope along them.
        slope: What is multiplied.
        guess: Changes and slope, multiplied by the first guess of the inverse.
    """
    products = steps @ changes.mT
    own = products.diagonal(dim1=1, dim2=2)
    is_empty = own <= 0
    before = torch.triu(products) + torch.diag_embed(is_empty.to(own.dtype))
    guessed = changes @ guess[:, :-1].mT
    guess = guess / _hardness(own, guessed, is_empty)
    guessed = changes @ guess[:, :-1].mT
    along = torch.linalg.solve_triangular(before, steps @ slope.mT, upper=True)
    inner = (torch.diag_embed(own * ~is_empty) + guessed) @ along - changes @ guess[:, -1:].mT
    inner = torch.linalg.solve_triangular(before.mT, inner, upper=False)
    improved: Tensor = guess[:, -1:].mT + steps.mT @ inner - guess[:, :-1].mT @ along
    return improved.squeeze(2)


def _hardness(
    own: Float[Tensor, "rows history"],
    guessed: Float[Tensor, "rows history history"],
    is_empty: Bool[Tensor, "rows history"],
) -> Float[Tensor, "rows 1 1"]:
    """Factor by which a crystal is stiffer than guessed, in the geometric mean over its steps."""
    ratios = guessed.diagonal(dim1=1, dim2=2).where(~is_empty, 1) / own.where(~is_empty, 1)
    count = (~is_empty).sum(dim=1).clamp_min(1)
    mean = (ratios.log().sum(dim=1) / count).exp()
    return mean.clamp(SOFTEST, STIFFEST)[:, None, None]
