"""Ions, their radii, and the size of a crystal that follows from them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from math import prod
from typing import TYPE_CHECKING

import numpy as np
from pymatgen.core.periodic_table import Element, Species

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

ANION_CHARGES = {"O": -2, "F": -1, "Cl": -1, "Br": -1}

_SHELL = 1.25
"""Neighbors up to this many times the nearest one's distance bond to it."""

_FARTHEST_BOND = 6.0
"""Angstrom; no bond of a prototype is longer."""

_ROMAN = {"II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6, "VII": 7, "VIII": 8}
_ROMAN |= {"IX": 9, "X": 10, "XI": 11, "XII": 12, "XIV": 14}


@cache
def ion(text: str) -> Species:
    """Read an ion such as Ca2+ or O2-."""
    return Species.from_str(text)


def charge(species: Element | Species) -> float:
    """Return the charge of an ion in units of the elementary charge."""
    return float(species.oxi_state or 0.0)


@cache
def radius(species: Element | Species, coordination: int) -> float:
    """Return Shannon's ionic radius in angstrom at the tabulated coordination nearest to one.

    Ions with two spin states are taken high-spin, as oxides and halides have them.
    """
    table = Element(species.symbol).data["Shannon radii"][f"{charge(species):.0f}"]
    by_number = {
        _ROMAN[re.sub("SQ|PY", "", key)]: spins
        for key, spins in sorted(table.items(), reverse=True)  # a plain IV wins over IVSQ
    }
    spins = by_number[min(by_number, key=lambda number: abs(number - coordination))]
    return float(spins.get("High Spin", next(iter(spins.values())))["ionic_radius"])


def goldschmidt_tolerance(large: Species, small: Species, anion: Species) -> float:
    """Return Goldschmidt's tolerance factor of a perovskite (Naturwissenschaften 14, 477, 1926)."""
    around_large = radius(large, 12) + radius(anion, 6)
    around_small = radius(small, 6) + radius(anion, 6)
    return around_large / (2**0.5 * around_small)


@dataclass(frozen=True)
class _Bond:
    cation: int
    anion: int
    length: float


def scaled_to_radii(structure: Structure) -> Structure:
    """Scale a crystal of ions so that its bonds have on average the length of Shannon's radii.

    Every bond counts with the product of its strengths after Pauling, charge over coordination,
    seen from both of its ends: titanium in its octahedron decides more than barium among twelve
    oxygens, and oxygen among six sodiums more than chlorine among twelve.
    """
    bonds = [bond for index in range(len(structure)) for bond in _bonds_of(structure, index)]
    coordination = Counter(end for bond in bonds for end in (bond.cation, bond.anion))
    wanted, found = 0.0, 0.0
    for bond in bonds:
        ends = [(structure[end].specie, coordination[end]) for end in (bond.cation, bond.anion)]
        strength = prod(abs(charge(species)) / number for species, number in ends)
        wanted += strength * sum(radius(species, number) for species, number in ends)
        found += strength * bond.length
    scaled = structure.copy()
    scaled.scale_lattice(structure.volume * (wanted / found) ** 3)
    return scaled


def _bonds_of(structure: Structure, index: int) -> list[_Bond]:
    """Return the bonds of a cation, one shell for each kind of anion; none for an anion."""
    if charge(structure[index].specie) < 0:
        return []
    near = [
        neighbor
        for neighbor in structure.get_neighbors(structure[index], _FARTHEST_BOND)
        if charge(neighbor.specie) < 0
    ]
    nearest: dict[Element | Species, float] = {}
    for neighbor in near:
        shortest = nearest.get(neighbor.specie, np.inf)
        nearest[neighbor.specie] = min(shortest, neighbor.nn_distance)
    return [
        _Bond(index, neighbor.index, neighbor.nn_distance)
        for neighbor in near
        if neighbor.nn_distance < _SHELL * nearest[neighbor.specie]
    ]
