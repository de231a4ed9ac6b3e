"""Labeled frames packed in arrays: what training and evaluation read."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from facet.errors import DataError
from facet.graph.neighbors import Crystal
from facet.training.parts import Parts, join, map_arrays, read_arrays

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

Formula = tuple[tuple[int, int], ...]
"""Reduced formula: pairs of atomic number and count, sorted."""


ATOM_ARRAYS = ("Z", "frac", "forces")
"""Arrays of a shard with a row for every atom: nearly all of its bytes."""

MAX_IN_MEMORY = 2**29
"""Bytes of shards that are read as a whole; what is larger stays on disk."""


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

    Arrays with a row for every atom may stay on disk.

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
    Z: np.ndarray | Parts
    frac: np.ndarray | Parts
    cell: np.ndarray
    energy: np.ndarray
    forces: np.ndarray | Parts
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
            array = getattr(self, each.name)
            for part in array if isinstance(array, Parts) else [array]:
                total.update(np.ascontiguousarray(part).reshape(-1).view(np.uint8).data)
        return total.hexdigest()


def reduced_formula(numbers: np.ndarray) -> Formula:
    """Atomic numbers and their counts divided by the greatest common divisor."""
    elements, counts = np.unique(numbers, return_counts=True)
    divisor = math.gcd(*counts.tolist())
    return tuple(zip(elements.tolist(), (counts // divisor).tolist(), strict=True))


def read_shards(paths: Sequence[Path]) -> FrameSet:
    """Join the frames of several ``.npz`` shards; many uncompressed ones stay on disk.

    Raises:
        DataError: There is no shard, or one lacks an array.
    """
    if not paths:
        raise DataError("No label shards were found; check the path in the training config.")
    is_large = sum(path.stat().st_size for path in paths) > MAX_IN_MEMORY
    names = [each.name for each in fields(FrameSet)]
    parts: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for path in paths:
        arrays = map_arrays(path) if is_large else read_arrays(path)
        missing = sorted(set(names) - set(arrays))
        if missing:
            raise DataError(f"{path} lacks the arrays {', '.join(missing)}; label it anew.")
        for name in names:
            parts[name].append(arrays[name])
    joined: dict[str, Any] = {
        name: join(arrays) if name in ATOM_ARRAYS else np.concatenate(arrays)
        for name, arrays in parts.items()
    }
    return FrameSet(**joined)
