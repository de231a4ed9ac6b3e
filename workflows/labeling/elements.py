"""Numbers of the elements by which species are swapped and volumes guessed."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from facet.graph.elements import SYMBOLS

_TABLE = """
H 7.0 2.20 0.31; He 14.1 0.00 0.28; Li 12.3 0.98 1.28; Be 8.1 1.57 0.96; B 6.5 2.04 0.84;
C 10.4 2.55 0.76; N 9.0 3.04 0.71; O 8.6 3.44 0.66; F 11.5 3.98 0.57; Ne 18.2 0.00 0.58;
Na 22.7 0.93 1.66; Mg 20.2 1.31 1.41; Al 16.2 1.61 1.21; Si 15.4 1.90 1.11; P 18.0 2.19 1.07;
S 22.0 2.58 1.05; Cl 30.2 3.16 1.02; Ar 44.9 0.00 1.06; K 39.0 0.82 2.03; Ca 27.5 1.00 1.76;
Sc 19.8 1.36 1.70; Ti 14.7 1.54 1.60; V 13.1 1.63 1.53; Cr 10.8 1.66 1.39; Mn 11.3 1.55 1.39;
Fe 10.3 1.83 1.32; Co 9.4 1.88 1.26; Ni 9.4 1.91 1.24; Cu 12.0 1.90 1.32; Zn 15.9 1.65 1.22;
Ga 17.6 1.81 1.22; Ge 18.7 2.01 1.20; As 21.4 2.18 1.19; Se 27.6 2.55 1.20; Br 37.2 2.96 1.20;
Kr 44.2 3.00 1.16; Rb 47.2 0.82 2.20; Sr 32.3 0.95 1.95; Y 27.5 1.22 1.90; Zr 20.9 1.33 1.75;
Nb 17.0 1.60 1.64; Mo 16.2 2.16 1.54; Tc 14.2 1.90 1.47; Ru 12.6 2.20 1.46; Rh 12.6 2.28 1.42;
Pd 14.7 2.20 1.39; Ag 19.8 1.93 1.45; Cd 24.1 1.69 1.44; In 25.9 1.78 1.42; Sn 27.0 1.96 1.39;
Sb 28.7 2.05 1.39; Te 35.0 2.10 1.38; I 47.6 2.66 1.39; Xe 70.2 2.60 1.40; Cs 56.8 0.79 2.44;
Ba 43.2 0.89 2.15; La 32.4 1.10 2.07; Ce 28.1 1.12 2.04; Pr 31.7 1.13 2.03; Nd 30.9 1.14 2.01;
Pm 32.4 1.13 1.99; Sm 29.3 1.17 1.98; Eu 31.3 1.20 1.98; Gd 27.1 1.20 1.96; Tb 27.2 1.20 1.94;
Dy 26.8 1.22 1.92; Ho 26.7 1.23 1.92; Er 26.0 1.24 1.89; Tm 25.5 1.25 1.90; Yb 26.5 1.10 1.87;
Lu 24.4 1.27 1.87; Hf 19.7 1.30 1.75; Ta 17.1 1.50 1.70; W 16.6 2.36 1.62; Re 14.6 1.90 1.51;
Os 13.6 2.20 1.44; Ir 13.8 2.20 1.41; Pt 15.7 2.28 1.36; Au 19.6 2.54 1.36; Hg 27.8 2.00 1.32;
Tl 32.2 1.62 1.45; Pb 32.0 2.33 1.46; Bi 32.5 2.02 1.48; Po 0.0 2.00 1.40; At 0.0 2.20 1.50;
Rn 0.0 2.20 1.50; Fr 0.0 0.70 2.60; Ra 0.0 0.90 2.21; Ac 43.1 1.10 2.15; Th 31.5 1.30 2.06;
Pa 26.3 1.50 2.00; U 23.0 1.38 1.96; Np 23.1 1.36 1.90; Pu 25.9 1.28 1.87
"""

S_BLOCK = 2
"""Elements that open every period but the first."""

_NOBLE_GASES = (0, 2, 10, 18, 36, 54, 86)
_LONG_PERIOD, _LONGEST_PERIOD = 18, 32
_F_BLOCK = range(3, 17)
_F_BLOCK_LENGTH = 14


class Element(NamedTuple):
    """What a plausible swap looks at.

    Attributes:
        number: Atomic number.
        group: Column of the periodic table; 3 for lanthanides and actinides.
        volume: In A^3: least squares of V = sum of volumes over 37,634 relaxed crystals, which
            predicts the change of volume by a swap to 2 % (median), twice as well as cubed radii.
            Zero where no crystal holds the element.
        electronegativity: On Pauling's scale; zero where there is none.
        radius: Covalent radius in angstrom (Cordero 2008).
    """

    number: int
    group: int
    volume: float
    electronegativity: float
    radius: float


@lru_cache(maxsize=1)
def elements() -> dict[int, Element]:
    """All tabulated elements by atomic number."""
    found = {}
    for row in _TABLE.replace("\n", " ").split(";"):
        symbol, volume, electronegativity, radius = row.split()
        number = SYMBOLS.index(symbol)
        found[number] = Element(
            number, group_of(number), float(volume), float(electronegativity), float(radius)
        )
    return found


def group_of(number: int) -> int:
    """Column of the periodic table, 1 to 18."""
    before = max(each for each in _NOBLE_GASES if each < number)
    after = next((each for each in _NOBLE_GASES if each >= number), before + _LONGEST_PERIOD)
    place, length = number - before, after - before
    if place <= S_BLOCK < length:
        return place
    if length == _LONGEST_PERIOD:
        return 3 if place in _F_BLOCK else place - _F_BLOCK_LENGTH
    return place if length == _LONG_PERIOD else _LONG_PERIOD - (length - place)
