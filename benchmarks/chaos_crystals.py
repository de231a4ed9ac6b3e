"""Small crystals for campaigns of which only the way matters."""

from __future__ import annotations

import json
from itertools import combinations, cycle
from typing import TYPE_CHECKING

from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

if TYPE_CHECKING:
    from pathlib import Path

METALS = (
    *("Li", "Na", "K", "Mg", "Ca", "Sr", "Al", "Ga", "In", "Sc", "Y", "Ti", "Zr", "Hf", "V"),
    *("Nb", "Ta", "Cr", "Mo", "W", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ag", "Au", "Pd", "Pt"),
)


def write_crystals(count: int, folder: Path) -> tuple[Path, Path]:
    """Write binary alloys of two atoms, no two alike, and their elements."""
    pairs = cycle(combinations(METALS, 2))
    num_pairs = len(METALS) * (len(METALS) - 1) // 2
    alloys = {
        f"{first}{second}-{index}": Structure(
            Lattice.cubic(3.3 + 0.02 * (index // num_pairs)),
            [first, second],
            [[0, 0, 0], [0.5, 0.5, 0.5]],
        )
        for index, (first, second) in zip(range(count), pairs, strict=False)
    }
    half = 2.1
    fcc = [[0, half, half], [half, 0, half], [half, half, 0]]
    elements = {each: Structure(fcc, [each], [[0, 0, 0]]) for each in METALS}
    return _write(folder / "alloys.jsonl", alloys), _write(folder / "elements.jsonl", elements)


def _write(path: Path, crystals: dict[str, Structure]) -> Path:
    rows = ({"material_id": name, "structure": each.as_dict()} for name, each in crystals.items())
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path
