"""Coordinates of crystals of similar size as rows of one dense array.

The logarithm of the deformation is symmetric here, which loses nothing but rotations: six numbers,
off-diagonal components times the root of two so that scalar products stay what they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jaxtyping import Float, Int
    from torch import Tensor

PACK_SIZES = (12, 24, 48, 96, 192)
"""Crystals are packed with others of up to so many atoms; larger ones all together."""

NUM_CELL = 6
"""Components of the symmetric logarithm of the deformation."""

INDICES = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))


@dataclass(frozen=True)
class Pack:
    """Which crystals lie in the rows of an array, and where their atoms are.

    A row holds the three coordinates of each atom, zeros, and six for the cell.

    Attributes:
        crystals: Their indices in the batch.
        atoms: Indices of their atoms in the batch.
        row: Row of each of these atoms.
        column: Place of each of these atoms in its row.
        width: Atoms for which there is room in a row.
    """

    crystals: Int[Tensor, " rows"]
    atoms: Int[Tensor, " packed"]
    row: Int[Tensor, " packed"]
    column: Int[Tensor, " packed"]
    width: int

    @property
    def length(self) -> int:
        """Numbers in a row."""
        return 3 * self.width + NUM_CELL

    def pack(
        self,
        of_atoms: Float[Tensor, "atoms vectors 3"],
        of_cells: Float[Tensor, "structures vectors 3 3"],
    ) -> Float[Tensor, "rows vectors length"]:
        """Lay several vectors of each crystal into rows."""
        count = of_atoms.shape[1]
        table = of_atoms.new_zeros((len(self.crystals), self.width, count, 3))
        table[self.row, self.column] = of_atoms.index_select(0, self.atoms)
        flat = table.transpose(1, 2).reshape(len(self.crystals), count, 3 * self.width)
        return torch.cat([flat, six_of(of_cells.index_select(0, self.crystals))], dim=2)

    def unpack_atoms(self, rows: Float[Tensor, "rows length"]) -> Float[Tensor, "packed 3"]:
        """Take the parts of the atoms out of the rows, in the order of ``atoms``."""
        table = rows[:, :-NUM_CELL].reshape(len(rows), self.width, 3)
        taken: Tensor = table[self.row, self.column]
        return taken


def packs_of(
    num_atoms: Int[Tensor, " structures"], structure_index: Int[Tensor, " atoms"]
) -> Iterator[Pack]:
    """Sort crystals into packs by their number of atoms."""
    first = torch.cumsum(num_atoms, 0) - num_atoms
    bounds = torch.tensor(PACK_SIZES, device=num_atoms.device)
    kind = torch.searchsorted(bounds, num_atoms)
    place = torch.arange(len(structure_index), device=num_atoms.device) - first[structure_index]
    for each in range(len(PACK_SIZES) + 1):
        crystals = (kind == each).nonzero().squeeze(1)
        if len(crystals) == 0:
            continue
        row_of = torch.zeros_like(num_atoms)
        row_of[crystals] = torch.arange(len(crystals), device=num_atoms.device)
        atoms = (kind[structure_index] == each).nonzero().squeeze(1)
        width = int(num_atoms[crystals].max())
        yield Pack(crystals, atoms, row_of[structure_index[atoms]], place[atoms], width)


def six_of(matrices: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch 6"]:
    """Components of the symmetric part."""
    components: Tensor = matrices.flatten(-2) @ symmetric_basis(matrices).flatten(1).mT
    return components


def matrices_of(components: Float[Tensor, "*batch 6"]) -> Float[Tensor, "*batch 3 3"]:
    """Symmetric matrices with these components."""
    matrices: Tensor = components @ symmetric_basis(components).flatten(1)
    return matrices.reshape(*components.shape[:-1], 3, 3)


def symmetric_basis(like: Tensor) -> Float[Tensor, "6 3 3"]:
    """Six orthonormal symmetric matrices, in the dtype and on the device of a tensor."""
    return _basis(like.dtype, like.device)


@cache
def _basis(dtype: torch.dtype, device: torch.device) -> Float[Tensor, "6 3 3"]:
    """Build the matrices once; nobody writes into them."""
    basis = torch.zeros((NUM_CELL, 3, 3), dtype=dtype, device=device)
    for place, (row, column) in enumerate(INDICES):
        basis[place, row, column] = basis[place, column, row] = 1 if row == column else 0.5**0.5
    return basis
