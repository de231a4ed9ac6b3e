"""Shorter vectors for cells that became too skewed on the way.

The lattice, the atoms and what the optimizer remembers stay what they are: with another choice of
cell vectors C' = M C, M an integer matrix of determinant one, the deformation F of C = C0 F^T is
the same for C0' = M C0.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from facet.relaxation.cell import Coordinates, Geometry

if TYPE_CHECKING:
    from facet.relaxation.state import OptimizerState
    from facet.relaxation.tickets import Ticket

MAX_SKEW = 12.0
"""Product of the lengths of the cell vectors over the volume; 1 for a box, 1.41 for fcc."""

MAX_ROUNDS = 200
SHORTER = 1 - 1e-9


def straightened(state: OptimizerState) -> OptimizerState:
    """Choose shorter cell vectors for the crystals whose cells are too skewed."""
    cells = state.geometry.cells
    lengths = torch.linalg.vector_norm(cells, dim=2).prod(dim=1)
    skewed = (lengths > MAX_SKEW * state.geometry.volumes).nonzero().flatten().tolist()
    changes = {
        index: shortening(cells[index].cpu().numpy())
        for index in skewed
        if not _is_held_along_vectors(state.tickets[index])
    }
    changes = {index: each for index, each in changes.items() if (each != np.eye(3)).any()}
    if not changes:
        return state
    factors = torch.eye(3, dtype=cells.dtype, device=cells.device).repeat(len(cells), 1, 1)
    counts = state.ledger.num_straightened.clone()
    for index, change in changes.items():
        factors[index] = torch.as_tensor(change, dtype=cells.dtype, device=cells.device)
        counts[index] += 1
    was = state.coordinates
    coordinates = Coordinates(was.undeformed, was.log_deformation, factors @ was.first_cells)
    geometry = Geometry(state.geometry.positions, factors @ cells, state.geometry.deformation)
    return replace(
        state,
        coordinates=coordinates,
        geometry=geometry,
        ledger=replace(state.ledger, num_straightened=counts),
    )


def _is_held_along_vectors(ticket: Ticket) -> bool:
    """Whether some atom is held along one or two of the cell vectors, which then must stay."""
    held = ticket.is_held
    return held is not None and bool((held.any(axis=1) & ~held.all(axis=1)).any())


def shortening(cell: np.ndarray) -> np.ndarray:
    """Integer matrix of determinant one that turns cell vectors (rows) into short ones.

    The longest vector is reduced by the other two until nothing becomes shorter (Semaev's way to a
    Minkowski-reduced basis, one step at a time).
    """
    change = np.eye(3)
    for _ in range(MAX_ROUNDS):
        vectors = change @ cell
        longest = int(np.argmax(np.linalg.norm(vectors, axis=1)))
        others = [i for i in range(3) if i != longest]
        nearest = np.linalg.lstsq(vectors[others].T, vectors[longest], rcond=None)[0]
        candidates = [np.floor(nearest) + np.array(corner) for corner in np.ndindex(2, 2)]
        tries = [vectors[longest] - each @ vectors[others] for each in candidates]
        best = int(np.argmin([np.linalg.norm(each) for each in tries]))
        if np.linalg.norm(tries[best]) >= SHORTER * np.linalg.norm(vectors[longest]):
            return change
        change[longest] -= candidates[best] @ change[others]
    return change
