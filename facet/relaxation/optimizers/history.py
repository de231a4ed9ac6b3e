"""What L-BFGS remembers: its best point, the last steps, and how the slope changed along them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from facet.relaxation.cell import SMALLEST, Push
from facet.relaxation.optimizers.vectors import add, dot, scale

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
    from torch import Tensor

HISTORY = 24
"""Steps that are remembered."""

DAMPING = 0.2
"""Least curvature along a step as a share of that expected (Nocedal and Wright, eq. 18.15)."""

CLEAR = 2e-3
"""Change of the enthalpy in eV/atom that tells the curvature at the end of a step."""

MAX_CORRECTION = 0.5
"""Share of the curvature by which enthalpies may correct it."""


@dataclass(frozen=True)
class LbfgsState:
    """What L-BFGS remembers of each crystal; steps of N U and x, oldest first.

    Attributes:
        steps: Of the atoms, from the best point then, shape (atoms, history, 3).
        changes: Of their slopes along these steps, shape (atoms, history, 3).
        cell_steps: Of the cells, shape (structures, history, 3, 3).
        cell_changes: Of their slopes, shape (structures, history, 3, 3).
        best_place: x where the last step began, shape (atoms, 3).
        best_cell: N U there, shape (structures, 3, 3).
        best_slope: Slope along x there in eV/angstrom, shape (atoms, 3).
        best_cell_slope: Slope along N U there, shape (structures, 3, 3).
        best_enthalpy: Enthalpy there in eV, shape (structures,).
        is_moving: Whether a first step has been taken, shape (structures,).
        reach: Trust radius in multiples of the longest step, shape (structures,).
        length: Of the last step in the same measure, shape (structures,).
        share: Of the whole way that the last step went, shape (structures,).
        predicted_drop: Of the enthalpy along the last step in eV, shape (structures,).
        expected_drop: Of the enthalpy from the best point to the minimum in eV, shape
            (structures,).
    """

    steps: Float[Tensor, "atoms history 3"]
    changes: Float[Tensor, "atoms history 3"]
    cell_steps: Float[Tensor, "structures history 3 3"]
    cell_changes: Float[Tensor, "structures history 3 3"]
    best_place: Float[Tensor, "atoms 3"]
    best_cell: Float[Tensor, "structures 3 3"]
    best_slope: Float[Tensor, "atoms 3"]
    best_cell_slope: Float[Tensor, "structures 3 3"]
    best_enthalpy: Float[Tensor, " structures"]
    is_moving: Bool[Tensor, " structures"]
    reach: Float[Tensor, " structures"]
    length: Float[Tensor, " structures"]
    share: Float[Tensor, " structures"]
    predicted_drop: Float[Tensor, " structures"]
    expected_drop: Float[Tensor, " structures"]


@dataclass(frozen=True)
class Look:
    """Where the crystals are, as L-BFGS sees it.

    Attributes:
        place: x and N U.
        slope: Along them, in eV/angstrom.
        enthalpy: In eV.
        num_atoms: Of each crystal.
        structure_index: Crystal of each atom.
    """

    place: Push
    slope: Push
    enthalpy: Float[Tensor, " structures"]
    num_atoms: Int[Tensor, " structures"]
    structure_index: Int[Tensor, " atoms"]

    @property
    def one(self) -> Float[Tensor, " structures"]:
        """A factor of one for each crystal."""
        return torch.ones_like(self.enthalpy)


@dataclass(frozen=True)
class Pair:
    """A step, and the change of the slope along it; worth remembering or not."""

    step: Push
    change: Push
    is_useful: Bool[Tensor, " structures"]


def last_pair(memory: LbfgsState, look: Look) -> Pair:
    """What the last step says of the curvature at its end."""
    index, one = look.structure_index, look.one
    best = Push(memory.best_slope, memory.best_cell_slope)
    step = add(look.place, Push(memory.best_place, memory.best_cell), -one, index)
    change = add(look.slope, best, -one, index)
    change = add(change, step, _correction(memory, look, step, change), index)
    curvature = dot(step, change, index)
    # The second derivatives of the model along a share of its own way: share x slope.
    expected = -memory.share * dot(step, best, index)
    missing = (expected - curvature).clamp_min(SMALLEST)
    is_low = curvature < DAMPING * expected
    kept = torch.where(is_low, (1 - DAMPING) * expected / missing, one)
    change = add(scale(change, kept, index), best, -memory.share * (1 - kept), index)
    is_useful = memory.is_moving & (dot(step, change, index) > SMALLEST)
    return Pair(step, change, is_useful)


def put_pair(memory: LbfgsState, pair: Pair, look: Look) -> LbfgsState:
    """Remember the pairs that are useful, and forget as many of the oldest."""
    of_atoms = pair.is_useful[look.structure_index]
    return replace(
        memory,
        steps=_pushed(memory.steps, pair.step.atoms, of_atoms),
        changes=_pushed(memory.changes, pair.change.atoms, of_atoms),
        cell_steps=_pushed(memory.cell_steps, pair.step.cells, pair.is_useful),
        cell_changes=_pushed(memory.cell_changes, pair.change.cells, pair.is_useful),
    )


def _correction(
    memory: LbfgsState, look: Look, step: Push, change: Push
) -> Float[Tensor, " structures"]:
    """What to add to the curvature along a step for its value at the end, not in the mean.

    The cubic through the enthalpies and slopes at both ends gives it (Zhang, Deng and Chen,
    J. Optim. Theory Appl. 102, 147 (1999)).
    """
    index = look.structure_index
    best = Push(memory.best_slope, memory.best_cell_slope)
    mean_slope = 0.5 * (dot(step, best, index) + dot(step, look.slope, index))
    gained = memory.best_enthalpy - look.enthalpy
    curvature = dot(step, change, index)
    limit = MAX_CORRECTION * curvature.clamp_min(0)
    extra = (6 * (gained + mean_slope)).clamp(-limit, limit)
    is_clear = memory.is_moving & (gained.abs() > CLEAR * look.num_atoms)
    squared = dot(step, step, index).clamp_min(SMALLEST)
    return torch.where(is_clear, extra / squared, 0.0)


def _pushed(
    past: Float[Tensor, "rows history *axes"],
    new: Float[Tensor, " rows *axes"],
    is_useful: Bool[Tensor, " rows"],
) -> Float[Tensor, "rows history *axes"]:
    """Put the newest last where it is useful."""
    mask = is_useful.view(-1, *[1] * (past.dim() - 1))
    return torch.where(mask, torch.cat([past[:, 1:], new[:, None]], dim=1), past)
