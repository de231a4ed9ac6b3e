"""Arithmetic on the coordinates of many crystals, each with factors of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facet.relaxation.cell import SMALLEST, Push
from facet.relaxation.rows import sum_per_crystal

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor


def dot(a: Push, b: Push, structure_index: Int[Tensor, " atoms"]) -> Float[Tensor, " structures"]:
    """Scalar product over all coordinates of each crystal."""
    atoms = (a.atoms * b.atoms).sum(dim=1)
    cells = (a.cells * b.cells).sum(dim=(1, 2))
    return sum_per_crystal(atoms, structure_index, len(cells)) + cells


def scale(
    a: Push, factor: Float[Tensor, " structures"], structure_index: Int[Tensor, " atoms"]
) -> Push:
    """Return ``factor a``."""
    of_atoms = factor.index_select(0, structure_index)
    return Push(a.atoms * of_atoms[:, None], a.cells * factor[:, None, None])


def add(
    a: Push, b: Push, factor: Float[Tensor, " structures"], structure_index: Int[Tensor, " atoms"]
) -> Push:
    """Return ``a + factor b``."""
    scaled = scale(b, factor, structure_index)
    return Push(a.atoms + scaled.atoms, a.cells + scaled.cells)


def limited(step: Push, max_step: float, structure_index: Int[Tensor, " atoms"]) -> Push:
    """Shorten the steps whose norm over all coordinates is longer than allowed."""
    length = dot(step, step, structure_index).sqrt().clamp_min(SMALLEST)
    return scale(step, (max_step / length).clamp_max(1), structure_index)
