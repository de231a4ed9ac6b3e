"""Tensors of many crystals evaluated together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor


@dataclass(frozen=True)
class GraphBatch:
    """Atoms, cells and directed edges of one or more periodic structures.

    Atoms of one structure are contiguous and structures follow each other in order, so that
    ``structure_index`` never decreases. Every pair within the cutoff appears twice, once from
    each side.

    Attributes:
        positions: Cartesian positions in angstrom.
        species: Atomic numbers.
        cells: Cell vectors as rows, in angstrom.
        structure_index: The structure that each atom belongs to.
        edge_index: Row 0 the center i, row 1 the neighbor j; sorted by center.
        edge_shifts: Integer cell translations S of the neighbor, in the dtype of the positions.
    """

    positions: Float[Tensor, "atoms 3"]
    species: Int[Tensor, " atoms"]
    cells: Float[Tensor, "structures 3 3"]
    structure_index: Int[Tensor, " atoms"]
    edge_index: Int[Tensor, "2 edges"]
    edge_shifts: Float[Tensor, "edges 3"]

    @property
    def num_structures(self) -> int:
        """Number of structures."""
        return self.cells.shape[0]

    @property
    def num_atoms(self) -> int:
        """Number of atoms of all structures together."""
        return self.positions.shape[0]

    @property
    def num_edges(self) -> int:
        """Number of directed edges of all structures together."""
        return self.edge_index.shape[1]

    @property
    def atoms_per_structure(self) -> Int[Tensor, " structures"]:
        """Number of atoms in each structure."""
        return torch.bincount(self.structure_index, minlength=self.num_structures)

    @property
    def volumes(self) -> Float[Tensor, " structures"]:
        """Cell volumes in A^3, positive for left-handed cells too."""
        determinants: Tensor = torch.linalg.det(self.cells)
        return determinants.abs()

    @property
    def edge_vectors(self) -> Float[Tensor, "edges 3"]:
        """Vectors ``r_j - r_i + S cell`` in angstrom."""
        center, neighbor = self.edge_index
        cells = self.cells[self.structure_index[center]]
        shifts = torch.einsum("ei,eij->ej", self.edge_shifts, cells)
        vectors: Tensor = self.positions[neighbor] - self.positions[center] + shifts
        return vectors

    def to(
        self, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> GraphBatch:
        """Return the batch on a device, with floating tensors in a dtype."""
        return replace(
            self,
            positions=self.positions.to(device, dtype),
            species=self.species.to(device),
            cells=self.cells.to(device, dtype),
            structure_index=self.structure_index.to(device),
            edge_index=self.edge_index.to(device),
            edge_shifts=self.edge_shifts.to(device, dtype),
        )
