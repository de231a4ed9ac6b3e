"""The chemical space of the campaign: which ions go into which prototypes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from pymatgen.core.composition import Composition

from substitution.crystals import compound
from substitution.ions import charge, goldschmidt_tolerance, ion, radius
from substitution.prototypes import ROLES, prototype

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pymatgen.core.periodic_table import Species
    from pymatgen.core.structure import Structure

TOLERANCE_FACTORS = (0.74, 1.12)
"""Perovskites outside these Goldschmidt factors are not worth a relaxation."""

SMALLEST_OCTAHEDRAL_CATION = 0.36
"""Smallest radius of a cation over that of the anion for which octahedra are tried."""


@dataclass(frozen=True)
class Candidate:
    """One substitution.

    Attributes:
        prototype: Name of the prototype.
        ions: The ion in each role.
    """

    prototype: str
    ions: dict[str, str]

    @property
    def formula(self) -> str:
        """Reduced formula as pymatgen orders it."""
        return self.composition.reduced_formula

    @property
    def composition(self) -> Composition:
        """Elements of one cell of the prototype."""
        return Composition({species.symbol: n for species, n in self._amounts().items()})

    @property
    def charge(self) -> float:
        """Charge of the cell; zero for what is worth a relaxation."""
        return sum(charge(species) * number for species, number in self._amounts().items())

    def structure(self) -> Structure:
        """Return the crystal, scaled to the radii of its ions, unrelaxed."""
        return compound(self.prototype, self.ions)

    def _amounts(self) -> dict[Species, float]:
        roles = prototype(self.prototype).composition.get_el_amt_dict()
        return {ion(text): roles[ROLES[role]] for role, text in self.ions.items()}


def candidates() -> list[Candidate]:
    """Return all substitutions of the campaign, each once, in a fixed order."""
    every = (*_oxides(), *_halides(), *_mixed_anions())
    return [made for made in every if made.charge == 0 and _fits(made)]


def _oxides() -> Iterator[Candidate]:
    divalent = "Mg2+ Ca2+ Sr2+ Ba2+ Zn2+ Pb2+ Fe2+"
    large = "Ca2+ Sr2+ Ba2+ Pb2+"
    small = "Mg2+ Zn2+ Fe2+"
    quadrivalent = "Ti4+ Zr4+"
    trivalent = "Al3+ Fe3+ Ti3+"
    alkali = "Li+ Na+ K+"
    yield from _fill("perovskite", A=divalent, B=quadrivalent, X="O2-")
    yield from _fill("perovskite", A="La3+", B=trivalent, X="O2-")
    yield from _fill("tetragonal perovskite", A=large, B=quadrivalent, X="O2-")
    yield from _fill("ilmenite", A=f"{small} Ca2+", B=quadrivalent, X="O2-")
    yield from _fill("LiNbO3", A=small, B=quadrivalent, X="O2-")
    yield from _fill("K2NiF4", A=large, B=quadrivalent, X="O2-")
    yield from _fill("K2NiF4", A="La3+", B=small, X="O2-")
    yield from _fill("spinel", A=f"{small} Ca2+", B=trivalent, X="O2-")
    yield from _fill("alpha-NaFeO2", A=f"{alkali} Cs+", B=f"{trivalent} La3+", X="O2-")
    yield from _fill("chalcopyrite", A=alkali, B="Al3+ Fe3+", X="O2-")
    yield from _fill("double perovskite", A="La3+", B=f"{small} Ca2+", C=quadrivalent, X="O2-")


def _halides() -> Iterator[Candidate]:
    alkali = "Li+ Na+ K+ Cs+"
    divalent = "Mg2+ Ca2+ Sr2+ Ba2+ Zn2+ Pb2+ Fe2+"
    trivalent = "Al3+ Fe3+ La3+"
    yield from _fill("perovskite", A=alkali, B=divalent, X="F- Cl-")
    yield from _fill("perovskite", A="Na+ K+ Cs+", B="Mg2+ Ca2+ Sr2+ Zn2+ Pb2+ Fe2+", X="Br-")
    yield from _fill("K2NiF4", A="Na+ K+ Cs+", B="Mg2+ Ca2+ Zn2+ Pb2+ Fe2+", X="F- Cl-")
    yield from _fill("K2NiF4", A="K+ Cs+", B="Sr2+", X="F- Cl-")
    yield from _fill("spinel", A="Mg2+ Zn2+ Fe2+", B="Li+", X="Cl-")
    for large, small in _larger_first("Cs+ K+ Na+ Li+"):
        yield from _fill("double perovskite", A=large, B=small, C=trivalent, X="F- Cl-")
    yield from _fill("double perovskite", A="K+", B="Na+", C="Ti3+", X="F-")


def _mixed_anions() -> Iterator[Candidate]:
    divalent = "Mg2+ Ca2+ Sr2+ Ba2+ Zn2+ Pb2+ Fe2+"
    yield from _fill("matlockite", A=divalent, X="F-", Y="Cl- Br-")
    yield from _fill("matlockite", A="La3+", X="O2-", Y="Br-")
    yield from _fill("matlockite", A="La3+ Al3+ Fe3+ Ti3+", X="O2-", Y="F- Cl-")
    yield from _fill("antiperovskite", A="Li+ Na+ K+ Cs+", X="O2-", Y="F- Cl- Br-")


def _fill(prototype_name: str, **choices: str) -> Iterator[Candidate]:
    """Yield every combination of the ions offered for each role, no element in two roles."""
    for ions in product(*(offered.split() for offered in choices.values())):
        elements = {ion(text).symbol for text in ions}
        if len(elements) == len(ions):
            yield Candidate(prototype_name, dict(zip(choices, ions, strict=True)))


def _larger_first(offered: str) -> Iterable[tuple[str, str]]:
    """Return the pairs of ions whose first is the larger; they are given largest first."""
    ions = offered.split()
    return [(large, small) for i, large in enumerate(ions) for small in ions[i + 1 :]]


def _fits(candidate: Candidate) -> bool:
    """Keep what Goldschmidt's rules do not rule out at once; other prototypes always pass."""
    if candidate.prototype not in ("perovskite", "tetragonal perovskite", "double perovskite"):
        return True
    species = {role: ion(text) for role, text in candidate.ions.items()}
    octahedral = [species[role] for role in "BC" if role in species]
    radii = [radius(small, 6) for small in octahedral]
    tolerances = [goldschmidt_tolerance(species["A"], small, species["X"]) for small in octahedral]
    low, high = TOLERANCE_FACTORS
    return (
        low < sum(tolerances) / len(tolerances) < high
        and min(radii) > SMALLEST_OCTAHEDRAL_CATION * radius(species["X"], 6)
        and max(radii) < radius(species["A"], 6)
    )
