"""References and their changes as plain rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymatgen.core.composition import Composition

from screening.errors import ScreeningError
from screening.formulas import amounts_of
from screening.hull import Hulls

if TYPE_CHECKING:
    from screening.changes import ReferenceChanges
    from screening.reference import Reference, ReferencePhase

DECIMALS = 9
"""Of eV/atom; what is beyond them is rounding."""


def phase_rows(reference: Reference, chemical_system: str) -> list[dict[str, Any]]:
    """Return the phases of a chemical system and of all systems inside it, those lowest first.

    Args:
        reference: Holds them.
        chemical_system: Such as "Li-Mn-O".

    Raises:
        ScreeningError: The reference knows nothing of one of these elements.
    """
    symbols = frozenset(chemical_system.split("-"))
    unknown = sorted(symbols - reference.element_energies.keys())
    if unknown:
        raise ScreeningError(
            f"'{reference.name}' knows nothing of {', '.join(unknown)}: write a chemical system of "
            "its elements, such as Li-Mn-O."
        )
    hulls = Hulls(reference)
    rows = []
    for phase in reference.phases:
        amounts = amounts_of(phase.formula)
        if amounts.keys() <= symbols:
            height = _height(phase, hulls, amounts)
            rows.append(
                {
                    **phase_row(phase),
                    "energy_above_hull": height,
                    "is_on_hull": height == 0.0,
                }
            )
    return sorted(rows, key=lambda row: (row["energy_above_hull"], row["phase_id"]))


def phase_row(phase: ReferencePhase) -> dict[str, Any]:
    """Return a phase."""
    return {
        "phase_id": phase.phase_id,
        "formula": phase.formula,
        "formation_energy_per_atom": phase.formation_energy_per_atom,
    }


def change_row(changes: ReferenceChanges) -> dict[str, Any]:
    """Return what is different between two references."""
    return {
        "added": [phase_row(each) for each in changes.added],
        "removed": [phase_row(each) for each in changes.removed],
        "changed": [
            {"before": phase_row(before), "after": phase_row(after)}
            for before, after in changes.changed
        ],
        "element_energies": dict(changes.element_energies),
    }


def _height(phase: ReferencePhase, hulls: Hulls, amounts: dict[str, float]) -> float:
    """Return the distance of a phase to the hull that it is a part of, in eV/atom."""
    per_atom = sum(
        amount * hulls.element_energies[symbol] for symbol, amount in amounts.items()
    ) / sum(amounts.values())
    composition = Composition(amounts)
    total = (phase.formation_energy_per_atom + per_atom) * composition.num_atoms
    # A phase is never below a hull that holds it; what is left is rounding.
    return max(0.0, round(hulls.distance(composition, total).energy_above_hull, DECIMALS))
