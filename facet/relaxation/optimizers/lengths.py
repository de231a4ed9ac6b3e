"""How long a step is, in multiples of what one step may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from facet.relaxation.optimizers.vectors import scale
from facet.relaxation.rows import max_per_crystal

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from facet.relaxation.cell import Push
    from facet.relaxation.optimizers.optimizer import Here, StepLimits


def length_of(step: Push, here: Here, limits: StepLimits) -> Float[Tensor, " structures"]:
    """Longest way of an atom or change of the strain of each crystal over its limit."""
    ways = torch.linalg.vector_norm(step.atoms, dim=1)
    longest = max_per_crystal(ways, here.structure_index, len(here.num_atoms))
    strains = step.cells.abs().amax(dim=(1, 2)) / here.num_atoms
    return torch.maximum(longest / limits.max_step, strains / limits.max_strain)


def shortened(step: Push, here: Here, limits: StepLimits) -> Push:
    """Shorten the steps that exceed a limit, each as a whole."""
    share = 1 / length_of(step, here, limits).clamp_min(1)
    return scale(step, share, here.structure_index)
