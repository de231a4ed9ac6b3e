"""Where the magnetic moments of a DFT calculation start from.

Ferromagnetic is what MPRelaxSet does. Antiferromagnetic orderings are a scheme of our own, said so
in every follow-up: planes of magnetic sites across one axis of the cell alternate, and the cell is
doubled along that axis where it holds an odd number of planes. The enumeration of all
orderings needs the program enumlib and is not done here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from screening.valence import MAGNETIC

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from pymatgen.core.structure import Structure

FERROMAGNETIC = "ferromagnetic"
SAME_PLANE = 1e-3  # of fractional coordinates
LARGEST_CELL = 100
"""Sites; a doubled cell of more is not proposed."""

OWN_SCHEME = (
    "Our own scheme, not an enumeration: planes of magnetic sites across axis {} alternate{}."
)


@dataclass(frozen=True, eq=False)
class Ordering:
    """One way in which moments start.

    Attributes:
        name: ``ferromagnetic``, or ``antiferromagnetic-`` and a number from 1.
        note: How it was made.
        structure: The cell, doubled where the ordering needs it.
        magmoms: Moment of each site in Bohr magnetons.
    """

    name: str
    note: str
    structure: Structure
    magmoms: tuple[float, ...]


def orderings(structure: Structure, num_antiferromagnetic: int = 0) -> list[Ordering]:
    """Return the ferromagnetic ordering, and at most so many antiferromagnetic ones.

    Args:
        structure: A crystal of plain elements.
        num_antiferromagnetic: Most orderings of that kind; a crystal without magnetic elements
            has none.
    """
    plain = Ordering(FERROMAGNETIC, "As MPRelaxSet.", structure, _moments(structure))
    found: list[Ordering] = []
    seen: set[tuple[int, tuple[float, ...]]] = set()
    for axis in range(3):
        for cell, signs, note in _alternating(structure, axis):
            magmoms = tuple(np.multiply(_moments(cell), signs).tolist())
            pattern = (axis if len(cell) > len(structure) else -1, magmoms)
            is_balanced = abs(sum(np.multiply(signs, _is_magnetic(cell)))) < SAME_PLANE
            if not is_balanced or pattern in seen or len(found) >= num_antiferromagnetic:
                continue
            seen.add(pattern)
            name = f"antiferromagnetic-{len(found) + 1}"
            found.append(Ordering(name, note, cell, magmoms))
    return [plain, *found]


def _alternating(
    structure: Structure, axis: int
) -> Iterator[tuple[Structure, NDArray[np.float64], str]]:
    """Yield the cell and signs of alternating planes, if the crystal is magnetic and small."""
    is_magnetic = _is_magnetic(structure)
    if not is_magnetic.any():
        return
    cell, doubled = structure, ""
    planes, num_planes = _planes(cell, is_magnetic, axis)
    if num_planes % 2:
        if 2 * len(structure) > LARGEST_CELL:
            return
        scale = [1, 1, 1]
        scale[axis] = 2
        cell, doubled = structure.make_supercell(scale, in_place=False), ", in a doubled cell"
        is_magnetic = _is_magnetic(cell)
        planes, num_planes = _planes(cell, is_magnetic, axis)
    signs = np.where(is_magnetic & (planes % 2 == 1), -1.0, 1.0)
    yield cell, signs, OWN_SCHEME.format("abc"[axis], doubled)


def _planes(
    cell: Structure, is_magnetic: NDArray[np.bool_], axis: int
) -> tuple[NDArray[np.intp], int]:
    """Number the planes of magnetic sites across an axis; other sites are on plane 0."""
    heights = cell.frac_coords[:, axis] % 1.0
    heights = np.where(heights > 1.0 - SAME_PLANE, 0.0, heights)
    levels: list[float] = []
    for height in np.sort(heights[is_magnetic]):
        if not levels or height - levels[-1] > SAME_PLANE:
            levels.append(float(height))
    planes = np.zeros(len(cell), dtype=np.intp)
    for site in np.flatnonzero(is_magnetic):
        planes[site] = int(np.argmin(np.abs(np.array(levels) - heights[site])))
    return planes, len(levels)


def _is_magnetic(structure: Structure) -> NDArray[np.bool_]:
    return np.array([site.specie.symbol in MAGNETIC for site in structure])


def _moments(structure: Structure) -> tuple[float, ...]:
    table = _materials_project_moments()
    return tuple(table.get(site.specie.symbol, 0.6) for site in structure)


@lru_cache(maxsize=1)
def _materials_project_moments() -> dict[str, float]:
    """MAGMOM of each element in MPRelaxSet; it gives 0.6 to all others."""
    from pymatgen.io.vasp.sets import MPRelaxSet

    table: dict[str, float] = MPRelaxSet.CONFIG["INCAR"]["MAGMOM"]
    return dict(table)
