"""Computed entries of relaxed crystals, described as the corrections need them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pymatgen.core.periodic_table import Element
from pymatgen.core.structure import Structure
from pymatgen.entries.computed_entries import ComputedStructureEntry

from screening.errors import ScreeningError
from screening.formulas import element_amounts, noble_gases_allowed, pretty_formula

if TYPE_CHECKING:
    from pymatgen.core.composition import Composition

HUBBARD_U = {
    "Co": 3.32,
    "Cr": 3.7,
    "Fe": 5.3,
    "Mn": 3.9,
    "Mo": 4.38,
    "Ni": 6.2,
    "V": 3.25,
    "W": 6.2,
}
"""Hubbard U in eV that MPRelaxSet gives to these metals in oxides and fluorides."""

_ISOTOPES = ("D", "T")  # which pymatgen counts among the elements


def run_type_and_hubbards(composition: Composition) -> tuple[str, dict[str, float]]:
    """Return the run type and Hubbard U values (eV) that MPRelaxSet would use.

    U applies where oxygen or fluorine is the most electronegative element. No element beats
    these two, so it is enough that one of them is there.
    """
    symbols = set(element_amounts(composition))
    if len(symbols) == 1 or not symbols & {"O", "F"}:
        return "GGA", {}
    hubbards = {symbol: HUBBARD_U[symbol] for symbol in sorted(symbols & HUBBARD_U.keys())}
    return ("GGA+U" if hubbards else "GGA"), hubbards


def make_entry(
    entry_id: str, structure: Structure, uncorrected_energy: float
) -> ComputedStructureEntry:
    """Make an entry of a relaxed crystal, ready to be corrected.

    Args:
        entry_id: Name of the crystal, quoted in messages.
        structure: Relaxed geometry; peroxides and the like are recognized by their distances.
        uncorrected_energy: Total PBE(+U) energy of the cell in eV, without any correction.

    Raises:
        ScreeningError: The energy is not a finite number.
    """
    if not math.isfinite(uncorrected_energy):
        raise ScreeningError(
            f"The energy of {entry_id} ({pretty_formula(structure.composition)}) is "
            f"{uncorrected_energy}, not a finite number: relax the crystal again."
        )
    run_type, hubbards = run_type_and_hubbards(structure.composition)
    parameters = {"run_type": run_type, "is_hubbard": bool(hubbards), "hubbards": hubbards}
    with noble_gases_allowed():
        return ComputedStructureEntry(
            plain_structure(structure),
            float(uncorrected_energy),
            parameters=parameters,
            entry_id=entry_id,
        )


def plain_structure(structure: Structure) -> Structure:
    """Return cell, elements and positions only, without charges, isotopes or site properties.

    A crystal that has nothing else is returned as it is: who changes the result copies it before.
    """
    if _is_plain(structure):
        return structure
    elements = [Element.from_Z(number) for number in structure.atomic_numbers]
    return Structure(structure.lattice, elements, structure.frac_coords)


def _is_plain(structure: Structure) -> bool:
    """Say whether a crystal has elements and positions only."""
    has_charge = structure._charge is not None  # noqa: SLF001 (to ask for it can warn)
    if has_charge or structure.site_properties or structure.properties:
        return False
    return all(
        each.is_ordered and type(each.specie) is Element and each.specie.symbol not in _ISOTOPES
        for each in structure
    )
