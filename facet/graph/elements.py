"""Names of the elements, and whether a potential knows those of a structure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from facet.errors import UnsupportedElement

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from facet.graph.batch import GraphBatch

_SYMBOLS = (
    "X H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se "
    "Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy "
    "Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf "
    "Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og"
)
SYMBOLS = tuple(_SYMBOLS.split())
"""Chemical symbols by atomic number; X stands for no element."""


def symbol(number: int) -> str:
    """Chemical symbol of an atomic number, or the number itself where there is no such element."""
    return SYMBOLS[number] if 0 < number < len(SYMBOLS) else f"number {number}"


def check_species(species: np.ndarray, known: AbstractSet[int], name: str) -> None:
    """Refuse a structure that holds an element the potential does not know.

    Raises:
        UnsupportedElement: Names the structure and the elements.
    """
    unknown = [symbol(int(number)) for number in np.unique(species) if int(number) not in known]
    if unknown:
        raise UnsupportedElement(
            f"{name}: the potential does not know {', '.join(unknown)}; "
            "remove the structure or choose a potential trained on these elements."
        )


def check_batch_species(batch: GraphBatch, known: AbstractSet[int]) -> None:
    """Refuse a batch that holds an element the potential does not know.

    Whoever knows the names of the structures checks them by ``check_species`` before they are
    joined; a batch knows only their places.

    Raises:
        UnsupportedElement: Names the elements and the places of their structures.
    """
    species = batch.species.cpu().numpy()
    unknown = sorted(set(species.tolist()) - known)
    if not unknown:
        return
    places = np.unique(batch.structure_index.cpu().numpy()[np.isin(species, unknown)])
    raise UnsupportedElement(
        f"The potential does not know {', '.join(map(symbol, unknown))}, which is in the batch at "
        f"place {', '.join(map(str, places))} (counted from 0); remove the structure or choose a "
        "potential trained on these elements."
    )
