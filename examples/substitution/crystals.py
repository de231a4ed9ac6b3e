"""From a prototype and its ions, or an element, to an unrelaxed crystal of sensible size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymatgen.core.composition import Composition
from pymatgen.core.periodic_table import Element

from substitution.ions import ANION_CHARGES, ion, radius, scaled_to_radii
from substitution.prototypes import ROLES, move_anions_between, prototype

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

MOLECULES = {
    "O": (1.21, 17.4),
    "F": (1.41, 16.0),
    "Cl": (1.99, 28.9),
    "Br": (2.28, 32.4),
}
"""Bond length (angstrom) and volume per atom (cubic angstrom) of the solid diatomic elements."""

COMPRESSED = {"Cs": 0.75}
"""Share of its own volume at which an element starts.

Atoms of solid cesium are 5.3 angstrom apart, and a potential whose neighbors end at 5 would see
none. Its energy cancels in the hull distance of whatever decomposes into cesium halides and oxide.
"""

_CUBIC_CM_PER_MOL = 1 / 0.602214076
"""Cubic angstrom per atom of one cubic centimeter per mole."""


def compound(prototype_name: str, ions: dict[str, str]) -> Structure:
    """Put ions into a prototype and scale it to their radii.

    Args:
        prototype_name: A name that ``prototypes.prototype`` knows.
        ions: The ion in each role, such as ``{"A": "Ca2+", "X": "O2-"}``.
    """
    roles = prototype(prototype_name)
    if prototype_name == "double perovskite":
        roles = move_anions_between(roles, _share(ions))
    charged = roles.copy()
    charged.replace_species({ROLES[role]: ion(text) for role, text in ions.items()})
    crystal = scaled_to_radii(charged)
    crystal.remove_oxidation_states()
    return crystal.get_sorted_structure()


def _share(ions: dict[str, str]) -> float:
    """Return where between B and C an anion touches both."""
    anion = radius(ion(ions["X"]), 6)
    to_b, to_c = (radius(ion(ions[role]), 6) + anion for role in "BC")
    return to_b / (to_b + to_c)


def binary(prototype_name: str, formula: str) -> Structure:
    """Put a binary compound, its cation written first, into a prototype."""
    return compound(prototype_name, binary_ions(formula))


def binary_ions(formula: str) -> dict[str, str]:
    """Return the ions of a formula such as Al2O3, the cation's charge balancing the anions'."""
    amounts = Composition(formula).get_el_amt_dict()
    cation, anion = amounts
    charge = -ANION_CHARGES[anion] * amounts[anion] / amounts[cation]
    if charge != round(charge):
        raise ValueError(f"{formula} is of mixed valence: give its ions one by one.")
    return {"A": f"{cation}{charge:.0f}+", "X": f"{anion}{-ANION_CHARGES[anion]}-"}


def element(prototype_name: str, symbol: str) -> Structure:
    """Put an element into a prototype at its known volume, molecules at their bond length."""
    crystal = prototype(prototype_name).copy()
    crystal.replace_species({ROLES["A"]: symbol})
    if symbol in MOLECULES:
        bond, volume = MOLECULES[symbol]
        crystal.scale_lattice(volume * len(crystal))
        return _with_bond(crystal, bond)
    volume = float(Element(symbol).molar_volume) * _CUBIC_CM_PER_MOL
    crystal.scale_lattice(volume * COMPRESSED.get(symbol, 1.0) * len(crystal))
    return crystal


def _with_bond(crystal: Structure, bond: float) -> Structure:
    """Move the two atoms of every molecule along their bond to the wanted distance."""
    moved = crystal.copy()
    for index, site in enumerate(crystal):
        partner = min(crystal.get_neighbors(site, 4.0), key=lambda n: n.nn_distance)
        stretch = 0.5 * (1 - bond / partner.nn_distance)
        moved.translate_sites([index], stretch * (partner.coords - site.coords), frac_coords=False)
    return moved
