"""A crystal as a scene: atoms in their cell, its edges, and bonds; as ``viewer.js`` shows it."""

from __future__ import annotations

from itertools import combinations, product
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.data import chemical_symbols, covalent_radii
from ase.data.colors import jmol_colors

from workflows.report.scene import Ball, Scene, Stick, scene_svg

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from db.documents.geometry import Geometry

ATOM = 0.5
"""Radius of a ball over the covalent radius."""

BOND = 1.15
"""Longest bond over the sum of covalent radii."""

SHORTEST_BOND = 0.4
LONGEST_BOND = 3.6
BOND_WIDTH = 0.14
NEAR_EDGE = 0.02
"""Fraction of the cell within which an atom is shown on both sides."""

MOST_BONDED = 400
UNKNOWN_COLOR = "#ff1493"
UNKNOWN_RADIUS = 1.2


def structure_svg(geometry: Geometry, title: str) -> str:
    """Return the still picture of a crystal.

    Args:
        geometry: Its atoms and cell, in angstrom.
        title: What it is called for those who do not see it.
    """
    return scene_svg(structure_scene(geometry), title)


def structure_scene(geometry: Geometry) -> Scene:
    """Return a crystal as balls and sticks."""
    numbers, positions = _shown_atoms(geometry)
    balls = tuple(
        Ball(_point(at), ATOM * _radius(number), element_color(number))
        for number, at in zip(numbers, positions, strict=True)
    )
    return Scene(balls, (*_edges(geometry.cell), *_bonds(numbers, positions)))


def structure_data(geometry: Geometry) -> dict[str, Any]:
    """Return a crystal as ``facetViewer`` of ``viewer.js`` reads it."""
    return {
        "cell": np.round(geometry.cell, 3).tolist(),
        "species": [chemical_symbols[each] for each in geometry.numbers.tolist()],
        "positions": np.round(geometry.positions, 3).tolist(),
    }


def element_color(number: int) -> str:
    """Return the color of an element by its atomic number, after Jmol."""
    if not 0 < number < len(jmol_colors):
        return UNKNOWN_COLOR
    red, green, blue = np.rint(255 * jmol_colors[number]).astype(int).tolist()
    return f"#{red:02x}{green:02x}{blue:02x}"


def element_colors(geometry: Geometry) -> dict[str, str]:
    """Return the color of each element of a crystal by its symbol, in the order of its atoms."""
    numbers = dict.fromkeys(geometry.numbers.tolist())
    return {chemical_symbols[each]: element_color(each) for each in numbers}


def _radius(number: int) -> float:
    is_known = 0 < number < len(jmol_colors)
    return float(covalent_radii[number]) if is_known else UNKNOWN_RADIUS


def _shown_atoms(geometry: Geometry) -> tuple[list[int], NDArray[np.float64]]:
    """Every atom in the cell, those on its boundary on each side: numbers, positions (atoms, 3)."""
    parts = geometry.positions @ np.linalg.inv(geometry.cell)
    parts = parts - np.floor(parts)
    parts[parts > 1 - NEAR_EDGE / 4] -= 1
    numbers, shown = [], []
    for number, part in zip(geometry.numbers.tolist(), parts, strict=True):
        choices = [(each, each + 1) if each < NEAR_EDGE else (each,) for each in part]
        for image in product(*choices):
            numbers.append(number)
            shown.append(image)
    return numbers, np.array(shown).reshape(-1, 3) @ geometry.cell


def _edges(cell: NDArray[np.float64]) -> list[Stick]:
    """The twelve edges of the cell."""
    corners = list(product((0, 1), repeat=3))
    return [
        Stick(_point(np.array(one) @ cell), _point(np.array(other) @ cell), "--faint")
        for one, other in combinations(corners, 2)
        if sum(abs(a - b) for a, b in zip(one, other, strict=True)) == 1
    ]


def _bonds(numbers: list[int], positions: NDArray[np.float64]) -> list[Stick]:
    """Lines between atoms that are near each other; none where they would be a thicket."""
    if len(numbers) > MOST_BONDED:
        return []
    radii = np.array([_radius(each) for each in numbers])
    lengths = np.linalg.norm(positions[:, None] - positions[None], axis=-1)
    reach = np.minimum(LONGEST_BOND, BOND * (radii[:, None] + radii[None]))
    is_bond = (lengths > SHORTEST_BOND) & (lengths < reach)
    return [
        Stick(_point(positions[one]), _point(positions[other]), "--axis", BOND_WIDTH)
        for one, other in np.argwhere(np.triu(is_bond))
    ]


def _point(at: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = at.tolist()
    return x, y, z
