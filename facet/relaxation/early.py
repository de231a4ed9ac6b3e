"""Stopping crystals that certainly end above what anybody asks for.

The optimizer's quadratic model says how much enthalpy a crystal will still lose; large forces say
that the model is not to be trusted yet. How much crystals really lost was compared with both
(``benchmarks/early_stop.py``). Some stand on a saddle and fall far later, which nothing foresees:
of 300 candidates, each held against a ceiling at its very end, 1 % were given up wrongly, and of
300 crystals of the labels, which start much farther from rest, 6 %.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import torch

from facet.relaxation.result import Stop, StopReason

if TYPE_CHECKING:
    from facet.relaxation.state import OptimizerState

FACTOR = 4.0
"""A crystal loses no more than so many times what the model foresees,"""

REACH = 0.5
"""and this many angstrom, per atom, along its largest force,"""

FLOOR = 0.2
"""and this much in eV/atom."""

MIN_STEPS = 1
"""Before the second evaluation the model knows nothing of the crystal."""


def hopeless(state: OptimizerState) -> dict[int, Stop]:
    """Find the crystals whose energy cannot fall below their ceiling any more.

    Args:
        state: After a step; its last good geometry is what the step was taken from.
    """
    ceilings = [ticket.ceiling for ticket in state.tickets]
    if all(ceiling is None for ceiling in ceilings):
        return {}
    seen, counts = state.last_good, state.ledger.num_atoms
    expected = state.memory.expected_drop / counts
    energies = seen.energy / counts
    floor = energies - FACTOR * expected - REACH * seen.fmax - FLOOR
    limits = floor.new_tensor([inf if each is None else each for each in ceilings])
    has_looked_twice = state.ledger.num_steps > MIN_STEPS
    ends = {}
    for index in (has_looked_twice & (floor > limits)).nonzero().flatten().tolist():
        ends[index] = Stop(
            StopReason.STOPPED_EARLY,
            f"Stopped after {int(state.ledger.num_evaluations[index])} evaluations: at "
            f"{energies[index]:.3f} eV/atom it can hardly lose more than "
            f"{energies[index] - floor[index]:.3f}, and ends above the limit of "
            f"{limits[index]:.3f} eV/atom.",
        )
    return ends


def refuse_without_forecast(memory: object) -> str | None:
    """Say why an optimizer cannot tell what crystals will still lose, if it cannot."""
    if isinstance(getattr(memory, "expected_drop", None), torch.Tensor):
        return None
    return (
        "Stopping early needs an optimizer that foresees what a crystal will still lose; choose "
        "lbfgs or lbfgs-springs."
    )
