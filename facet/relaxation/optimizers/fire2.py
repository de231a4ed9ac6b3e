"""FIRE 2.0: semi-implicit Euler, and half a step back where the way turns uphill.

Guenole et al., Computational Materials Science 175, 109584 (2020), with the parameters of ASE's
``FIRE2``. Positions and cell move together as one set of coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from facet.relaxation.cell import SMALLEST, Push
from facet.relaxation.optimizers.lengths import shortened
from facet.relaxation.optimizers.vectors import add, dot, scale

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

    from facet.relaxation.optimizers.optimizer import Here, StepLimits

FIRST_TIME_STEP = 0.1
MAX_TIME_STEP = 1.0
MIN_TIME_STEP = 0.002
NUM_DOWNHILL_MIN = 20
TIME_GROWTH = 1.1
TIME_CUT = 0.5
FIRST_MIXING = 0.25
MIXING_DECAY = 0.99


@dataclass(frozen=True)
class Fire2State:
    """What FIRE 2.0 remembers of each crystal.

    Attributes:
        velocity: Of x, shape (atoms, 3).
        cell_velocity: Of N U, shape (structures, 3, 3).
        time_step: In ASE's units, shape (structures,).
        mixing: Share of the velocity turned along the force (alpha), shape (structures,).
        num_downhill: Steps downhill since the last turn, shape (structures,).
    """

    velocity: Float[Tensor, "atoms 3"]
    cell_velocity: Float[Tensor, "structures 3 3"]
    time_step: Float[Tensor, " structures"]
    mixing: Float[Tensor, " structures"]
    num_downhill: Int[Tensor, " structures"]


class Fire2:
    """FIRE 2.0 for many crystals at once."""

    def start(self, num_atoms: int, device: torch.device) -> Fire2State:
        """State of one crystal before its first step."""
        zeros = torch.zeros((num_atoms + 3, 3), dtype=torch.float64, device=device)
        one = zeros.new_ones(1)
        return Fire2State(
            velocity=zeros[:num_atoms],
            cell_velocity=zeros[num_atoms:][None],
            time_step=FIRST_TIME_STEP * one,
            mixing=FIRST_MIXING * one,
            num_downhill=torch.zeros_like(one, dtype=torch.int64),
        )

    def step(self, memory: Fire2State, here: Here, limits: StepLimits) -> tuple[Fire2State, Push]:
        """Take one step with every crystal."""
        push, index = here.push, here.structure_index
        old = Push(memory.velocity, memory.cell_velocity)
        is_downhill = dot(push, old, index) > 0
        num_downhill = (memory.num_downhill + 1) * is_downhill
        is_growing = num_downhill > NUM_DOWNHILL_MIN
        growth = torch.where(is_growing, TIME_GROWTH, 1.0).where(is_downhill, TIME_CUT)
        time_step = (memory.time_step * growth).clamp(MIN_TIME_STEP, MAX_TIME_STEP)
        mixing = torch.where(is_growing, memory.mixing * MIXING_DECAY, memory.mixing)
        mixing = mixing.where(is_downhill, FIRST_MIXING)
        back = scale(old, -0.5 * time_step * ~is_downhill, index)
        velocity = add(scale(old, is_downhill.to(time_step), index), push, time_step, index)
        velocity = _turned(velocity, push, mixing, index)
        step = shortened(add(back, velocity, time_step, index), here, limits)
        after = Fire2State(velocity.atoms, velocity.cells, time_step, mixing, num_downhill)
        return after, step


def _turned(
    velocity: Push,
    push: Push,
    mixing: Float[Tensor, " structures"],
    structure_index: Int[Tensor, " atoms"],
) -> Push:
    """Turn velocities toward the forces."""
    speed = dot(velocity, velocity, structure_index).sqrt()
    strength = dot(push, push, structure_index).sqrt().clamp_min(SMALLEST)
    kept = scale(velocity, 1 - mixing, structure_index)
    return add(kept, push, mixing * speed / strength, structure_index)
