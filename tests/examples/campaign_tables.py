"""What is known of the ions and crystals of the example campaign, apart from its generator."""

from __future__ import annotations

CHARGES = {
    "Li": [1], "Na": [1], "K": [1], "Cs": [1], "Mg": [2], "Ca": [2], "Sr": [2], "Ba": [2],
    "Zn": [2], "Pb": [2], "Fe": [2, 3], "Al": [3], "La": [3], "Ti": [3, 4], "Zr": [4],
    "O": [-2], "F": [-1], "Cl": [-1], "Br": [-1],
}  # fmt: skip

# Volume per atom in cubic angstrom from measured lattice constants (Wyckoff; ICSD).
TEXTBOOK_VOLUMES = {
    ("SrTiO3", "perovskite"): 11.91,
    ("BaZrO3", "perovskite"): 14.71,
    ("LaAlO3", "perovskite"): 10.89,
    ("KMgF3", "perovskite"): 12.69,
    ("CsPbCl3", "perovskite"): 35.22,
    ("CsPbBr3", "perovskite"): 40.45,
    ("MgAl2O4", "spinel"): 9.43,
    ("ZnFe2O4", "spinel"): 10.74,
    ("MgTiO3", "ilmenite"): 10.25,
    ("Sr2TiO4", "K2NiF4"): 13.58,
    ("K2MgF4", "K2NiF4"): 14.91,
    ("NaFeO2", "alpha-NaFeO2"): 10.60,
    ("BaClF", "matlockite"): 23.21,
    ("Na3ClO", "antiperovskite"): 18.18,
    ("K2NaAlF6", "double perovskite"): 13.38,
    ("Cs2NaLaCl6", "double perovskite"): 33.18,
    ("MgO", "rock salt"): 9.35,
    ("NaCl", "rock salt"): 22.42,
    ("TiO2", "rutile"): 10.41,
    ("CaF2", "fluorite"): 13.59,
    ("Al2O3", "corundum"): 8.50,
    ("ZrO2", "baddeleyite"): 11.74,
    ("LaF3", "tysonite"): 13.69,
}

SPACE_GROUPS = {
    "perovskite": "Pm-3m",
    "antiperovskite": "Pm-3m",
    "tetragonal perovskite": "P4mm",
    "double perovskite": "Fm-3m",
    "spinel": "Fd-3m",
    "ilmenite": "R-3",
    "LiNbO3": "R3c",
    "K2NiF4": "I4/mmm",
    "alpha-NaFeO2": "R-3m",
    "chalcopyrite": "I-42d",
    "matlockite": "P4/nmm",
    "rock salt": "Fm-3m",
    "corundum": "R-3c",
    "tysonite": "P-3c1",
    "HgI2": "P4_2/nmc",
    "UCl3": "P6_3/m",
}
