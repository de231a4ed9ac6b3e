"""What a DFT calculation costs: core-hours of two PBE relaxations and a static calculation.

The steps are those of the Materials Project's sets: plane waves to 520 eV, k-points at 64 per cubic
inverse angstrom while relaxing and 100 at the end. One self-consistency step at one k-point costs

    bands x (applications of H) x FFT(grid)  +  (a few) x bands^2 x plane waves

floating point operations, where bands grow with the valence electrons and plane waves with the
volume; k-points shrink with the volume, so that a cell of twice the size costs about twice to four
times as much. This is honest to an order of magnitude: symmetry, parallel efficiency and hard
convergence are left out, and ``fit_cost`` learns what they amount to from runs that were recorded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from screening.errors import ScreeningError
from screening.strict import Checked, limited
from screening.valence import MAGNETIC, VALENCE_ELECTRONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from pymatgen.core.structure import Structure

RELAX_DENSITY = 64.0
"""k-points per cubic inverse angstrom (with 2 pi) of MPRelaxSet."""

STATIC_DENSITY = 100.0
"""The same of MPStaticSet."""

CUTOFF_ENERGY = 520.0
"""eV, of both."""

_HBAR_SQUARED_OVER_2M = 3.80998  # eV A^2
_EMPTY_BANDS = 1.3  # bands over occupied bands
_GRID_PER_PLANE_WAVE = 16.0  # points of the FFT grid, which holds a sphere of twice the radius
_FFT_OPERATIONS = 5.0  # per point and binary logarithm of the number of points
_TRANSFORMS = 8.0  # per band and step: there and back for each of four applications of H
_SUBSPACE_OPERATIONS = 48.0  # per pair of bands and plane wave, for complex numbers
_ELECTRONIC_STEPS = 10.0  # per ionic step
_STATIC_STEPS = 20.0
_IONIC_STEPS = 10.0  # of both relaxations of a crystal of few sites
_IONIC_STEPS_PER_ROOT_SITE = 2.0
_SECONDS = 3600.0
_FEWEST_FOR_EXPONENT = 8


@dataclass(frozen=True)
class CostModel(Checked):
    """How operations become core-hours.

    Attributes:
        gigaflops_per_core: Billions of operations of one spin channel that a core gets done in a
            second; low, because these sets always calculate two.
        magnetic_factor: How much dearer crystals are that keep a moment: more steps until charge
            and moments agree.
        exponent: Power of the operations; 1 where the formula is right.
    """

    gigaflops_per_core: float = limited(0.5, "a number above 0, such as 0.5", least=1e-6)
    magnetic_factor: float = limited(2.0, "a factor of 1 or more, such as 2", least=1.0)
    exponent: float = limited(1.0, "a power from 0.2 to 3, such as 1", least=0.2, most=3.0)


@dataclass(frozen=True)
class Workload:
    """What decides the cost of a crystal.

    Attributes:
        num_electrons: Valence electrons of the cell, with the Materials Project's pseudopotentials.
        volume: Of the cell in cubic angstrom.
        num_sites: Atoms of the cell.
        relax_kpoints: Irreducible by time reversal, while relaxing.
        static_kpoints: The same at the end.
        is_magnetic: Whether an element with open d or f shells is in it.
    """

    num_electrons: int
    volume: float
    num_sites: int
    relax_kpoints: int
    static_kpoints: int
    is_magnetic: bool


@dataclass(frozen=True)
class FittedCost:
    """A cost model fitted to recorded runs.

    Attributes:
        model: The model.
        num_runs: Runs it was fitted to.
        typical_factor: Two of three runs lie within this factor of it.
    """

    model: CostModel
    num_runs: int
    typical_factor: float


def workload(structure: Structure) -> Workload:
    """Count what decides the cost of a crystal.

    Raises:
        ScreeningError: It holds an element without a pseudopotential there.
    """
    symbols = [site.specie.symbol for site in structure]
    unknown = sorted(set(symbols) - VALENCE_ELECTRONS.keys())
    if unknown:
        raise ScreeningError(
            f"The Materials Project has no pseudopotential of {', '.join(unknown)}, so a "
            f"calculation has no known cost: leave the crystal out."
        )
    return Workload(
        num_electrons=sum(VALENCE_ELECTRONS[symbol] for symbol in symbols),
        volume=float(structure.volume),
        num_sites=len(structure),
        relax_kpoints=num_kpoints(structure.lattice.abc, structure.volume, RELAX_DENSITY),
        static_kpoints=num_kpoints(structure.lattice.abc, structure.volume, STATIC_DENSITY),
        is_magnetic=not MAGNETIC.isdisjoint(symbols),
    )


def num_kpoints(lengths: tuple[float, float, float], volume: float, density: float) -> int:
    """Count the k-points of a grid, halved by time reversal.

    Args:
        lengths: Of the cell vectors in angstrom.
        volume: Of the cell in cubic angstrom.
        density: k-points per cubic inverse angstrom (with 2 pi) of reciprocal space.
    """
    in_zone = density * (2.0 * math.pi) ** 3 / volume
    per_length = (in_zone * math.prod(lengths)) ** (1 / 3)
    grid: int = math.prod(math.floor(max(per_length / length, 1.0)) for length in lengths)
    return (grid + 1) // 2


def core_hours(work: Workload, model: CostModel) -> float:
    """Core-hours of two relaxations and a static calculation."""
    ionic = _IONIC_STEPS + _IONIC_STEPS_PER_ROOT_SITE * math.sqrt(work.num_sites)
    steps = ionic * _ELECTRONIC_STEPS * work.relax_kpoints + _STATIC_STEPS * work.static_kpoints
    operations = steps * _operations_per_step(work)
    seconds: float = (operations / 1e9) ** model.exponent / model.gigaflops_per_core
    return seconds * (model.magnetic_factor if work.is_magnetic else 1.0) / _SECONDS


def fit_cost(runs: Sequence[tuple[Workload, float]], model: CostModel) -> FittedCost:
    """Fit the speed, and from eight runs on the exponent, to recorded core-hours.

    Args:
        runs: What was calculated, and the core-hours that it took.
        model: Where the magnetic factor is taken from, and the exponent of few runs.

    Raises:
        ScreeningError: There is no run, or one took no time.
    """
    hours = np.array([taken for _, taken in runs], dtype=np.float64)
    if not len(hours) or not (np.isfinite(hours) & (hours > 0)).all():
        raise ScreeningError(
            "A cost model needs recorded runs of more than 0 core-hours each: leave out the others."
        )
    plain = replace(model, gigaflops_per_core=1.0, exponent=1.0)
    factors = [model.magnetic_factor if work.is_magnetic else 1.0 for work, _ in runs]
    expected = np.array([core_hours(work, plain) for work, _ in runs]) / factors
    work_log = np.log(expected * _SECONDS)
    taken_log = np.log(hours * _SECONDS / factors)
    exponent = _exponent(work_log, taken_log, model.exponent)
    speed_log = float(np.mean(exponent * work_log - taken_log))
    rest = taken_log - exponent * work_log + speed_log
    fitted = replace(model, gigaflops_per_core=math.exp(speed_log), exponent=exponent)
    return FittedCost(fitted, len(runs), math.exp(float(np.std(rest))))


def _exponent(
    work_log: NDArray[np.float64], taken_log: NDArray[np.float64], default: float
) -> float:
    """Slope of the logarithms where there are runs enough of different size."""
    width = float(np.std(work_log))
    if len(work_log) < _FEWEST_FOR_EXPONENT or width < 1.0:
        return default
    slope = float(np.mean((work_log - work_log.mean()) * (taken_log - taken_log.mean())) / width**2)
    return min(max(slope, 0.2), 3.0)


def _operations_per_step(work: Workload) -> float:
    """Floating point operations of one self-consistency step at one k-point."""
    sphere: float = (CUTOFF_ENERGY / _HBAR_SQUARED_OVER_2M) ** 1.5 / (6.0 * math.pi**2)
    plane_waves = work.volume * sphere
    bands = max(_EMPTY_BANDS * work.num_electrons / 2.0, work.num_electrons / 2.0 + 4.0)
    grid = _GRID_PER_PLANE_WAVE * plane_waves
    transform = _FFT_OPERATIONS * grid * math.log2(max(grid, 2.0))
    return bands * _TRANSFORMS * transform + _SUBSPACE_OPERATIONS * bands**2 * plane_waves
