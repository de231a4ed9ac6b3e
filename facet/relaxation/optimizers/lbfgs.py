"""L-BFGS with a trust radius, for many crystals at once.

The inverse of the second derivatives is a first guess, improved by the last steps and the changes
of the slope along them. Every step starts from the best point so far: after one that went uphill
the next one goes back there, and on from there in another direction, within one evaluation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from facet.relaxation.cell import Push
from facet.relaxation.constraints import constrained
from facet.relaxation.optimizers.history import (
    HISTORY,
    LbfgsState,
    Look,
    last_pair,
    put_pair,
)
from facet.relaxation.optimizers.inverse import improved
from facet.relaxation.optimizers.lengths import length_of
from facet.relaxation.optimizers.packs import matrices_of, packs_of, six_of
from facet.relaxation.optimizers.vectors import add, dot, scale

if TYPE_CHECKING:
    from typing import Protocol

    from jaxtyping import Bool, Float
    from torch import Tensor

    from facet.relaxation.optimizers.optimizer import Here, StepLimits
    from facet.relaxation.optimizers.packs import Pack

    class Stiffness(Protocol):
        """Second derivatives, symmetric and positive definite."""

        def solve(
            self, pack: Pack, right: Float[Tensor, "rows vectors length"]
        ) -> Float[Tensor, "rows vectors length"]:
            """Displacements that make these forces, for the crystals of a pack."""
            ...

    class Guess(Protocol):
        """Guesses second derivatives."""

        def at(self, here: Here) -> Stiffness:
            """Guess those at the present geometry."""
            ...


NOISE = 1e-4
"""Enthalpy in eV/atom by which a step may go uphill; single precision is no better."""

CALMER = 0.5
"""A step is never bad that leaves less than this share of the square of the forces."""

POOR, GOOD = 0.1, 0.5
"""Gained over predicted enthalpy below which the next step is shorter, beyond which longer."""

SHRINK, GROW = 0.5, 2.0
SHORTEST = 1e-3
"""Trust radius in multiples of the longest step, at the least."""

USUAL_STIFFNESS = 70.0
"""Stiffness of everything in eV/A^2 where nothing better is known, as in ASE's ``LBFGS``."""


class Lbfgs:
    """L-BFGS from a first guess of the second derivatives.

    Args:
        guess: Gives it.
    """

    def __init__(self, guess: Guess) -> None:
        self._guess = guess

    def start(self, num_atoms: int, device: torch.device) -> LbfgsState:
        """State of one crystal before its first step."""
        atoms = torch.zeros((num_atoms, HISTORY, 3), dtype=torch.float64, device=device)
        cells = atoms.new_zeros((1, HISTORY, 3, 3))
        zero = atoms.new_zeros(1)
        return LbfgsState(
            steps=atoms,
            changes=atoms,
            cell_steps=cells,
            cell_changes=cells,
            best_place=atoms[:, 0],
            best_cell=cells[:, 0],
            best_slope=atoms[:, 0],
            best_cell_slope=cells[:, 0],
            best_enthalpy=zero,
            is_moving=zero.to(torch.bool),
            reach=zero + 1,
            length=zero,
            share=zero,
            predicted_drop=zero,
            expected_drop=zero,
        )

    def step(self, memory: LbfgsState, here: Here, limits: StepLimits) -> tuple[LbfgsState, Push]:
        """Take one step with every crystal."""
        look = _look(here)
        pair = last_pair(memory, look)
        is_bad, reach = _judged(memory, look)
        memory = _moved_on(put_pair(memory, pair, look), look, is_bad)
        way, expected_drop = self._way(memory, here)
        length = length_of(way, here, limits).clamp_min(torch.finfo(torch.float64).tiny)
        share = (reach / length).clamp_max(1)
        step = scale(way, share, here.structure_index)
        back = add(
            Push(memory.best_place, memory.best_cell), look.place, -look.one, look.structure_index
        )
        after = replace(
            memory,
            is_moving=torch.ones_like(is_bad),
            reach=reach,
            length=share * length,
            share=share,
            predicted_drop=expected_drop * share * (2 - share),
            expected_drop=expected_drop,
        )
        return after, add(back, step, look.one, look.structure_index)

    def _way(self, memory: LbfgsState, here: Here) -> tuple[Push, Float[Tensor, " structures"]]:
        """Way from the best point to where the slope should vanish, and the drop to there."""
        slope = Push(memory.best_slope, memory.best_cell_slope)
        atoms = torch.zeros_like(slope.atoms)
        cells = torch.zeros_like(six_of(slope.cells))
        stiffness = self._guess.at(here)
        for pack in packs_of(here.num_atoms, here.structure_index):
            rows = _newton(memory, stiffness, pack)
            atoms[pack.atoms] = pack.unpack_atoms(rows)
            cells[pack.crystals] = rows[:, 3 * pack.width :]
        way = constrained(Push(atoms, matrices_of(cells)), here.constraints, here.cell_mode)
        drop = -0.5 * dot(way, slope, here.structure_index)
        return way, drop.clamp_min(0)


class Uniform:
    """The same stiffness for every coordinate."""

    def at(self, here: Here) -> Uniform:
        """It is the same everywhere."""
        del here
        return self

    def solve(
        self, pack: Pack, right: Float[Tensor, "rows vectors length"]
    ) -> Float[Tensor, "rows vectors length"]:
        """Displacements that make these forces."""
        del pack
        return right / USUAL_STIFFNESS


def _newton(memory: LbfgsState, stiffness: Stiffness, pack: Pack) -> Float[Tensor, "rows length"]:
    """Way from the best points to where the slope should vanish, as rows of a pack."""
    steps = pack.pack(memory.steps, memory.cell_steps)
    changes = pack.pack(memory.changes, memory.cell_changes)
    slope = pack.pack(memory.best_slope[:, None], memory.best_cell_slope[:, None])
    num_used = int(steps.any(dim=2).any(dim=0).sum())
    steps, changes = steps[:, HISTORY - num_used :], changes[:, HISTORY - num_used :]
    guess = stiffness.solve(pack, torch.cat([changes, slope], dim=1))
    way = -improved(steps, changes, slope, guess)
    is_downhill = (way * slope[:, 0]).sum(dim=1) <= 0  # not where it is not a number
    plain = -slope[:, 0] / USUAL_STIFFNESS
    return torch.where(is_downhill[:, None], way, plain)


def _look(here: Here) -> Look:
    """Place and slope in coordinates without rotation."""
    count = here.num_atoms[:, None, None]
    cells = here.push.cells
    return Look(
        place=Push(here.coordinates.undeformed, here.coordinates.log_deformation * count),
        slope=Push(-here.push.atoms, -0.5 * (cells + cells.mT)),
        enthalpy=here.enthalpy,
        num_atoms=here.num_atoms,
        structure_index=here.structure_index,
    )


def _judged(
    memory: LbfgsState, look: Look
) -> tuple[Bool[Tensor, " structures"], Float[Tensor, " structures"]]:
    """Tell the steps that went uphill, and how far the next ones may go."""
    index, noise = look.structure_index, NOISE * look.num_atoms
    gained = memory.best_enthalpy - look.enthalpy
    best = Push(memory.best_slope, memory.best_cell_slope)
    is_calmer = dot(look.slope, look.slope, index) < CALMER * dot(best, best, index)
    is_bad = memory.is_moving & (gained < -noise) & ~is_calmer
    can_tell = memory.is_moving & (memory.predicted_drop > noise)
    ratio = gained / memory.predicted_drop.clamp_min(torch.finfo(gained.dtype).tiny)
    is_poor = is_bad | (can_tell & (ratio < POOR))
    is_good = can_tell & (ratio > GOOD) & (memory.length > 0.99 * memory.reach)
    reach = torch.where(is_good, GROW * memory.reach, memory.reach)
    return is_bad, torch.where(is_poor, SHRINK * memory.length, reach).clamp(SHORTEST, 1)


def _moved_on(memory: LbfgsState, look: Look, is_bad: Bool[Tensor, " structures"]) -> LbfgsState:
    """Stand at the present point, unless the step was bad."""
    of_atoms, of_cells = is_bad[look.structure_index, None], is_bad[:, None, None]
    return replace(
        memory,
        best_place=torch.where(of_atoms, memory.best_place, look.place.atoms),
        best_cell=torch.where(of_cells, memory.best_cell, look.place.cells),
        best_slope=torch.where(of_atoms, memory.best_slope, look.slope.atoms),
        best_cell_slope=torch.where(of_cells, memory.best_cell_slope, look.slope.cells),
        best_enthalpy=torch.where(is_bad, memory.best_enthalpy, look.enthalpy),
    )
