"""Positions and cell as one set of coordinates: the logarithm of the deformation.

With C0 the first cell and F = exp(U) the deformation gradient, cell and positions are
``C = C0 F^T`` and ``r = x F^T``. The coordinates are x for each atom and N U for the cell, N the
number of atoms, as in ASE's ``FrechetCellFilter``; forces on them are exact at any deformation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

SMALLEST = 1e-300
"""Keeps a division by a vanishing norm finite."""


@dataclass(frozen=True)
class Coordinates:
    """Where the optimizer walks.

    Attributes:
        undeformed: Positions x before the deformation in angstrom, shape (atoms, 3).
        log_deformation: U, shape (structures, 3, 3).
        first_cells: C0, cell vectors as rows in angstrom, shape (structures, 3, 3).
    """

    undeformed: Float[Tensor, "atoms 3"]
    log_deformation: Float[Tensor, "structures 3 3"]
    first_cells: Float[Tensor, "structures 3 3"]


@dataclass(frozen=True)
class Geometry:
    """What the coordinates mean.

    Attributes:
        positions: Cartesian positions in angstrom, shape (atoms, 3).
        cells: Cell vectors as rows in angstrom, shape (structures, 3, 3).
        deformation: F, shape (structures, 3, 3).
    """

    positions: Float[Tensor, "atoms 3"]
    cells: Float[Tensor, "structures 3 3"]
    deformation: Float[Tensor, "structures 3 3"]

    @property
    def volumes(self) -> Float[Tensor, " structures"]:
        """Volume of each cell in A^3."""
        volumes: Tensor = torch.linalg.det(self.cells).abs()
        return volumes


@dataclass(frozen=True)
class Push:
    """Forces on the coordinates, or a step along them.

    Attributes:
        atoms: On or along x, shape (atoms, 3).
        cells: On or along N U, shape (structures, 3, 3).
    """

    atoms: Float[Tensor, "atoms 3"]
    cells: Float[Tensor, "structures 3 3"]


def deform(coordinates: Coordinates, structure_index: Int[Tensor, " atoms"]) -> Geometry:
    """Compute positions and cells from the coordinates."""
    deformation = torch.linalg.matrix_exp(coordinates.log_deformation)
    turned = deformation.mT
    return Geometry(
        positions=turn_rows(coordinates.undeformed, turned, structure_index),
        cells=coordinates.first_cells @ turned,
        deformation=deformation,
    )


def move(
    coordinates: Coordinates, step: Push, atom_counts: Int[Tensor, " structures"]
) -> Coordinates:
    """Walk a step along the coordinates."""
    return replace(
        coordinates,
        undeformed=coordinates.undeformed + step.atoms,
        log_deformation=coordinates.log_deformation + step.cells / atom_counts[:, None, None],
    )


def push_on_positions(
    forces: Float[Tensor, "atoms 3"], geometry: Geometry, structure_index: Int[Tensor, " atoms"]
) -> Push:
    """Turn forces (eV/angstrom) into forces on the positions alone; the cell stays as it is."""
    return Push(
        atoms=turn_rows(forces, geometry.deformation, structure_index),
        cells=torch.zeros_like(geometry.cells),
    )


def push_on_cells(
    stress: Float[Tensor, "structures 3 3"],
    geometry: Geometry,
    log_deformation: Float[Tensor, "structures 3 3"],
    pressure: float,
) -> Float[Tensor, "structures 3 3"]:
    """Turn stress into forces on the logarithm U of the deformation, in eV.

    Args:
        stress: In eV/A^3.
        geometry: Cells and deformation.
        log_deformation: U that belongs to them.
        pressure: Target pressure in eV/A^3.
    """
    unit = torch.eye(3, dtype=stress.dtype, device=stress.device)
    virial = -geometry.volumes[:, None, None] * (stress + pressure * unit)
    slope = torch.linalg.solve(geometry.deformation, virial.mT).mT
    return derivative_of_exp(log_deformation.mT, slope)


def turn_rows(
    vectors: Float[Tensor, "atoms 3"],
    matrices: Float[Tensor, "structures 3 3"],
    structure_index: Int[Tensor, " atoms"],
) -> Float[Tensor, "atoms 3"]:
    """Multiply the vector of each atom, as a row, by the matrix of its crystal."""
    turned: Tensor = vectors[:, None] @ matrices.index_select(0, structure_index)
    return turned.squeeze(1)


def derivative_of_exp(
    matrices: Float[Tensor, "structures 3 3"], directions: Float[Tensor, "structures 3 3"]
) -> Float[Tensor, "structures 3 3"]:
    """Derivative of the matrix exponential at the matrices, along the directions.

    The upper right block of ``exp([[A, E], [0, A]])`` is the derivative of exp at A along E
    (Higham, Functions of Matrices, eq. 10.43). It is linear in E, so that E enters with unit norm
    and cannot cost the exponential its accuracy.
    """
    size = torch.linalg.matrix_norm(directions, keepdim=True).clamp_min(SMALLEST)
    top = torch.cat([matrices, directions / size], dim=2)
    bottom = torch.cat([torch.zeros_like(matrices), matrices], dim=2)
    exponential = torch.linalg.matrix_exp(torch.cat([top, bottom], dim=1))
    derivative: Tensor = exponential[:, :3, 3:] * size
    return derivative
