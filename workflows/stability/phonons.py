"""Harmonic phonons of many crystals at once: phonopy displaces, the potential says the forces."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from facet.errors import ConfigError
from facet.graph.neighbors import Crystal
from facet.relaxation.guard import Mishap, attempt
from facet.relaxation.relaxer import relax
from facet.relaxation.result import StopReason
from workflows.stability.rest import Fault, said
from workflows.stability.settings import SINGLE_POINT
from workflows.stability.supercells import SYMPREC, mesh_of, supercell_of, wave_vectors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from facet.potential import Potential
    from facet.relaxation.result import RelaxResult
    from workflows.stability.settings import StabilitySettings
    from workflows.stability.supercells import Supercell

ABSENT = (
    "Phonons need phonopy, which is not installed here; install Facet with its extra, "
    "pip install 'facet[phonons]', or leave the gate dynamical off."
)
EVALUATED = (StopReason.CONVERGED, StopReason.MAX_STEPS)
NUM_ACOUSTIC = 3
GAMMA = 1e-6


class Phonons(NamedTuple):
    """The lowest harmonic frequencies of a crystal, imaginary ones negative.

    Attributes:
        lowest_frequency: On all wave vectors, in THz.
        wave_vector: Where that is, in the reciprocal basis of the cell, shape (3,).
        lowest_commensurate: On the wave vectors that the supercell holds, which need no
            interpolation, in THz.
        supercell: That the forces are of.
        num_displacements: Displaced supercells that were evaluated.
        seconds: Time spent on it.
    """

    lowest_frequency: float
    wave_vector: np.ndarray
    lowest_commensurate: float
    supercell: Supercell
    num_displacements: int
    seconds: float


def check_phonopy() -> None:
    """Make sure that phonons can be computed here.

    Raises:
        ConfigError: phonopy is not installed.
    """
    if find_spec("phonopy") is None:
        raise ConfigError(ABSENT)


def phonons(
    potential: Potential, crystals: Iterable[tuple[str, Crystal]], settings: StabilitySettings
) -> Iterator[tuple[str, Phonons | Fault]]:
    """Compute phonons in double precision, and yield each crystal's with its name when known.

    Supercells of several crystals are evaluated together. Whatever goes wrong with one of them is
    a fault of its crystal alone.

    Args:
        potential: Gives forces.
        crystals: At rest, with unique names.
        settings: Sizes of supercells and displacements.

    Raises:
        ConfigError: phonopy is not installed.
    """
    check_phonopy()
    flying: dict[str, _Flight] = {}
    refused: list[tuple[str, Fault]] = []

    def cells() -> Iterator[tuple[str, Crystal]]:
        for name, crystal in crystals:
            flight = attempt(partial(_Flight, crystal, settings), "phonopy")
            if isinstance(flight, Mishap):
                refused.append((name, Fault(flight.stop.message)))
                continue
            flying[name] = flight
            yield from ((f"{index} {name}", cell) for index, cell in enumerate(flight.cells))

    for result in relax(cells(), potential.in_double(), SINGLE_POINT):
        index, name = result.name.split(" ", 1)
        flying[name].take(int(index), result)
        if flying[name].is_complete:
            yield name, flying.pop(name).outcome()
        while refused:
            yield refused.pop()
    yield from refused


class _Flight:
    """One crystal's displaced supercells, and the forces on them.

    Args:
        crystal: At rest.
        settings: Sizes of supercells and displacements.
    """

    def __init__(self, crystal: Crystal, settings: StabilitySettings) -> None:
        started = perf_counter()
        self._mesh = mesh_of(crystal, settings.mesh_length)
        self._supercell = supercell_of(crystal, settings.image_distance, settings.max_atoms)
        self._phonon = _phonopy(crystal, self._supercell)
        self._phonon.generate_displacements(distance=settings.displacement)
        self.cells = [
            Crystal(np.array(each.numbers), np.array(each.positions), np.array(each.cell))
            for each in self._phonon.supercells_with_displacements
        ]
        self._forces: dict[int, np.ndarray] = {}
        self._faults: list[str] = []
        self._seconds = perf_counter() - started

    @property
    def is_complete(self) -> bool:
        """Whether every supercell is evaluated."""
        return len(self._forces) == len(self.cells)

    def take(self, index: int, result: RelaxResult) -> None:
        """Keep what was said of one supercell."""
        self._seconds += result.wall_share
        self._forces[index] = result.forces
        if result.stop_reason not in EVALUATED:
            self._faults.append(said(result))

    def outcome(self) -> Phonons | Fault:
        """Turn forces into frequencies."""
        if self._faults:
            count = f"{len(self._faults)} of its {len(self.cells)} displaced supercells"
            return Fault(f"{count} could not be evaluated: {self._faults[0]}", self._seconds)
        started = perf_counter()
        found = attempt(self._solve, "phonopy")
        seconds = self._seconds + perf_counter() - started
        if isinstance(found, Mishap):
            return Fault(found.stop.message, seconds)
        if not np.isfinite(found.lowest_frequency):
            return Fault("A phonon frequency is not a number.", seconds)
        return found._replace(seconds=seconds)

    def _solve(self) -> Phonons:
        phonon = self._phonon
        phonon.forces = [self._forces[index] for index in range(len(self.cells))]
        phonon.produce_force_constants()
        phonon.symmetrize_force_constants()  # the acoustic sum rule, and pairs seen both ways
        held = wave_vectors(self._supercell.matrix)
        points = np.concatenate([held, self._mesh])
        phonon.run_qpoints(points)
        lowest = _without_acoustic(points, phonon.qpoints.frequencies).min(axis=1)
        where = int(lowest.argmin())
        return Phonons(
            lowest_frequency=float(lowest[where]),
            wave_vector=points[where],
            lowest_commensurate=float(lowest[: len(held)].min()),
            supercell=self._supercell,
            num_displacements=len(self.cells),
            seconds=0.0,
        )


def _phonopy(crystal: Crystal, supercell: Supercell) -> Any:  # noqa: ANN401 (phonopy is optional)
    """Hand a crystal to phonopy, whose cells are columns."""
    from ase.data import atomic_masses  # phonopy knows no mass of some elements
    from phonopy import Phonopy  # optional, and slow to import
    from phonopy.structure.atoms import PhonopyAtoms

    cell = PhonopyAtoms(
        numbers=crystal.species,
        masses=atomic_masses[crystal.species],
        positions=crystal.positions,
        cell=crystal.cell,
    )
    return Phonopy(
        cell, supercell_matrix=supercell.matrix.T, primitive_matrix=np.eye(3), symprec=SYMPREC
    )


def _without_acoustic(points: np.ndarray, frequencies: np.ndarray) -> np.ndarray:
    """Lift the three translations at the origin, which are no vibrations, out of the way.

    Args:
        points: Wave vectors, shape (points, 3).
        frequencies: In THz, shape (points, bands).
    """
    lifted = np.array(frequencies)
    is_origin = np.abs(points - np.round(points)).max(axis=1) < GAMMA
    for row in np.flatnonzero(is_origin):
        lifted[row, np.argsort(np.abs(lifted[row]))[:NUM_ACOUSTIC]] = np.inf
    return lifted
