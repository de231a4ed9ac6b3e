"""What must not change while a crystal relaxes: held atoms, its symmetry, its shape or volume.

In the coordinates of ``facet.relaxation.cell`` all of this is one linear projection that stays the
same through the whole relaxation. A displacement that keeps the symmetry is known for a whole orbit
of atoms as soon as it is known for one of them, and where that one may go is a plane, a line or a
point through its place. The projection hence costs two small products for each atom, however many
operations there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from facet.relaxation.cell import Push, turn_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jaxtyping import Bool, Float, Int
    from torch import Tensor

    from facet.graph.neighbors import Crystal
    from facet.relaxation.cell import Geometry
    from facet.relaxation.symmetry import Symmetry

BLOCKED = 1e-10
"""Square of the smallest angle between a held direction and a free one."""


@dataclass(frozen=True)
class Constraints:
    """The projection onto what may move, in rows as ``facet.relaxation.rows`` joins and keeps them.

    Attributes:
        to_orbit: What to add to the index of each atom to get the row, among those of its crystal,
            in which its orbit adds up, shape (atoms,).
        freedom: Takes what may move of the orbit's first site and turns it into the displacement
            of each atom, over the root of the number of atoms in the orbit, shape (atoms, 3, 3).
        cell_freedom: Projector onto the symmetric changes of the cell, written as vectors of nine
            components, shape (structures, 9, 9).
        is_bound: Whether there is anything that may not move, shape (structures,).
    """

    to_orbit: Int[Tensor, " atoms"]
    freedom: Float[Tensor, "atoms 3 3"]
    cell_freedom: Float[Tensor, "structures 9 9"]
    is_bound: Bool[Tensor, " structures"]


def constraints_of(
    crystal: Crystal, symmetry: Symmetry | None = None, device: torch.device | str = "cpu"
) -> Constraints:
    """Find what may move of one crystal.

    Args:
        crystal: At the start of its relaxation, with its held coordinates; that of the symmetry if
            there is one.
        symmetry: What is to be kept; None if nothing.
        device: Where the tensors go.
    """
    count = len(crystal.species)
    if symmetry is None and crystal.is_held is None:
        return _nothing_bound(count, device)
    own = np.arange(count)
    orbit = own if symmetry is None else symmetry.orbit
    turns = np.tile(np.eye(3), (count, 1, 1)) if symmetry is None else symmetry.turns
    sites = turns if symmetry is None else symmetry.site_projectors
    if crystal.is_held is not None:
        sites = _kept_at_all_images(sites, held_projectors(crystal), turns, orbit)
    sizes = np.bincount(orbit, minlength=count)[orbit]
    freedom = turns @ sites / np.sqrt(sizes)[:, None, None]
    cell = np.eye(9)
    if symmetry is not None:
        cell = np.mean([np.kron(each, each) for each in symmetry.rotations], axis=0)
    is_bound = symmetry is not None or crystal.is_held is not None
    return Constraints(
        to_orbit=torch.as_tensor(orbit - own, device=device),
        freedom=torch.as_tensor(freedom, device=device),
        cell_freedom=torch.as_tensor(cell, device=device)[None],
        is_bound=torch.tensor([is_bound], device=device),
    )


def _nothing_bound(count: int, device: torch.device | str) -> Constraints:
    """Constraints of a crystal of which everything may move."""
    unit = torch.eye(9, dtype=torch.float64, device=device)
    return Constraints(
        torch.zeros(count, dtype=torch.int64, device=device),
        unit[:3, :3].expand(count, 3, 3),
        unit[None],
        torch.zeros(1, dtype=torch.bool, device=device),
    )


def held_projectors(crystal: Crystal) -> np.ndarray:
    """Projectors onto the displacements that leave held fractional coordinates, (atoms, 3, 3)."""
    if crystal.is_held is None:
        return np.tile(np.eye(3), (len(crystal.species), 1, 1))
    free = np.where(crystal.is_held[:, :, None], 0.0, crystal.cell)
    projectors: np.ndarray = np.linalg.pinv(free, rcond=1e-10) @ free
    return projectors


def constrained(push: Push, constraints: Constraints, cell_mode: str) -> Push:
    """Take out of forces, or of a step, what would move what must not move."""
    atoms, cells = push.atoms, push.cells
    if constraints.is_bound.any():
        atoms, cells = _of_atoms(atoms, constraints), _of_cells(cells, constraints)
    return Push(atoms, CELL_MODES[cell_mode](cells))


def free_forces(
    forces: Float[Tensor, "atoms 3"],
    geometry: Geometry,
    constraints: Constraints,
    structure_index: Int[Tensor, " atoms"],
) -> Float[Tensor, "atoms 3"]:
    """Take out of Cartesian forces (eV/angstrom) what pulls where an atom cannot go.

    They vanish where the constrained forces on the coordinates do, and are never smaller than what
    they have along the directions in which the atom may go.
    """
    if not constraints.is_bound.any():
        return forces
    push = turn_rows(forces, geometry.deformation, structure_index)
    back = torch.linalg.inv_ex(geometry.deformation).inverse  # raises for no crystal
    return turn_rows(_of_atoms(push, constraints), back, structure_index)


def free_stress(
    excess: Float[Tensor, "structures 3 3"], constraints: Constraints, cell_mode: str
) -> Float[Tensor, "structures 3 3"]:
    """Take out of stress + pressure what a cell of this mode and symmetry cannot follow."""
    if constraints.is_bound.any():
        excess = _of_cells(excess, constraints)
    return CELL_MODES[cell_mode](excess)


def _free(changes: Float[Tensor, "structures 3 3"]) -> Float[Tensor, "structures 3 3"]:
    """Everything of the cell may move."""
    return changes


def _nothing(changes: Float[Tensor, "structures 3 3"]) -> Float[Tensor, "structures 3 3"]:
    """Nothing of the cell may move."""
    return torch.zeros_like(changes)


def _of_shape(changes: Float[Tensor, "structures 3 3"]) -> Float[Tensor, "structures 3 3"]:
    """The shape may change at fixed volume, whose logarithm is the trace of U."""
    return changes - _of_volume(changes)


def _of_volume(changes: Float[Tensor, "structures 3 3"]) -> Float[Tensor, "structures 3 3"]:
    """Only the volume may change: angles and ratios of lengths stay."""
    unit = torch.eye(3, dtype=changes.dtype, device=changes.device)
    mean = changes.diagonal(dim1=1, dim2=2).mean(dim=1)
    return mean[:, None, None] * unit


CELL_MODES: Mapping[str, Callable[[Tensor], Tensor]] = {
    "free": _free,
    "fixed": _nothing,
    "fixed-volume": _of_shape,
    "fixed-shape": _of_volume,
}
"""What may move of a cell, by name: projections of forces on U, of changes of U, and of stress."""


def _of_atoms(
    vectors: Float[Tensor, "atoms 3"], constraints: Constraints
) -> Float[Tensor, "atoms 3"]:
    """Project vectors on or along x."""
    own = torch.arange(len(vectors), device=vectors.device)
    orbit = own + constraints.to_orbit
    gathered = (vectors[:, None] @ constraints.freedom).squeeze(1)
    shared = torch.zeros_like(vectors).index_add(0, orbit, gathered)
    spread: Tensor = constraints.freedom @ shared.index_select(0, orbit)[:, :, None]
    return spread.squeeze(2)


def _of_cells(
    changes: Float[Tensor, "structures 3 3"], constraints: Constraints
) -> Float[Tensor, "structures 3 3"]:
    """Keep what is symmetric of forces on U, of changes of U, or of stress."""
    return (constraints.cell_freedom @ changes.reshape(-1, 9, 1)).reshape(-1, 3, 3)


def _kept_at_all_images(
    sites: np.ndarray, held: np.ndarray, turns: np.ndarray, orbit: np.ndarray
) -> np.ndarray:
    """Projectors onto what keeps the symmetry of a site and what is held of any atom of its orbit.

    Args:
        sites: Projectors that keep the symmetry, for the first site of each atom's orbit.
        held: Projectors onto the free directions of each atom.
        turns: Rotations from there onto each atom.
        orbit: Number of each atom's orbit.
    """
    unit = np.eye(3)
    blocked = np.zeros_like(sites)
    np.add.at(blocked, orbit, turns.transpose(0, 2, 1) @ (unit - held) @ turns)
    strengths, directions = np.linalg.eigh(blocked[orbit] + unit - sites)
    free = directions * (strengths < BLOCKED)[:, None, :]
    projectors: np.ndarray = free @ free.transpose(0, 2, 1)
    return projectors
