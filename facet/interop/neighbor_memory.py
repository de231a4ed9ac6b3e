"""Batches of systems that another program moves: neighbor lists remembered from call to call.

Unlike Facet's own crystals these may end in some directions, as molecules and slabs do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from facet.errors import InvalidStructure
from facet.graph.batch import GraphBatch
from facet.graph.neighbors import Crystal, find_pairs
from facet.graph.skin import SKIN, are_outdated, edges_within, join_lists, list_of, replace_lists

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jaxtyping import Bool, Float, Int
    from torch import Tensor

    from facet.graph.skin import SkinList


@dataclass(frozen=True)
class Systems:
    """Geometry of the systems of one call, all tensors on one device.

    Attributes:
        positions: Cartesian positions in angstrom, in double precision; atoms of one system are
            contiguous and systems follow each other.
        species: Atomic numbers.
        cells: Cell vectors as rows in angstrom, in double precision; those along which the systems
            end may be zero.
        structure_index: The system that each atom belongs to.
        is_periodic: Whether the systems repeat along the first, second and third cell vector.
    """

    positions: Float[Tensor, "atoms 3"]
    species: Int[Tensor, " atoms"]
    cells: Float[Tensor, "structures 3 3"]
    structure_index: Int[Tensor, " atoms"]
    is_periodic: Bool[Tensor, " 3"]

    @property
    def has_volume(self) -> Bool[Tensor, " structures"]:
        """Whether the cell of each system encloses a volume, so that a stress has a meaning."""
        return ~_is_flat(self.cells)

    @property
    def atoms_per_structure(self) -> Int[Tensor, " structures"]:
        """Number of atoms in each system."""
        return torch.bincount(self.structure_index, minlength=len(self.cells))

    def crystals(self) -> list[Crystal]:
        """Every system by itself, copied: whoever owns the tensors may write into them."""
        starts = np.cumsum(self.atoms_per_structure.tolist())[:-1]
        species = np.split(self.species.cpu().numpy().copy(), starts)
        positions = np.split(self.positions.cpu().numpy().copy(), starts)
        cells = self.cells.cpu().numpy().copy()
        return [Crystal(*each) for each in zip(species, positions, cells, strict=True)]


@dataclass(frozen=True)
class _Remembered:
    """Pairs found earlier, and what must not have changed for them to serve.

    Attributes:
        structure_index: As in the systems then.
        is_periodic: As in the systems then.
        pairs: Pairs within cutoff and skin; its cells are boxes where the systems end.
    """

    structure_index: Tensor
    is_periodic: Tensor
    pairs: SkinList

    def fits(self, systems: Systems) -> bool:
        """Whether the systems are as many, as large and as periodic as then."""
        return (
            self.pairs.positions.device == systems.positions.device
            and torch.equal(self.structure_index, systems.structure_index)
            and torch.equal(self.is_periodic, systems.is_periodic)
        )

    def cells(self, systems: Systems) -> Float[Tensor, "structures 3 3"]:
        """Cells now; along directions without repetition the boxes, which no edge crosses."""
        return torch.where(systems.is_periodic[:, None], systems.cells, self.pairs.cells)


class NeighborMemory:
    """Joins systems into batches, and finds neighbors anew only where atoms moved too far.

    Nothing is assumed of how one call follows from the one before: lists are judged by the
    geometry alone, so that systems may be exchanged, wrapped into their cells or moved in place.

    Args:
        cutoff: Of the potential, in angstrom.
    """

    def __init__(self, cutoff: float) -> None:
        self.cutoff = cutoff
        self._last: _Remembered | None = None

    def batch(self, systems: Systems, dtype: torch.dtype) -> GraphBatch:
        """Join the systems into one batch with all pairs within the cutoff.

        Systems whose cell has no volume are given that of a box around them.

        Args:
            systems: Their present geometry.
            dtype: Precision of the batch.

        Raises:
            InvalidStructure: Names the place of a system without a meaningful neighbor list.
        """
        last = self._last = self._renewed(systems)
        cells = last.cells(systems)
        edges = edges_within(last.pairs, systems.positions, cells, self.cutoff)
        batch = GraphBatch(
            positions=systems.positions,
            species=systems.species,
            cells=torch.where(systems.has_volume[:, None, None], systems.cells, cells),
            structure_index=systems.structure_index,
            edge_index=edges.edge_index,
            edge_shifts=edges.edge_shifts,
        )
        return batch.to(dtype=dtype)

    def _renewed(self, systems: Systems) -> _Remembered:
        """Lists that are complete at the present geometry."""
        last = self._last
        if last is None or not last.fits(systems):
            lists = self._find(systems, range(len(systems.cells)))
            return _Remembered(
                systems.structure_index.clone(),
                systems.is_periodic.clone(),
                join_lists(list(lists.values())),
            )
        cells = last.cells(systems)
        is_flat = _is_flat(cells)  # cannot be inverted, and is refused by name when looked at
        is_old = is_flat | are_outdated(
            last.pairs,
            systems.positions,
            torch.where(is_flat[:, None, None], last.pairs.cells, cells),
            systems.structure_index,
            self.cutoff,
        )
        old = is_old.nonzero().flatten().tolist()
        if not old:
            return last
        first_atom = [0, *torch.cumsum(systems.atoms_per_structure, 0).tolist()]
        fresh = self._find(systems, old)
        return replace(last, pairs=replace_lists(last.pairs, fresh, first_atom))

    def _find(self, systems: Systems, indices: Iterable[int]) -> dict[int, SkinList]:
        """Find the pairs of some systems within cutoff and skin."""
        is_periodic = systems.is_periodic.cpu().numpy()
        crystals = systems.crystals()
        reach = self.cutoff + SKIN
        found = {}
        for index in indices:
            crystal = boxed(crystals[index], is_periodic, reach)
            try:
                pairs = find_pairs(crystal, reach)
            except InvalidStructure as error:
                raise InvalidStructure(f"System {index} (counted from 0): {error}") from error
            found[index] = list_of(crystal, pairs, systems.positions.device)
        return found


def boxed(crystal: Crystal, is_periodic: np.ndarray, reach: float) -> Crystal:
    """Give a system that ends in some directions a cell whose images there are out of reach.

    Args:
        crystal: Cell vectors along which it ends are replaced, whatever they are.
        is_periodic: Whether it repeats along each cell vector, shape (3,).
        reach: Distance in angstrom within which images would be seen.
    """
    if is_periodic.all() or not np.isfinite(crystal.cell).all():
        return crystal
    cell = np.where(is_periodic[:, None], crystal.cell, 0.0)
    # The right singular vectors that belong to no cell vector are normal to all of them.
    normals = np.linalg.svd(cell)[2][is_periodic.sum() :]
    extent = np.ptp(crystal.positions @ normals.T, axis=0)
    cell[~is_periodic] = normals * (extent + 2 * reach)[:, None]
    return crystal._replace(cell=cell)


def _is_flat(cells: Float[Tensor, "structures 3 3"]) -> Bool[Tensor, " structures"]:
    is_flat: Tensor = torch.linalg.det(cells) == 0
    return is_flat
