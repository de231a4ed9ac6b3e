"""The competing phases: elements and binaries, each in its known structure and a rival or two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from substitution.crystals import binary, compound, element

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymatgen.core.structure import Structure

ELEMENTS = {
    "bcc": "Li Na K Cs Ca Ba Fe",
    "fcc": "Li Na Ca Sr Pb Al La Fe Zn",
    "hcp": "Mg Zn Ti Zr Na Sr Pb",
    "double hcp": "La",
    "omega": "Ti Zr",
    "alpha-O2": "O F Cl",
    "beta-O2": "O F",
    "I2": "F Cl Br",
}

BINARIES = {
    "rock salt": (
        "MgO CaO SrO BaO ZnO FeO TiO LiF NaF KF CsF LiCl NaCl KCl CsCl LiBr NaBr KBr CsBr"
    ),
    "CsCl": "BaO CsF CsCl CsBr",
    "zincblende": "ZnO",
    "wurtzite": "MgO ZnO",
    "litharge": "PbO",
    "antifluorite": "Li2O Na2O K2O Cs2O",
    "anti-CdI2": "Cs2O",
    "rutile": "TiO2 PbO2 MgF2 ZnF2 FeF2 CaCl2",
    "anatase": "TiO2",
    "fluorite": "ZrO2 CaF2 SrF2 BaF2 PbF2 SrCl2 BaCl2",
    "baddeleyite": "ZrO2",
    "cotunnite": "PbF2 BaCl2 PbCl2 SrBr2 BaBr2 PbBr2",
    "CaCl2": "CaCl2 CaBr2",
    "CdCl2": "MgCl2 FeCl2 ZnCl2 MgBr2 ZnBr2",
    "CdI2": "MgCl2 MgBr2 FeBr2",
    "HgI2": "ZnCl2 ZnBr2",
    "corundum": "Al2O3 Fe2O3 Ti2O3",
    "A-La2O3": "La2O3",
    "ReO3": "AlF3 FeF3",
    "AlF3": "AlF3 FeF3 TiF3",
    "BiF3": "LaF3",
    "tysonite": "LaF3",
    "AlCl3": "AlCl3",
    "BiI3": "FeCl3 TiCl3",
    "UCl3": "LaCl3 LaBr3",
}

MIXED_VALENCE = {"spinel": {"A": "Fe2+", "B": "Fe3+", "X": "O2-"}}


@dataclass(frozen=True)
class ReferenceCrystal:
    """An unrelaxed competing phase and the prototype it was made from."""

    prototype: str
    structure: Structure

    @property
    def formula(self) -> str:
        """Reduced formula; an element's symbol for an element."""
        composition = self.structure.composition
        return (
            composition.chemical_system if composition.is_element else composition.reduced_formula
        )


def references() -> Iterator[ReferenceCrystal]:
    """Yield the elements, then the binaries."""
    for name, symbols in ELEMENTS.items():
        for symbol in symbols.split():
            yield ReferenceCrystal(name, element(name, symbol))
    for name, formulas in BINARIES.items():
        for formula in formulas.split():
            yield ReferenceCrystal(name, binary(name, formula))
    for name, ions in MIXED_VALENCE.items():
        yield ReferenceCrystal(name, compound(name, ions))
