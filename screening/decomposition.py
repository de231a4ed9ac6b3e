"""What a measured candidate decomposes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from screening.chemical_system import System
    from screening.simplex import Mixture

_SHOWN_AMOUNT = 1e-8


class Share(NamedTuple):
    """One product of a decomposition: its formula and the fraction of the atoms in it."""

    formula: str
    fraction: float


@dataclass(frozen=True)
class HullDistance:
    """Where a candidate lies.

    Attributes:
        energy_above_hull: Signed distance in eV/atom to the hull of everything else.
        formation_energy_per_atom: Energy in eV/atom against the elements.
        decomposes_to: Phases of the hull at this composition by id, largest share first.
    """

    energy_above_hull: float
    formation_energy_per_atom: float
    decomposes_to: Mapping[str, Share]


def shares_of(mixture: Mixture, system: System) -> dict[str, Share]:
    """Name the products of a decomposition, largest first, ties by id."""
    found = [
        (system.phases[column], float(amount))
        for column, amount in zip(mixture.columns, mixture.amounts, strict=True)
        if amount > _SHOWN_AMOUNT
    ]
    found.sort(key=lambda item: (-round(item[1], 9), item[0].phase_id))
    return {phase.phase_id: Share(phase.formula, amount) for phase, amount in found}
