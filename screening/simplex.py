"""The cheapest mixture of phases at a composition: a small linear program.

Minimize ``energies @ amounts`` over ``amounts >= 0`` with ``compositions.T @ amounts == target``.
The elements are a feasible start, so the revised simplex method needs no first phase. There are
as many constraints as elements (eight at most in practice) and few columns; a hand-written
solver with dense 8 x 8 solves takes less time than the call overhead of a general one, needs no
facets to be stored, and lets a phase be taken off the hull by giving it an infinite energy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from screening.errors import ScreeningError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ENERGY_TOLERANCE = 1e-11  # eV/atom; far below the 1e-6 that anyone compares
_AMOUNT_TOLERANCE = 1e-11
_PIVOTS_BEFORE_CAUTION = 200
_MOST_PIVOTS = 20_000


@dataclass(frozen=True)
class Mixture:
    """The cheapest mixture.

    Attributes:
        energy: Its energy per atom in eV.
        columns: Rows of ``compositions`` that it is made of.
        amounts: Fraction of the atoms in each of them.
    """

    energy: float
    columns: NDArray[np.intp]
    amounts: NDArray[np.float64]


def cheapest_mixture(
    compositions: NDArray[np.float64],
    energies: NDArray[np.float64],
    start: NDArray[np.intp],
    target: NDArray[np.float64],
) -> Mixture:
    """Find the mixture of phases with the lowest energy at a composition.

    Args:
        compositions: Atomic fractions, one row per phase and one column per element.
        energies: Energy of each phase in eV/atom; infinite where it may not be used.
        start: One row per element, pure in that element.
        target: Atomic fractions to be reached.

    Raises:
        ScreeningError: The search did not end, which finite input never causes.
    """
    basis = start.copy()
    for pivot in range(_MOST_PIVOTS):
        inside = compositions[basis]
        potentials = _solve(inside, energies[basis])
        amounts = _solve(inside.T, target)
        entering = _entering(energies - compositions @ potentials, pivot)
        if entering is None:
            return Mixture(float(potentials @ target), basis, amounts)
        step = _solve(inside.T, compositions[entering])
        basis[_leaving(amounts, step, basis)] = entering
    raise ScreeningError(
        f"The hull at composition {target.round(6).tolist()} was not found in {_MOST_PIVOTS} "
        f"steps: check the reference for energies that are absurd."
    )


def _solve(matrix: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve a small linear system in double precision."""
    return np.linalg.solve(matrix, right).astype(np.float64, copy=False)


def _entering(gains: NDArray[np.float64], pivot: int) -> int | None:
    """Choose a phase that lowers the energy, or none.

    The steepest is quick; Bland's rule, the first one, cannot cycle and takes over in the rare
    degenerate case.
    """
    if pivot < _PIVOTS_BEFORE_CAUTION:
        best = int(np.argmin(gains))
        return best if gains[best] < -_ENERGY_TOLERANCE else None
    lowering = np.flatnonzero(gains < -_ENERGY_TOLERANCE)
    return int(lowering[0]) if lowering.size else None


def _leaving(
    amounts: NDArray[np.float64], step: NDArray[np.float64], basis: NDArray[np.intp]
) -> int:
    """Return the position in the basis of the phase that is used up first."""
    limits = np.full(len(basis), np.inf)
    shrinking = step > _AMOUNT_TOLERANCE
    limits[shrinking] = np.maximum(amounts[shrinking], 0.0) / step[shrinking]
    ties = np.flatnonzero(limits <= limits.min() + _AMOUNT_TOLERANCE)
    return int(ties[np.argmin(basis[ties])])
