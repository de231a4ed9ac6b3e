"""How a relaxation ended, in plain numpy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from facet.graph.neighbors import Crystal

if TYPE_CHECKING:
    import numpy as np
    from pymatgen.core.structure import Structure


class StopReason(StrEnum):
    """The six ends of a relaxation."""

    CONVERGED = "converged"
    MAX_STEPS = "max_steps"
    DIVERGED = "diverged"
    FAILED = "failed"
    UNSUPPORTED = "unsupported"
    STOPPED_EARLY = "stopped_early"


class Stop(NamedTuple):
    """Why a crystal leaves the batch, with a sentence for the reader."""

    reason: StopReason
    message: str


@dataclass(frozen=True, eq=False)
class RelaxResult:
    """The end of one relaxation and the last good geometry with its energy.

    The geometry, energy, forces and stress belong together. A crystal that was never evaluated to
    something finite carries its input geometry, with ``nan`` for the rest; one that could not even
    be read has no atoms.

    Attributes:
        name: As given, or ``structure-<position in the input>``.
        species: Atomic numbers, shape (atoms,).
        positions: Cartesian positions in angstrom, shape (atoms, 3); atoms keep their order.
        cell: Cell vectors as rows in angstrom, shape (3, 3).
        energy: Total potential energy in eV, without the pressure term.
        forces: In eV/angstrom, shape (atoms, 3).
        stress: In eV/angstrom^3, shape (3, 3); negative when compressed.
        stop_reason: Which of the six ends.
        message: One sentence that says why.
        num_steps: Steps taken, those after the last good geometry included.
        fmax: Largest norm of a force in eV/angstrom.
        smax: Largest absolute component of stress + pressure in GPa.
        initial_volume: Of the input, in A^3.
        wall_share: This crystal's share of the wall time in seconds.
    """

    name: str
    species: np.ndarray
    positions: np.ndarray
    cell: np.ndarray
    energy: float
    forces: np.ndarray
    stress: np.ndarray
    stop_reason: StopReason
    message: str
    num_steps: int
    fmax: float
    smax: float
    initial_volume: float
    wall_share: float

    @property
    def crystal(self) -> Crystal:
        """The last good geometry as the numbers of a crystal."""
        return Crystal(self.species, self.positions, self.cell)

    @property
    def structure(self) -> Structure:
        """The last good geometry as a pymatgen ``Structure``.

        Raises:
            InvalidStructure: The crystal could not be read and has no atoms.
        """
        from facet.graph.convert import structure_from  # the engine runs without pymatgen

        return structure_from(self.crystal)
