"""FIRE, the fast inertial relaxation engine, for many crystals at once.

Bitzek et al., Phys. Rev. Lett. 97, 170201 (2006), with the parameters, the order of operations and
the limit on the step length of ASE's ``FIRE``: each crystal walks as it would there alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from facet.relaxation.cell import SMALLEST, Push
from facet.relaxation.optimizers.vectors import add, dot, limited, scale

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
    from torch import Tensor

    from facet.relaxation.optimizers.optimizer import Here, StepLimits

FIRST_TIME_STEP = 0.1
MAX_TIME_STEP = 1.0
NUM_DOWNHILL_MIN = 5
TIME_GROWTH = 1.1
TIME_CUT = 0.5
FIRST_MIXING = 0.1
MIXING_DECAY = 0.99


@dataclass(frozen=True)
class FireState:
    """What FIRE remembers of each crystal.

    Attributes:
        velocity: Of x, shape (atoms, 3).
        cell_velocity: Of N U, shape (structures, 3, 3).
        time_step: In ASE's units, shape (structures,).
        mixing: Share of the velocity turned along the force (alpha), shape (structures,).
        num_downhill: Steps downhill since the last stop, shape (structures,).
        is_moving: Whether a first step has been taken, shape (structures,).
    """

    velocity: Float[Tensor, "atoms 3"]
    cell_velocity: Float[Tensor, "structures 3 3"]
    time_step: Float[Tensor, " structures"]
    mixing: Float[Tensor, " structures"]
    num_downhill: Int[Tensor, " structures"]
    is_moving: Bool[Tensor, " structures"]


class Fire:
    """FIRE as ASE runs it; ``max_step`` limits the norm of the step over all coordinates."""

    def start(self, num_atoms: int, device: torch.device) -> FireState:
        """State of one crystal before its first step."""
        zeros = torch.zeros((num_atoms + 3, 3), dtype=torch.float64, device=device)
        one = zeros.new_ones(1)
        return FireState(
            velocity=zeros[:num_atoms],
            cell_velocity=zeros[num_atoms:][None],
            time_step=FIRST_TIME_STEP * one,
            mixing=FIRST_MIXING * one,
            num_downhill=torch.zeros_like(one, dtype=torch.int64),
            is_moving=torch.zeros_like(one, dtype=torch.bool),
        )

    def step(self, memory: FireState, here: Here, limits: StepLimits) -> tuple[FireState, Push]:
        """Take one step with every crystal."""
        push, index = here.push, here.structure_index
        old = Push(memory.velocity, memory.cell_velocity)
        is_downhill = memory.is_moving & (dot(push, old, index) > 0)
        is_uphill = memory.is_moving & ~is_downhill
        is_growing = is_downhill & (memory.num_downhill > NUM_DOWNHILL_MIN)
        velocity = _turned(old, push, memory.mixing, is_downhill, index)
        time_step = torch.where(
            is_growing, (memory.time_step * TIME_GROWTH).clamp_max(MAX_TIME_STEP), memory.time_step
        )
        time_step = torch.where(is_uphill, time_step * TIME_CUT, time_step)
        mixing = torch.where(is_growing, memory.mixing * MIXING_DECAY, memory.mixing)
        velocity = add(velocity, push, time_step, index)
        step = limited(scale(velocity, time_step, index), limits.max_step, index)
        after = FireState(
            velocity=velocity.atoms,
            cell_velocity=velocity.cells,
            time_step=time_step,
            mixing=mixing.masked_fill(is_uphill, FIRST_MIXING),
            num_downhill=(memory.num_downhill + 1) * is_downhill,
            is_moving=torch.ones_like(memory.is_moving),
        )
        return after, step


def _turned(
    velocity: Push,
    push: Push,
    mixing: Float[Tensor, " structures"],
    is_downhill: Bool[Tensor, " structures"],
    structure_index: Int[Tensor, " atoms"],
) -> Push:
    """Turn velocities toward the forces; those that do not lead downhill vanish."""
    speed = dot(velocity, velocity, structure_index).sqrt()
    strength = dot(push, push, structure_index).sqrt().clamp_min(SMALLEST)
    kept = scale(velocity, (1 - mixing) * is_downhill, structure_index)
    return add(kept, push, is_downhill * mixing / strength * speed, structure_index)
