"""Valence electrons of the PBE pseudopotentials that the Materials Project uses."""

from __future__ import annotations

# The choice of MPRelaxSet: semicore states count where its POTCAR holds them (_pv, _sv, _d), and
# the f electrons of most lanthanides do not (_3).
VALENCE_ELECTRONS = {
    "Ac": 11, "Ag": 11, "Al": 3, "Ar": 8, "As": 5, "Au": 11, "B": 3, "Ba": 10, "Be": 4, "Bi": 5,
    "Br": 7, "C": 4, "Ca": 10, "Cd": 12, "Ce": 12, "Cl": 7, "Co": 9, "Cr": 12, "Cs": 9, "Cu": 17,
    "Dy": 9, "Er": 9, "Eu": 17, "F": 7, "Fe": 14, "Ga": 13, "Gd": 18, "Ge": 14, "H": 1, "He": 2,
    "Hf": 10, "Hg": 12, "Ho": 9, "I": 7, "In": 13, "Ir": 9, "K": 9, "Kr": 8, "La": 11, "Li": 3,
    "Lu": 9, "Mg": 8, "Mn": 13, "Mo": 12, "N": 5, "Na": 7, "Nb": 11, "Nd": 11, "Ne": 8, "Ni": 16,
    "Np": 15, "O": 6, "Os": 14, "P": 5, "Pa": 13, "Pb": 14, "Pd": 10, "Pm": 11, "Pr": 11,
    "Pt": 10, "Pu": 16, "Rb": 9, "Re": 13, "Rh": 15, "Ru": 14, "S": 6, "Sb": 5, "Sc": 11, "Se": 6,
    "Si": 4, "Sm": 11, "Sn": 14, "Sr": 10, "Ta": 11, "Tb": 9, "Tc": 13, "Te": 6, "Th": 12,
    "Ti": 10, "Tl": 13, "Tm": 9, "U": 14, "V": 11, "W": 12, "Xe": 8, "Y": 11, "Yb": 8, "Zn": 12,
    "Zr": 12,
}  # fmt: skip
"""By symbol; an element that is missing has no such pseudopotential."""

MAGNETIC = frozenset(
    ("Co", "Cr", "Eu", "Fe", "Gd", "Mn", "Ni", "Np", "Pu", "U", "V", "Ce", "Mo", "W")
)
"""Elements that MPRelaxSet starts with a moment and that often keep it."""
