"""What a crystal passes on its way: scalars at every step, geometries at some."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from facet.errors import InvalidStructure
from facet.graph.neighbors import Crystal
from facet.relaxation.rows import rows_on_host

if TYPE_CHECKING:
    from collections.abc import Iterator

    from facet.relaxation.state import OptimizerState

SCALARS = ("energy", "fmax", "smax", "volume")


class Scalars(NamedTuple):
    """What is kept of every evaluation.

    Attributes:
        energy: In eV.
        fmax: Largest force in eV/angstrom.
        smax: Largest component of stress + pressure in GPa.
        volume: In A^3.
    """

    energy: float
    fmax: float
    smax: float
    volume: float


@dataclass(frozen=True, eq=False)
class Trajectory:
    """The way of one crystal, in single precision but for the energy.

    Attributes:
        species: Atomic numbers, shape (atoms,).
        scalars: Energy in eV, fmax in eV/angstrom, smax in GPa, volume in A^3 at every evaluation,
            shape (evaluations, 4).
        frame_index: Evaluation that each kept geometry belongs to, shape (frames,).
        positions: In angstrom, shape (frames, atoms, 3).
        cells: Cell vectors as rows in angstrom, shape (frames, 3, 3).
    """

    species: np.ndarray
    scalars: np.ndarray
    frame_index: np.ndarray
    positions: np.ndarray
    cells: np.ndarray

    @property
    def crystals(self) -> Iterator[Crystal]:
        """The kept geometries."""
        for positions, cell in zip(self.positions, self.cells, strict=True):
            yield Crystal(self.species, positions.astype(np.float64), cell.astype(np.float64))

    def to_bytes(self) -> bytes:
        """Compress into an npz archive."""
        file = io.BytesIO()
        np.savez_compressed(file, **vars(self))
        return file.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Trajectory:
        """Read what ``to_bytes`` made.

        Raises:
            InvalidStructure: It is something else.
        """
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                return cls(**{name: arrays[name] for name in arrays.files})
        except (ValueError, OSError, TypeError) as error:
            raise InvalidStructure("These bytes are no trajectory that Facet wrote.") from error


@dataclass
class Recorder:
    """Collects the trajectory of one crystal while it is in flight.

    Attributes:
        every: Every so many evaluations the geometry is kept; the last one always is.
    """

    every: int
    _scalars: list[Scalars] = field(default_factory=list)
    _frames: list[tuple[int, np.ndarray, np.ndarray]] = field(default_factory=list)

    def wants_geometry(self) -> bool:
        """Whether the geometry of the next evaluation is to be kept."""
        return len(self._scalars) % self.every == 0

    def add(self, scalars: Scalars, geometry: tuple[np.ndarray, np.ndarray] | None) -> None:
        """Keep an evaluation, and its positions and cell if they are given."""
        if geometry is not None:
            self._keep(len(self._scalars), *geometry)
        self._scalars.append(scalars)

    def finish(self, end: Crystal) -> Trajectory:
        """Return the whole way, which ends at this geometry."""
        if not self._frames or not np.allclose(self._frames[-1][1], end.positions, atol=1e-5):
            self._keep(max(0, len(self._scalars) - 1), end.positions, end.cell)
        index, positions, cells = zip(*self._frames, strict=True)
        scalars = np.array(self._scalars, dtype=np.float64).reshape(-1, len(SCALARS))
        return Trajectory(
            end.species, scalars, np.array(index), np.stack(positions), np.stack(cells)
        )

    def _keep(self, index: int, positions: np.ndarray, cell: np.ndarray) -> None:
        self._frames.append((index, positions.astype(np.float32), cell.astype(np.float32)))


def record(state: OptimizerState, left_out: set[int]) -> None:
    """Let the recorders of a batch keep what was just evaluated.

    Args:
        state: With the evaluation as its last good geometry.
        left_out: Crystals whose evaluation failed.
    """
    recorders = [ticket.recorder for ticket in state.tickets]
    if not any(recorders):
        return
    good = rows_on_host(state.last_good)
    volumes = np.abs(np.linalg.det(good["cells"]))
    limits = np.cumsum(state.ledger.num_atoms.tolist())[:-1]
    positions = np.split(good["positions"], limits)
    for index, recorder in enumerate(recorders):
        if recorder is None or index in left_out:
            continue
        energy, fmax, smax = (float(good[name][index]) for name in SCALARS[:3])
        scalars = Scalars(energy, fmax, smax, float(volumes[index]))
        geometry = (positions[index], good["cells"][index])
        recorder.add(scalars, geometry if recorder.wants_geometry() else None)
