"""Periodic neighbor lists of one structure or of a whole batch.

On a CPU the list comes from vesin where it is installed. On a GPU, and where there is no vesin,
``torch_pairs`` finds the same pairs.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from facet.errors import InvalidStructure
from facet.graph.batch import GraphBatch
from facet.graph.torch_pairs import torch_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

HAS_VESIN = find_spec("vesin") is not None

MIN_VOLUME_PER_ATOM = 0.1
"""A^3; a cell with less room than this is degenerate, and its images would be countless."""


class Crystal(NamedTuple):
    """Numbers of one periodic structure, without a graph.

    Attributes:
        species: Atomic numbers, shape (atoms,).
        positions: Cartesian positions in angstrom, shape (atoms, 3).
        cell: Cell vectors as rows in angstrom, shape (3, 3).
        is_held: Fractional coordinates that a relaxation must not change, shape (atoms, 3); None
            where everything may move.
    """

    species: np.ndarray
    positions: np.ndarray
    cell: np.ndarray
    is_held: np.ndarray | None = None


class Pairs(NamedTuple):
    """Directed pairs of one structure, sorted by center.

    Attributes:
        center: Index of the atom looked from, shape (pairs,).
        neighbor: Index of the atom looked at, shape (pairs,).
        shift: Integer cell translation of the neighbor, shape (pairs, 3).
    """

    center: np.ndarray
    neighbor: np.ndarray
    shift: np.ndarray


def find_pairs(crystal: Crystal, cutoff: float) -> Pairs:
    """Find every ordered pair closer than the cutoff, periodic images and self-images included.

    Raises:
        InvalidStructure: The crystal has no atoms, a number that is not finite, or no volume.
    """
    check_geometry(crystal)
    if not HAS_VESIN:
        return _torch_pairs_of(crystal, cutoff)
    import vesin  # optional where only torch is installed

    finder = vesin.NeighborList(cutoff=cutoff, full_list=True, sorted=True, n_threads=1)
    center, neighbor, shift = finder.compute(
        np.ascontiguousarray(crystal.positions, dtype=np.float64),
        np.ascontiguousarray(crystal.cell, dtype=np.float64),
        periodic=True,
        quantities="ijS",
    )
    return Pairs(center.astype(np.int64), neighbor.astype(np.int64), shift)


def _torch_pairs_of(crystal: Crystal, cutoff: float) -> Pairs:
    """Pairs of one crystal where there is no neighbor-list library."""
    index, shift = torch_pairs(
        torch.as_tensor(np.asarray(crystal.positions, dtype=np.float64)),
        torch.as_tensor(np.asarray(crystal.cell, dtype=np.float64))[None],
        torch.zeros(len(crystal.species), dtype=torch.int64),
        cutoff,
    )
    return Pairs(index[0].numpy(), index[1].numpy(), shift.to(torch.int32).numpy())


def check_geometry(crystal: Crystal) -> None:
    """Refuse geometry for which a neighbor list has no meaning.

    Raises:
        InvalidStructure: As ``find_pairs``.
    """
    if len(crystal.species) == 0:
        raise InvalidStructure("The structure has no atoms; remove it from the input.")
    if not (np.isfinite(crystal.positions).all() and np.isfinite(crystal.cell).all()):
        raise InvalidStructure("A position or cell vector is not a finite number; mend the input.")
    volume = abs(np.linalg.det(np.asarray(crystal.cell, dtype=np.float64)))
    if volume < MIN_VOLUME_PER_ATOM * len(crystal.species):
        raise InvalidStructure(
            f"The cell volume of {volume:.3g} A^3 leaves no room for {len(crystal.species)} atoms; "
            "check the lattice vectors and their units (angstrom)."
        )


def build_batch(
    crystals: Sequence[Crystal],
    cutoff: float,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
) -> GraphBatch:
    """Join crystals into one batch with all pairs within the cutoff (angstrom).

    On a GPU the pairs of all crystals are found there at once.

    Raises:
        InvalidStructure: One of the crystals has no meaningful neighbor list.
    """
    if torch.device(device).type != "cpu":
        return build_batch_there(crystals, cutoff, dtype, device)
    return join_crystals(crystals, [find_pairs(each, cutoff) for each in crystals], dtype, device)


def build_batch_there(
    crystals: Sequence[Crystal], cutoff: float, dtype: torch.dtype, device: torch.device | str
) -> GraphBatch:
    """As ``build_batch``, with all pairs found on the device.

    Raises:
        InvalidStructure: As ``build_batch``.
    """
    for each in crystals:
        check_geometry(each)
    nothing = Pairs(*(np.zeros(shape, dtype=np.int64) for shape in (0, 0, (0, 3))))
    bare = join_crystals(crystals, [nothing] * len(crystals), torch.float64, device)
    edge_index, shifts = torch_pairs(bare.positions, bare.cells, bare.structure_index, cutoff)
    return GraphBatch(
        positions=bare.positions.to(dtype),
        species=bare.species,
        cells=bare.cells.to(dtype),
        structure_index=bare.structure_index,
        edge_index=edge_index,
        edge_shifts=shifts.to(dtype),
    )


def join_crystals(
    crystals: Sequence[Crystal],
    pairs: Sequence[Pairs],
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
) -> GraphBatch:
    """Join crystals whose pairs are known into one batch."""
    sizes = np.array([len(each.species) for each in crystals], dtype=np.int64)
    counts = np.array([len(each.center) for each in pairs], dtype=np.int64)
    offset = np.repeat(np.cumsum(sizes) - sizes, counts)
    center = np.concatenate([each.center for each in pairs]) + offset
    neighbor = np.concatenate([each.neighbor for each in pairs]) + offset

    def real(arrays: list[np.ndarray]) -> Tensor:
        return torch.as_tensor(np.concatenate(arrays)).to(device, dtype)

    return GraphBatch(
        positions=real([each.positions for each in crystals]),
        species=torch.as_tensor(
            np.concatenate([each.species for each in crystals]).astype(np.int64), device=device
        ),
        cells=torch.as_tensor(np.stack([each.cell for each in crystals])).to(device, dtype),
        structure_index=torch.as_tensor(np.repeat(np.arange(len(crystals)), sizes), device=device),
        edge_index=torch.as_tensor(np.stack([center, neighbor]), device=device),
        edge_shifts=real([each.shift for each in pairs]),
    )
