"""Neighbor lists that outlive small moves: built with a skin, and trimmed at every step.

A list of all pairs within ``cutoff + skin`` stays complete while no pair outside it can have come
within the cutoff. The potential is handed only the pairs within the cutoff at the present geometry,
so that a skin costs it nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from facet.graph.torch_pairs import torch_pairs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jaxtyping import Bool, Float, Int
    from torch import Tensor

    from facet.graph.neighbors import Crystal, Pairs

SKIN = 0.5
"""Angstrom beyond the cutoff to which pairs are listed; a list then serves some tens of steps."""


@dataclass(frozen=True)
class SkinList:
    """Pairs of many crystals within the cutoff and a skin, and the geometry they were found at.

    Attributes:
        edge_index: Center and neighbor, numbered through the batch, sorted by center.
        edge_shifts: Integer cell translations of the neighbor, as floats.
        edge_structure: Crystal of each edge; never decreases.
        positions: Positions in angstrom when each crystal's pairs were found.
        cells: Cells in angstrom when they were found.
    """

    edge_index: Int[Tensor, "2 edges"]
    edge_shifts: Float[Tensor, "edges 3"]
    edge_structure: Int[Tensor, " edges"]
    positions: Float[Tensor, "atoms 3"]
    cells: Float[Tensor, "structures 3 3"]


@dataclass(frozen=True)
class Edges:
    """Pairs within the cutoff at one geometry.

    Attributes:
        edge_index: Center and neighbor, sorted by center.
        edge_shifts: Integer cell translations of the neighbor, as floats.
        distances: Length of each edge in angstrom.
        edge_structure: Crystal of each edge.
    """

    edge_index: Int[Tensor, "2 edges"]
    edge_shifts: Float[Tensor, "edges 3"]
    distances: Float[Tensor, " edges"]
    edge_structure: Int[Tensor, " edges"]


def list_of(crystal: Crystal, pairs: Pairs, device: torch.device) -> SkinList:
    """Start the list of one crystal from its pairs within cutoff and skin."""
    index = torch.as_tensor(np.stack([pairs.center, pairs.neighbor]), device=device)
    return SkinList(
        edge_index=index,
        edge_shifts=torch.as_tensor(pairs.shift).to(device, torch.float64),
        edge_structure=torch.zeros_like(index[0]),
        positions=torch.as_tensor(crystal.positions, device=device),
        cells=torch.as_tensor(crystal.cell, device=device)[None],
    )


def join_lists(lists: Sequence[SkinList]) -> SkinList:
    """Put the crystals of several lists one after the other."""
    atoms = np.cumsum([0, *(len(each.positions) for each in lists)]).tolist()
    structures = np.cumsum([0, *(len(each.cells) for each in lists)]).tolist()
    return SkinList(
        torch.cat([each.edge_index + atoms[i] for i, each in enumerate(lists)], dim=1),
        torch.cat([each.edge_shifts for each in lists]),
        torch.cat([each.edge_structure + structures[i] for i, each in enumerate(lists)]),
        torch.cat([each.positions for each in lists]),
        torch.cat([each.cells for each in lists]),
    )


def keep_crystals(
    pairs: SkinList, structures: Int[Tensor, " kept"], atoms: Int[Tensor, " kept_atoms"]
) -> SkinList:
    """Return the list of the crystals and atoms with these (ascending) indices."""
    new_structure = _new_numbers(structures, len(pairs.cells))
    edges = (new_structure[pairs.edge_structure] >= 0).nonzero().squeeze(1)
    return SkinList(
        _new_numbers(atoms, len(pairs.positions))[pairs.edge_index.index_select(1, edges)],
        pairs.edge_shifts.index_select(0, edges),
        new_structure[pairs.edge_structure.index_select(0, edges)],
        pairs.positions.index_select(0, atoms),
        pairs.cells.index_select(0, structures),
    )


def edges_within(
    pairs: SkinList,
    positions: Float[Tensor, "atoms 3"],
    cells: Float[Tensor, "structures 3 3"],
    cutoff: float,
) -> Edges:
    """Trim the list to the pairs closer than the cutoff (angstrom) at a geometry."""
    center, neighbor = pairs.edge_index
    vectors = positions.index_select(0, neighbor) - positions.index_select(0, center)
    for axis in range(3):
        rows = cells[:, axis].index_select(0, pairs.edge_structure)
        vectors = torch.addcmul(vectors, pairs.edge_shifts[:, axis, None], rows)
    distances = torch.linalg.vector_norm(vectors, dim=1)
    close = (distances < cutoff).nonzero().squeeze(1)
    return Edges(
        pairs.edge_index.index_select(1, close),
        pairs.edge_shifts.index_select(0, close),
        distances.index_select(0, close),
        pairs.edge_structure.index_select(0, close),
    )


def are_outdated(
    pairs: SkinList,
    positions: Float[Tensor, "atoms 3"],
    cells: Float[Tensor, "structures 3 3"],
    structure_index: Int[Tensor, " atoms"],
    cutoff: float,
) -> Bool[Tensor, " structures"]:
    """Tell the crystals whose list may miss a pair within the cutoff (angstrom).

    Undo the deformation F of the cell since the list was made; u is the largest displacement that
    remains. A pair now closer than the cutoff was then closer than ``|F^-1| cutoff + 2 u``.
    """
    back = torch.linalg.solve(cells, pairs.cells)
    drift = (positions[:, None] @ back[structure_index]).squeeze(1) - pairs.positions
    farthest = torch.zeros_like(cells[:, 0, 0]).scatter_reduce(
        0, structure_index, torch.linalg.vector_norm(drift, dim=1), "amax"
    )
    unit = torch.eye(3, dtype=cells.dtype, device=cells.device)
    stretch = 1 + torch.linalg.matrix_norm(back - unit)
    is_complete: Tensor = stretch * cutoff + 2 * farthest < cutoff + SKIN
    return ~is_complete


def replace_lists(
    pairs: SkinList, fresh: Mapping[int, SkinList], first_atom: Sequence[int]
) -> SkinList:
    """Put newly found lists of single crystals in the place of their outdated ones.

    Args:
        pairs: The list of the whole batch.
        fresh: New lists by the index of their crystal in the batch.
        first_atom: Index in the batch of the first atom of each crystal.
    """
    is_old = torch.zeros(len(pairs.cells), dtype=torch.bool, device=pairs.cells.device)
    is_old[list(fresh)] = True
    positions, cells = pairs.positions.clone(), pairs.cells.clone()
    for each, one in fresh.items():
        positions[first_atom[each] : first_atom[each] + len(one.positions)] = one.positions
        cells[each] = one.cells[0]
    new = fresh.items()
    # Where no crystal has a new list, the empty slices keep the shapes.
    found = SkinList(
        torch.cat(
            [pairs.edge_index[:, :0], *(one.edge_index + first_atom[i] for i, one in new)], dim=1
        ),
        torch.cat([pairs.edge_shifts[:0], *(one.edge_shifts for _, one in new)]),
        torch.cat([pairs.edge_structure[:0], *(one.edge_structure + i for i, one in new)]),
        positions,
        cells,
    )
    return _with_pairs(pairs, is_old, found)


def renewed(
    pairs: SkinList,
    is_old: Bool[Tensor, " structures"],
    positions: Float[Tensor, "atoms 3"],
    cells: Float[Tensor, "structures 3 3"],
    structure_index: Int[Tensor, " atoms"],
    reach: float,
) -> SkinList:
    """Find the pairs of the outdated crystals anew, all at once and where the tensors live.

    Args:
        pairs: The list of the whole batch.
        is_old: Crystals whose list is outdated; their geometry must be sound.
        positions: Present positions in angstrom.
        cells: Present cells in angstrom.
        structure_index: Crystal of each atom.
        reach: Cutoff and skin in angstrom.
    """
    old, atoms = is_old.nonzero().squeeze(1), is_old[structure_index].nonzero().squeeze(1)
    owner = _new_numbers(old, len(cells))[structure_index[atoms]]
    local, shifts = torch_pairs(positions[atoms], cells[old], owner, reach)
    edge_index = atoms[local]
    found = SkinList(
        edge_index,
        shifts,
        structure_index[edge_index[0]],
        torch.where(is_old[structure_index, None], positions, pairs.positions),
        torch.where(is_old[:, None, None], cells, pairs.cells),
    )
    return _with_pairs(pairs, is_old, found)


def _with_pairs(pairs: SkinList, is_old: Bool[Tensor, " structures"], found: SkinList) -> SkinList:
    """Drop the pairs of outdated crystals and sort in those found; the geometry is that found."""
    kept = (~is_old[pairs.edge_structure]).nonzero().squeeze(1)
    edge_index = torch.cat((pairs.edge_index.index_select(1, kept), found.edge_index), dim=1)
    shifts = torch.cat((pairs.edge_shifts.index_select(0, kept), found.edge_shifts))
    structure = torch.cat((pairs.edge_structure.index_select(0, kept), found.edge_structure))
    order = torch.argsort(edge_index[0], stable=True)
    return SkinList(
        edge_index.index_select(1, order),
        shifts.index_select(0, order),
        structure.index_select(0, order),
        found.positions,
        found.cells,
    )


def _new_numbers(kept: Int[Tensor, " kept"], count: int) -> Int[Tensor, " count"]:
    """Table from old to new index, -1 for what is not kept."""
    table = torch.full((count,), -1, dtype=torch.int64, device=kept.device)
    table[kept] = torch.arange(len(kept), device=kept.device)
    return table
