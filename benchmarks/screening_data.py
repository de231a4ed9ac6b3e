"""What the screening benchmark reads: candidates with known outcome, and phases with structures."""

from __future__ import annotations

import io
import lzma
import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ase.io
import numpy as np
from pymatgen.core.composition import Composition
from pymatgen.core.periodic_table import Element
from pymatgen.core.structure import Structure

from facet.graph.convert import crystal_from, crystal_from_atoms
from facet.graph.neighbors import Crystal
from screening.formulas import FormulaKey, amounts_of, formula_key
from screening.json_files import read_json
from workflows.evaluation.discovery import SOURCE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

POOL = "pool.npz.xz"
ELEMENTS = "MP-PBE-Element-Refs.json.gz"
POLYMORPHS = 3
"""Lowest polymorphs of an element, by DFT, that are relaxed; the potential says which is lowest."""

_GRID = 2**20  # fractional positions of the pool are integers of this grid


@dataclass(frozen=True, eq=False)
class KnownCandidate:
    """An unrelaxed candidate and what DFT found.

    Attributes:
        name: Unique in the file.
        formula: Reduced formula.
        crystal: Unrelaxed geometry.
        composition: Of the cell.
        is_certain: Whether the DFT label is of this very crystal.
        as_shipped: DFT distance to the hull of all phases in eV/atom.
        without_own: That without phases of its own formula; NaN where it is not known.
        formation_energy: By DFT in eV/atom.
    """

    name: str
    formula: str
    crystal: Crystal
    composition: Composition
    is_certain: bool
    as_shipped: float
    without_own: float
    formation_energy: float


def read_known(path: Path) -> list[KnownCandidate]:
    """Read all candidates of the campaign file, certain ones first."""
    text = io.StringIO(lzma.decompress(path.read_bytes()).decode())
    found = [_known(each) for each in ase.io.iread(text, index=":", format="extxyz")]
    return sorted(found, key=lambda each: not each.is_certain)


def _known(atoms: Any) -> KnownCandidate:  # noqa: ANN401 (ase has no types)
    info = atoms.info
    return KnownCandidate(
        name=str(info["candidate_of"]),
        formula=str(info["formula"]),
        crystal=crystal_from_atoms(atoms),
        composition=Composition(atoms.get_chemical_formula()),
        is_certain=info["source"] == SOURCE,
        as_shipped=float(info["dft_e_above_hull"]),
        without_own=float(info.get("dft_e_above_hull_excl_own", math.nan)),
        formation_energy=float(info["dft_e_form"]),
    )


class Pool:
    """Crystals of the pool by the id and the formula of the phase that they are."""

    def __init__(self, path: Path) -> None:
        with np.load(io.BytesIO(lzma.decompress(path.read_bytes()))) as stored:
            self._arrays = {name: stored[name] for name in ("n", "Z", "frac", "cell", "id")}
        counts = self._arrays["n"].astype(int)
        self._ends = np.cumsum(counts)
        self._starts = self._ends - counts
        self._by_phase: dict[tuple[str, FormulaKey], list[int]] = defaultdict(list)
        for index in range(len(counts)):
            self._by_phase[self._id(index), self._formula(index)].append(index)

    def holds(self, phase_id: str, formula: str) -> bool:
        """Tell whether there is a crystal of this phase."""
        return (phase_id, key_of(formula)) in self._by_phase

    def crystals(self, phase_id: str, formula: str) -> Iterator[tuple[str, Crystal]]:
        """Yield every crystal of a phase with its name; several sources may have relaxed it."""
        for index in self._by_phase.get((phase_id, key_of(formula)), []):
            yield f"pool:{phase_id}-{index}", self._crystal(index)

    def _id(self, index: int) -> str:
        return str(self._arrays["id"][index].decode())

    def _formula(self, index: int) -> FormulaKey:
        numbers = self._arrays["Z"][self._starts[index] : self._ends[index]]
        kinds, counts = np.unique(numbers, return_counts=True)
        pairs = zip(kinds.tolist(), counts.tolist(), strict=True)
        return formula_key({Element.from_Z(kind).symbol: count for kind, count in pairs})

    def _crystal(self, index: int) -> Crystal:
        here = slice(self._starts[index], self._ends[index])
        cell = self._arrays["cell"][index].astype(float)
        species = self._arrays["Z"][here].astype(int)
        return Crystal(species, self._arrays["frac"][here] / _GRID @ cell, cell)


def element_crystals(path: Path, symbols: Collection[str]) -> dict[str, Crystal]:
    """Return the lowest polymorphs of some elements by name."""
    stored: Any = read_json(path)
    found = {}
    for symbol in sorted(symbols & stored.keys()):
        order = np.argsort(stored[symbol]["energy_per_atom"])[:POLYMORPHS]
        for index in order.tolist():
            structure = Structure.from_dict(stored[symbol]["structure"][index])
            found[f"element:{symbol}-{index}"] = crystal_from(structure)
    return found


def key_of(formula: str) -> FormulaKey:
    """Return what all ways to write a reduced formula have in common."""
    return formula_key(amounts_of(formula))
