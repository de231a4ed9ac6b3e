"""A neighbor list in plain torch, for machines that hold no neighbor-list library."""

from __future__ import annotations

import numpy as np
import torch


def torch_pairs(
    positions: np.ndarray, cell: np.ndarray, cutoff: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find every ordered pair closer than the cutoff by trying all images that can reach.

    Args:
        positions: Cartesian positions in angstrom, shape (atoms, 3); atoms may lie outside the
            cell.
        cell: Cell vectors as rows in angstrom, shape (3, 3).
        cutoff: Largest distance in angstrom.

    Returns:
        Centers, neighbors and integer shifts, sorted by center.
    """
    matrix = torch.as_tensor(np.asarray(cell, dtype=np.float64))
    points = torch.as_tensor(np.asarray(positions, dtype=np.float64))
    fractional = points @ torch.linalg.inv(matrix)
    home = torch.floor(fractional)
    inside = (fractional - home) @ matrix
    shifts = _reachable_shifts(matrix, cutoff)
    images = inside[None] + (shifts @ matrix)[:, None]
    distance = torch.cdist(inside[None].expand(len(shifts), -1, -1), images)
    close = distance < cutoff
    close[(shifts == 0).all(dim=1)] &= ~torch.eye(len(points), dtype=torch.bool)
    image, center, neighbor = close.nonzero(as_tuple=True)
    order = torch.argsort(center, stable=True)
    image, center, neighbor = image[order], center[order], neighbor[order]
    shift = shifts[image] + home[center] - home[neighbor]
    return center.numpy(), neighbor.numpy(), shift.to(torch.int32).numpy()


def _reachable_shifts(matrix: torch.Tensor, cutoff: float) -> torch.Tensor:
    """All integer translations whose cell can hold a point within the cutoff of the home cell."""
    heights = 1 / torch.linalg.norm(torch.linalg.inv(matrix), dim=0)
    reach = [int(n) for n in torch.ceil(cutoff / heights)]
    axes = [torch.arange(-n, n + 1, dtype=matrix.dtype) for n in reach]
    return torch.cartesian_prod(*axes)
