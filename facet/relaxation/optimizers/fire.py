"""FIRE, the fast inertial relaxation engine, for many crystals at once.

Bitzek et al., Phys. Rev. Lett. 97, 170201 (2006), with the parameters, the order of operations and
the limit on the step length of ASE's ``FIRE``: each crystal walks as it would there alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from facet.relaxation.cell import SMALLEST, Push
from facet.relaxation.rows import sum_per_crystal

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
    from torch import Tensor

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


def at_rest(num_atoms: int, device: torch.device) -> FireState:
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


def fire_step(
    state: FireState, push: Push, structure_index: Int[Tensor, " atoms"], max_step: float
) -> tuple[FireState, Push]:
    """Take one step with every crystal.

    Args:
        state: Memory of the last step.
        push: Forces on the coordinates.
        structure_index: Crystal of each atom.
        max_step: Longest step in angstrom.

    Returns:
        The new memory, and the step.
    """
    old = Push(state.velocity, state.cell_velocity)
    is_downhill = state.is_moving & (_dot(push, old, structure_index) > 0)
    is_uphill = state.is_moving & ~is_downhill
    is_growing = is_downhill & (state.num_downhill > NUM_DOWNHILL_MIN)
    velocity = _turned(old, push, state.mixing, is_downhill, structure_index)
    time_step = torch.where(
        is_growing, (state.time_step * TIME_GROWTH).clamp_max(MAX_TIME_STEP), state.time_step
    )
    time_step = torch.where(is_uphill, time_step * TIME_CUT, time_step)
    mixing = torch.where(is_growing, state.mixing * MIXING_DECAY, state.mixing)
    velocity = _add(velocity, push, time_step, structure_index)
    step = _limited(_scale(velocity, time_step, structure_index), max_step, structure_index)
    memory = FireState(
        velocity=velocity.atoms,
        cell_velocity=velocity.cells,
        time_step=time_step,
        mixing=mixing.masked_fill(is_uphill, FIRST_MIXING),
        num_downhill=(state.num_downhill + 1) * is_downhill,
        is_moving=torch.ones_like(state.is_moving),
    )
    return memory, step


def _turned(
    velocity: Push,
    push: Push,
    mixing: Float[Tensor, " structures"],
    is_downhill: Bool[Tensor, " structures"],
    structure_index: Int[Tensor, " atoms"],
) -> Push:
    """Turn velocities toward the forces; those that do not lead downhill vanish."""
    speed = _dot(velocity, velocity, structure_index).sqrt()
    strength = _dot(push, push, structure_index).sqrt().clamp_min(SMALLEST)
    kept = _scale(velocity, (1 - mixing) * is_downhill, structure_index)
    return _add(kept, push, is_downhill * mixing / strength * speed, structure_index)


def _limited(step: Push, max_step: float, structure_index: Int[Tensor, " atoms"]) -> Push:
    """Shorten the steps that are longer than allowed."""
    length = _dot(step, step, structure_index).sqrt().clamp_min(SMALLEST)
    return _scale(step, (max_step / length).clamp_max(1), structure_index)


def _dot(a: Push, b: Push, structure_index: Int[Tensor, " atoms"]) -> Float[Tensor, " structures"]:
    atoms = torch.linalg.vecdot(a.atoms, b.atoms)
    cells = (a.cells * b.cells).sum(dim=(1, 2))
    return sum_per_crystal(atoms, structure_index, len(cells)) + cells


def _scale(
    a: Push, factor: Float[Tensor, " structures"], structure_index: Int[Tensor, " atoms"]
) -> Push:
    of_atoms = factor.index_select(0, structure_index)
    return Push(a.atoms * of_atoms[:, None], a.cells * factor[:, None, None])


def _add(
    a: Push, b: Push, factor: Float[Tensor, " structures"], structure_index: Int[Tensor, " atoms"]
) -> Push:
    """Return ``a + factor b``."""
    scaled = _scale(b, factor, structure_index)
    return Push(a.atoms + scaled.atoms, a.cells + scaled.cells)
