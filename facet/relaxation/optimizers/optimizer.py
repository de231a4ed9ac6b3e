"""What every optimizer offers, and what it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import torch
    from jaxtyping import Float, Int
    from torch import Tensor

    from facet.graph.skin import SkinList
    from facet.relaxation.cell import Coordinates, Geometry, Push
    from facet.relaxation.constraints import Constraints


@dataclass(frozen=True)
class Here:
    """Where the crystals are, and how steep it is there.

    Attributes:
        push: Forces on the coordinates, in eV/angstrom; nothing along what is held.
        enthalpy: Energy + pressure x volume in eV, shape (structures,).
        coordinates: Where the optimizer is.
        geometry: The positions and cells that this means.
        neighbors: Pairs within the cutoff and a skin.
        species: Atomic numbers, shape (atoms,).
        num_atoms: Of each crystal, shape (structures,).
        structure_index: Crystal of each atom, shape (atoms,).
        constraints: What may not move.
        cell_mode: What of the cells may move, as a key of ``constraints.CELL_MODES``.
    """

    push: Push
    enthalpy: Float[Tensor, " structures"]
    coordinates: Coordinates
    geometry: Geometry
    neighbors: SkinList
    species: Int[Tensor, " atoms"]
    num_atoms: Int[Tensor, " structures"]
    structure_index: Int[Tensor, " atoms"]
    constraints: Constraints
    cell_mode: str


@dataclass(frozen=True)
class StepLimits:
    """How far one step may go.

    Attributes:
        max_step: Longest way of a crystal in angstrom: for FIRE over all coordinates together, as
            in ASE; for the others of any one atom.
        max_strain: Largest change of any component of the logarithm of the deformation.
    """

    max_step: float
    max_strain: float


class Optimizer(Protocol):
    """Takes one step with every crystal at once; crystals do not see each other.

    The memory is a frozen dataclass of tensors with one row per atom or per crystal (see
    ``facet.relaxation.rows``), so that crystals can leave and enter between any two steps.
    """

    def start(self, num_atoms: int, device: torch.device) -> Any:  # noqa: ANN401 (its own kind)
        """Return the memory of one crystal before its first step."""
        ...

    def step(self, memory: Any, here: Here, limits: StepLimits) -> tuple[Any, Push]:  # noqa: ANN401
        """Return the new memory, and the step along the coordinates."""
        ...
