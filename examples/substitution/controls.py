"""Blind controls: candidates that are known to exist, which the campaign must not be told.

The knowledge is textbook knowledge: minerals by their names, the others from Wells, Structural
Inorganic Chemistry; Muller and Roy, The Major Ternary Structural Families; and Goldschmidt's
1926 list of perovskites. Where the stable form is a slight distortion of the prototype that a
small cell cannot show (tilted octahedra), the note says so: the compound is known all the same.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Control:
    """A compound known to exist and the prototype that its structure belongs to."""

    formula: str
    prototype: str
    known_as: str


CONTROLS = (
    # Oxide perovskites (Goldschmidt 1926).
    Control("SrTiO3", "perovskite", "tausonite, cubic above 105 K"),
    Control("BaTiO3", "tetragonal perovskite", "barioperovskite, ferroelectric at 300 K"),
    Control("PbTiO3", "tetragonal perovskite", "macedonite, ferroelectric below 763 K"),
    Control("CaTiO3", "perovskite", "the mineral perovskite; octahedra tilted (Pnma)"),
    Control("BaZrO3", "perovskite", "cubic at all temperatures"),
    Control("SrZrO3", "perovskite", "octahedra tilted (Pnma)"),
    Control("LaAlO3", "perovskite", "octahedra tilted (R-3c) below 813 K"),
    Control("LaFeO3", "perovskite", "octahedra tilted (Pnma)"),
    # Halide perovskites (Goldschmidt 1926; Muller and Roy 1974).
    Control("KMgF3", "perovskite", "parascandolaite, cubic"),
    Control("NaMgF3", "perovskite", "neighborite; octahedra tilted (Pnma)"),
    Control("KZnF3", "perovskite", "cubic"),
    Control("KFeF3", "perovskite", "cubic above 113 K"),
    Control("CsCaF3", "perovskite", "cubic"),
    Control("CsCaCl3", "perovskite", "cubic above 95 K"),
    Control("CsPbCl3", "perovskite", "cubic above 320 K (Moller 1958)"),
    Control("CsPbBr3", "perovskite", "octahedra tilted (Pnma) at 300 K (Moller 1958)"),
    # Spinels.
    Control("MgAl2O4", "spinel", "spinel"),
    Control("ZnAl2O4", "spinel", "gahnite"),
    Control("FeAl2O4", "spinel", "hercynite"),
    Control("ZnFe2O4", "spinel", "franklinite"),
    # Ilmenites.
    Control("MgTiO3", "ilmenite", "geikielite"),
    Control("FeTiO3", "ilmenite", "ilmenite"),
    # Layered perovskites.
    Control("Sr2TiO4", "K2NiF4", "first Ruddlesden-Popper phase (1957)"),
    Control("K2MgF4", "K2NiF4", "Balz and Plieth 1955"),
    Control("K2ZnF4", "K2NiF4", "Balz and Plieth 1955"),
    # Layered oxides.
    Control("NaFeO2", "alpha-NaFeO2", "type compound"),
    Control("LiAlO2", "alpha-NaFeO2", "alpha form"),
    # Matlockites.
    Control("PbClF", "matlockite", "matlockite"),
    Control("BaClF", "matlockite", "zhangpeishanite"),
    Control("SrClF", "matlockite", "Wells"),
    Control("CaClF", "matlockite", "rorisite"),
    Control("BaBrF", "matlockite", "host of the storage phosphor BaFBr:Eu"),
    Control("LaClO", "matlockite", "Wells"),
    # Antiperovskites.
    Control("Na3ClO", "antiperovskite", "cubic; fast-ion conductor's parent"),
    Control("Na3BrO", "antiperovskite", "cubic; Hippler and others 1990"),
    # Elpasolites.
    Control("K2NaAlF6", "double perovskite", "elpasolite"),
    Control("Cs2NaLaCl6", "double perovskite", "Morss 1970"),
    Control("K2NaFeF6", "double perovskite", "cubic"),
)
