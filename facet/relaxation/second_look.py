"""A second relaxation from beside the first end, for crystals that symmetry holds on a saddle.

Forces have the symmetry of the crystal, so that a relaxation never leaves it. Where a lower
minimum lies beside a symmetric saddle, only a displacement that breaks the symmetry leads there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from facet.relaxation.rattle import rattled
from facet.relaxation.result import StopReason

if TYPE_CHECKING:
    from facet.graph.neighbors import Crystal
    from facet.relaxation.leaving import Departure
    from facet.relaxation.result import RelaxResult
    from facet.relaxation.settings import RelaxSettings
    from facet.relaxation.tickets import Ticket

STRAIN = 0.01
"""Largest component of the strain that goes with a rattle."""

SMALLEST_GAIN = 1e-3
"""eV/atom; what is less lies within the limits of convergence."""


def is_worth_rattling(departure: Departure) -> bool:
    """Whether a crystal came to rest for the first time, with some symmetry left to lose."""
    result = departure.result
    return (
        result.stop_reason is StopReason.CONVERGED
        and departure.ticket.first_end is None
        and result.space_group != 1
    )


def second_start(departure: Departure, settings: RelaxSettings) -> tuple[Ticket, Crystal]:
    """Where the second relaxation begins."""
    end = departure.result
    ticket = replace(departure.ticket, first_end=end)
    strain = STRAIN if settings.cell == "free" else 0.0
    return ticket, rattled(end.crystal, settings.rattle, strain)


def better_end(departure: Departure) -> RelaxResult:
    """The result to hand out: of two ends the lower, with the cost of both."""
    first, second = departure.ticket.first_end, departure.result
    if first is None:
        return second
    gain = (first.energy - second.energy) / len(first.species)
    is_lower = second.stop_reason is StopReason.CONVERGED and gain > SMALLEST_GAIN
    best = second if is_lower else first
    outcome = (
        f"freed of its symmetry it gained {gain * 1000:.1f} meV/atom"
        if is_lower
        else "rattled and relaxed again it found nothing lower"
    )
    return replace(
        best,
        message=f"{best.message} Of space group {first.space_group}; {outcome}.",
        num_steps=first.num_steps + second.num_steps,
        num_evaluations=first.num_evaluations + second.num_evaluations,
        wall_share=first.wall_share + second.wall_share,
        initial_volume=first.initial_volume,
        symmetric_energy=first.energy,
        curve=second.curve,  # of one ticket, so that it began with the first relaxation
        trajectory=second.trajectory or first.trajectory,
    )
