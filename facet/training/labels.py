"""Labeled frames packed in arrays: what training and evaluation read."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from facet.errors import DataError
from facet.graph.neighbors import Crystal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

Formula = tuple[tuple[int, int], ...]
"""Reduced formula: pairs of atomic number and count, sorted."""


@dataclass(frozen=True)
class Frame:
    """One labeled structure.

    Attributes:
        crystal: Species, positions and cell.
        energy: Total energy in eV.
        forces: Forces in eV/angstrom, shape (atoms, 3).
        stress: Stress in eV/angstrom^3, ASE's sign, shape (3, 3).
        kind: How the frame was made, a small number explained by its data set.
        parent: Structure that it was made from.
    """

    crystal: Crystal
    energy: float
    forces: np.ndarray
    stress: np.ndarray
    kind: int
    parent: str


@dataclass(frozen=True)
class FrameSet:
    """Many frames in a few arrays; atoms of one frame are contiguous.

    Attributes:
        n: Atoms of each frame, shape (frames,).
        Z: Atomic numbers, shape (atoms,).
        frac: Fractional positions, shape (atoms, 3).
        cell: Cell vectors as rows in angstrom, shape (frames, 3, 3).
        energy: Total energies in eV, shape (frames,).
        forces: Forces in eV/angstrom, shape (atoms, 3).
        stress: Stresses in eV/angstrom^3, ASE's sign, shape (frames, 3, 3).
        kind: How each frame was made, shape (frames,).
        id: Parent of each frame, shape (frames,).
    """

    n: np.ndarray
    Z: np.ndarray
    frac: np.ndarray
    cell: np.ndarray
    energy: np.ndarray
    forces: np.ndarray
    stress: np.ndarray
    kind: np.ndarray
    id: np.ndarray

    def __len__(self) -> int:
        return len(self.n)

    @property
    def starts(self) -> np.ndarray:
        """First atom of each frame."""
        counts = self.n.astype(np.int64)
        return np.cumsum(counts) - counts

    def frames(self, indices: Sequence[int] | np.ndarray) -> Iterator[Frame]:
        """Yield frames by their numbers."""
        starts = self.starts
        for index in indices:
            atoms = slice(int(starts[index]), int(starts[index]) + int(self.n[index]))
            cell = self.cell[index].astype(np.float64)
            yield Frame(
                crystal=Crystal(
                    species=self.Z[atoms].astype(np.int64),
                    positions=self.frac[atoms].astype(np.float64) @ cell,
                    cell=cell,
                ),
                energy=float(self.energy[index]),
                forces=self.forces[atoms],
                stress=self.stress[index],
                kind=int(self.kind[index]),
                parent=str(self.id[index]),
            )

    def formulas(self) -> list[Formula]:
        """Reduced formula of every frame."""
        starts = self.starts
        return [
            reduced_formula(self.Z[start : start + int(count)])
            for start, count in zip(starts, self.n, strict=True)
        ]

    def digest(self) -> str:
        """SHA-256 of all arrays, to name the data in a training card."""
        total = hashlib.sha256()
        for each in fields(self):
            total.update(np.ascontiguousarray(getattr(self, each.name)).tobytes())
        return total.hexdigest()


def reduced_formula(numbers: np.ndarray) -> Formula:
    """Atomic numbers and their counts divided by the greatest common divisor."""
    elements, counts = np.unique(numbers, return_counts=True)
    divisor = math.gcd(*counts.tolist())
    return tuple(zip(elements.tolist(), (counts // divisor).tolist(), strict=True))


def read_shards(paths: Sequence[Path]) -> FrameSet:
    """Join the frames of several ``.npz`` shards.

    Raises:
        DataError: There is no shard, or one lacks an array.
    """
    if not paths:
        raise DataError("No label shards were found; check the path in the training config.")
    names = [each.name for each in fields(FrameSet)]
    parts: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for path in paths:
        with np.load(path, allow_pickle=False) as shard:
            missing = sorted(set(names) - set(shard.files))
            if missing:
                raise DataError(f"{path} lacks the arrays {', '.join(missing)}; label it anew.")
            for name in names:
                parts[name].append(shard[name])
    return FrameSet(**{name: np.concatenate(arrays) for name, arrays in parts.items()})
