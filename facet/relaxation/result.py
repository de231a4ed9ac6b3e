"""How a relaxation ended, in plain numpy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from facet.graph.neighbors import Crystal

if TYPE_CHECKING:
    import numpy as np
    from pymatgen.core.structure import Structure

    from facet.relaxation.trajectory import Trajectory


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
        num_evaluations: Times that the potential was asked, the last look in double precision
            included.
        fmax: Largest norm of a force on what may move, in eV/angstrom.
        smax: Largest absolute component of stress + pressure that the cell can follow, in GPa.
        initial_volume: Of the input, in A^3.
        wall_share: This crystal's share of the wall time in seconds.
        is_held: Coordinates that did not move, as in ``Crystal``.
        initial_space_group: Number of that of the input, within the tolerance of the settings;
            known where the settings keep symmetry or rattle crystals out of it.
        space_group: The same at the last good geometry.
        symmetric_energy: Energy in eV where the crystal first came to rest, if it was rattled and
            relaxed again.
        curve: Energy in eV and largest force in eV/angstrom at every evaluation, those of a first
            relaxation before a rattle included, single precision, shape (evaluations, 2).
        trajectory: What it passed, if that was asked for.
        member_offsets: Energies in eV/atom by each member of the potential's committee, less the
            energy by the potential, single precision, shape (members,); known of crystals that
            converged, where the potential has a committee.
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
    num_evaluations: int
    fmax: float
    smax: float
    initial_volume: float
    wall_share: float
    is_held: np.ndarray | None = None
    initial_space_group: int | None = None
    space_group: int | None = None
    symmetric_energy: float | None = None
    curve: np.ndarray | None = None
    trajectory: Trajectory | None = None
    member_offsets: np.ndarray | None = None

    @property
    def crystal(self) -> Crystal:
        """The last good geometry as the numbers of a crystal."""
        return Crystal(self.species, self.positions, self.cell, self.is_held)

    @property
    def structure(self) -> Structure:
        """The last good geometry as a pymatgen ``Structure``.

        Raises:
            InvalidStructure: The crystal could not be read and has no atoms.
        """
        from facet.graph.convert import structure_from  # the engine runs without pymatgen

        return structure_from(self.crystal)
