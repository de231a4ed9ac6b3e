"""Where relaxed candidates lie on the dft hull, beside what DFT says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from screening_scores import AS_SHIPPED, WITHOUT_OWN, Placed

from facet.graph.convert import structure_from
from screening.corrections import corrected
from screening.entries import make_entry
from screening.errors import ScreeningError
from screening.formulas import element_amounts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymatgen.core.composition import Composition
    from screening_data import KnownCandidate
    from screening_rows import RelaxedRow

    from facet.graph.neighbors import Crystal
    from screening.hull import Hulls


def placed(known: KnownCandidate, row: RelaxedRow, scheme: str, hulls: Hulls) -> Placed:
    """Put a candidate on the dft hull, with the truth beside it."""
    spread = (
        float(np.std(row.members, ddof=1)) / len(known.crystal.species) if row.members else None
    )
    relaxed = (
        corrected_energy(row.name, row.crystal, row.energy, scheme) if row.is_converged else None
    )
    unrelaxed = corrected_energy(row.name, known.crystal, row.unrelaxed_energy, scheme)
    return Placed(
        name=known.name,
        formula=known.formula,
        is_certain=known.is_certain,
        truth={WITHOUT_OWN: known.without_own, AS_SHIPPED: known.as_shipped},
        relaxed=_distances(hulls, known.composition, relaxed),
        unrelaxed=_distances(hulls, known.composition, unrelaxed),
        spread=spread,
    )


def distances_of_stored(
    stored: Mapping[str, float] | None, known: KnownCandidate, hulls: Hulls
) -> dict[str, float] | None:
    """Put a stored formation energy on the dft hull."""
    if stored is None:
        return None
    amounts = element_amounts(known.composition)
    zeros = sum(hulls.element_energies[symbol] * count for symbol, count in amounts.items())
    energy = stored["formation_energy"] * known.composition.num_atoms + zeros
    return _distances(hulls, known.composition, energy)


def corrected_energy(name: str, crystal: Crystal, energy: float, scheme: str) -> float | None:
    """Return the energy of a cell in eV with the corrections of DFT, if it can have them."""
    try:
        return corrected(make_entry(name, structure_from(crystal), energy), scheme).total
    except ScreeningError:
        return None


def _distances(
    hulls: Hulls, composition: Composition, energy: float | None
) -> dict[str, float] | None:
    if energy is None:
        return None
    try:
        return {
            key: hulls.distance(
                composition, energy, without_formula=key == WITHOUT_OWN
            ).energy_above_hull
            for key in (WITHOUT_OWN, AS_SHIPPED)
        }
    except ScreeningError:
        return None
