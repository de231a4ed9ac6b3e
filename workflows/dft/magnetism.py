"""Where the magnetic moments of a DFT calculation start from.

Ferromagnetic is what MPRelaxSet does. Antiferromagnetic orderings are all collinear ones with as
many moments up as down of each magnetic element, in the primitive cell and in those of twice its
size, each once (``spin_patterns``). Small cells come first, and among cells of one size the
ordering in which most coupled neighbors are antiparallel (``exchange``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from facet.graph.held import held_by_sites
from screening.valence import MAGNETIC
from workflows.dft.exchange import couplings, frustration
from workflows.dft.spin_patterns import distinct_patterns
from workflows.symmetry import operations_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pymatgen.core.structure import Structure

    from workflows.dft.spin_patterns import SpinPattern

FERROMAGNETIC = "ferromagnetic"
ANTIFERROMAGNETIC = "afm"
"""Begins the names of antiferromagnetic orderings: ``afm-1`` and so on."""

LARGEST_CELL = 100
"""Sites; a doubled cell of more is not proposed."""

TOLERANCE = 0.05
"""Angstrom within which a relaxed crystal repeats itself."""

SAME_COUPLING = 3
"""Decimals to which two orderings are equally frustrated."""


@dataclass(frozen=True, eq=False)
class Ordering:
    """One way in which moments start.

    Attributes:
        name: ``ferromagnetic``, or ``afm-`` and a number from 1.
        note: How it was made.
        structure: The cell, which an antiferromagnetic ordering may need another one for.
        magmoms: Moment of each site in Bohr magnetons.
    """

    name: str
    note: str
    structure: Structure
    magmoms: tuple[float, ...]


def orderings(structure: Structure, num_antiferromagnetic: int = 0) -> list[Ordering]:
    """Return the ferromagnetic ordering, and at most so many antiferromagnetic ones.

    Of one crystal a number always names the same ordering, however many are asked for.

    Args:
        structure: A crystal of plain elements.
        num_antiferromagnetic: Most orderings of that kind; a crystal without magnetic elements
            has none.
    """
    plain = Ordering(FERROMAGNETIC, "As MPRelaxSet.", structure, _moments(structure))
    if num_antiferromagnetic < 1:
        return [plain]
    found = antiferromagnetic_patterns(structure)
    named = [
        Ordering(
            name=f"{ANTIFERROMAGNETIC}-{number}",
            note=_note(number, len(found), each),
            structure=each.cell,
            magmoms=tuple(np.multiply(_moments(each.cell), each.signs).tolist()),
        )
        for number, each in enumerate(found[:num_antiferromagnetic], start=1)
    ]
    return [plain, *named]


def antiferromagnetic_patterns(structure: Structure) -> list[SpinPattern]:
    """Return every antiferromagnetic ordering that is looked for, the likeliest small one first.

    A crystal of which coordinates are held keeps its cell, for its primitive cell may hold others.
    """
    elements = sorted({each.symbol for each in structure.elements} & MAGNETIC)
    if not elements:
        return []
    own = structure
    if held_by_sites(structure, "crystal") is None:
        own = structure.get_primitive_structure(tolerance=TOLERANCE)
    operations = operations_of(own, TOLERANCE)
    found = list(distinct_patterns(own, elements, operations, LARGEST_CELL))
    cells = {each.vector: each for each in found}  # all patterns of one vector share their cell
    coupled = {
        vector: couplings(each.cell, np.flatnonzero(each.signs).tolist())
        for vector, each in cells.items()
    }
    return sorted(found, key=lambda each: _place(each, coupled[each.vector]))


def _place(pattern: SpinPattern, coupled: NDArray[np.float64]) -> tuple[int, float]:
    """Sort key: small cells first, then those with most coupled neighbors antiparallel."""
    height = frustration(pattern.signs[np.flatnonzero(pattern.signs)], coupled)
    return len(pattern.cell), round(height, SAME_COUPLING)


def _note(number: int, total: int, pattern: SpinPattern) -> str:
    vector = " ".join("1/2" if each else "0" for each in pattern.vector)
    return (
        f"Antiferromagnetic ordering {number} of {total} enumerated: as many moments up as down of "
        f"each element, propagation vector ({vector}) of the primitive cell."
    )


def _moments(structure: Structure) -> tuple[float, ...]:
    table = _materials_project_moments()
    return tuple(table.get(site.specie.symbol, 0.6) for site in structure)


@lru_cache(maxsize=1)
def _materials_project_moments() -> dict[str, float]:
    """MAGMOM of each element in MPRelaxSet; it gives 0.6 to all others."""
    from pymatgen.io.vasp.sets import MPRelaxSet

    table: dict[str, float] = MPRelaxSet.CONFIG["INCAR"]["MAGMOM"]
    return dict(table)
