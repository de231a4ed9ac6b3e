"""Neighbor lists of a whole batch in plain torch, on whatever device the batch lives."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jaxtyping import Float, Int
    from torch import Tensor

MAX_CANDIDATES = 2**22
"""Pairs that are tried at a time: a few hundred megabytes, however large the batch."""


class Candidates(NamedTuple):
    """How the pairs that are tried are numbered: by structure, image, center, neighbor.

    Attributes:
        end: Number after the last candidate of each structure.
        num_tried: Candidates of each structure.
        num_atoms: Atoms of each structure.
        first_atom: First atom of each structure.
        reach: Images of the cell to each side along each axis.
    """

    end: Int[Tensor, " structures"]
    num_tried: Int[Tensor, " structures"]
    num_atoms: Int[Tensor, " structures"]
    first_atom: Int[Tensor, " structures"]
    reach: Int[Tensor, "structures 3"]


def torch_pairs(
    positions: Float[Tensor, "atoms 3"],
    cells: Float[Tensor, "structures 3 3"],
    structure_index: Int[Tensor, " atoms"],
    cutoff: float,
) -> tuple[Int[Tensor, "2 edges"], Float[Tensor, "edges 3"]]:
    """Find every ordered pair of every structure by trying all images that can reach.

    The work grows with the square of the number of atoms in a structure: made for many small
    crystals at once.

    Args:
        positions: Cartesian positions in angstrom; atoms may lie outside their cells.
        cells: Cell vectors as rows in angstrom, each with a volume.
        structure_index: Structure of each atom; never decreases.
        cutoff: Largest distance in angstrom.

    Returns:
        Centers and neighbors, sorted by center, and the integer shift of each neighbor.
    """
    home = torch.floor((positions[:, None] @ torch.linalg.inv(cells)[structure_index]).squeeze(1))
    inside = positions - (home[:, None] @ cells[structure_index]).squeeze(1)
    candidates = _candidates(cells, structure_index, cutoff)
    found = [
        _close_pairs(numbers, candidates, inside, cells, cutoff)
        for numbers in _portions(candidates)
    ]
    center, neighbor, shift = (torch.cat(each) for each in zip(*found, strict=True))
    order = torch.argsort(center, stable=True)
    center, neighbor, shift = center[order], neighbor[order], shift[order]
    return torch.stack((center, neighbor)), shift + home[center] - home[neighbor]


def _candidates(cells: Tensor, structure_index: Tensor, cutoff: float) -> Candidates:
    """Number all pairs of atoms and images that could lie within the cutoff."""
    num_atoms = torch.bincount(structure_index, minlength=len(cells))
    # A sphere around an atom of the home cell meets images as far as it is wide over the height.
    heights = 1 / torch.linalg.vector_norm(torch.linalg.inv(cells), dim=1)
    reach = torch.ceil(cutoff / heights).long()
    count = (2 * reach + 1).prod(dim=1) * num_atoms.square()
    first_atom = torch.cumsum(num_atoms, 0) - num_atoms
    return Candidates(torch.cumsum(count, 0), count, num_atoms, first_atom, reach)


def _portions(candidates: Candidates) -> Iterator[Tensor]:
    """Numbers of all candidates, so many at a time."""
    total = int(candidates.end[-1])
    for begin in range(0, max(total, 1), MAX_CANDIDATES):
        end = min(begin + MAX_CANDIDATES, total)
        yield torch.arange(begin, end, device=candidates.end.device)


def _close_pairs(
    numbers: Tensor, candidates: Candidates, inside: Tensor, cells: Tensor, cutoff: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Centers, neighbors and shifts of the candidates within the cutoff.

    Args:
        numbers: Which candidates.
        candidates: How they are numbered.
        inside: Positions within the home cells, in angstrom.
        cells: Cell vectors as rows in angstrom.
        cutoff: Largest distance in angstrom.
    """
    structure = torch.searchsorted(candidates.end, numbers, right=True)
    local = numbers - (candidates.end - candidates.num_tried)[structure]
    size = candidates.num_atoms[structure]
    image, pair = local // size.square(), local % size.square()
    width = 2 * candidates.reach[structure] + 1
    digits = torch.stack(
        (
            image // (width[:, 1] * width[:, 2]),
            image // width[:, 2] % width[:, 1],
            image % width[:, 2],
        ),
        dim=1,
    )
    shift = (digits - candidates.reach[structure]).to(inside)
    first = candidates.first_atom[structure]
    center, neighbor = first + pair // size, first + pair % size
    vector = inside[neighbor] - inside[center] + (shift[:, None] @ cells[structure]).squeeze(1)
    is_other = (center != neighbor) | shift.any(dim=1)
    close = ((vector.square().sum(dim=1) < cutoff**2) & is_other).nonzero().squeeze(1)
    return center[close], neighbor[close], shift[close]
