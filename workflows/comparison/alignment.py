"""A shift for each element between two potentials, fitted on crystals that are not compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from db.documents import StructureDoc

FEWEST_PER_ELEMENT = 2
STIFFNESS = 1e-4
"""Of the springs that hold shifts near zero, so that those of elements always together are even."""

Amounts = dict[int, float]
"""Fraction of each atomic number in a crystal."""


@dataclass(frozen=True)
class Alignment:
    """Energies by element that one potential has more than another.

    Attributes:
        shifts: In eV/atom, by atomic number; elements that were not fitted are left out.
        num_crystals: How many it was fitted on.
        source: What those were, in words.
        residual: Mean absolute difference in eV/atom that is left on them.
    """

    shifts: Mapping[int, float]
    num_crystals: int
    source: str
    residual: float

    def shift_of(self, amounts: Amounts) -> float | None:
        """Expected difference of a crystal in eV/atom; None where an element was not fitted."""
        if not amounts.keys() <= self.shifts.keys():
            return None
        return sum(share * self.shifts[number] for number, share in amounts.items())

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for a report."""
        return {
            "num_crystals": self.num_crystals,
            "source": self.source,
            "residual_ev_per_atom": self.residual,
            "shifts_ev_per_atom": {str(number): s for number, s in sorted(self.shifts.items())},
        }


def amounts_of(stored: StructureDoc) -> Amounts:
    """Fraction of each atomic number in a stored crystal."""
    numbers, counts = np.unique(stored.geometry.unpack()[0], return_counts=True)
    return {int(z): float(count) / stored.nsites for z, count in zip(numbers, counts, strict=True)}


def fit(differences: Sequence[tuple[Amounts, float]], source: str) -> Alignment | None:
    """Fit shifts by element to differences of energy, without an outlier deciding.

    Args:
        differences: Of each crystal its amounts and how much more the other potential says, in
            eV/atom.
        source: What the crystals are.

    Returns:
        The alignment; None where there is nothing to fit.
    """
    if not differences:
        return None
    seen = [number for amounts, _ in differences for number in amounts]
    elements = sorted({each for each in seen if seen.count(each) >= FEWEST_PER_ELEMENT})
    known = [pair for pair in differences if pair[0].keys() <= set(elements)]
    if not known:
        return None
    matrix = np.array([[amounts.get(each, 0.0) for each in elements] for amounts, _ in known])
    values = np.array([difference for _, difference in known])
    shifts = _robust(matrix, values)
    residual = float(np.abs(matrix @ shifts - values).mean())
    return Alignment(
        dict(zip(elements, shifts.tolist(), strict=True)), len(known), source, residual
    )


def _robust(matrix: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Least absolute deviations, by least squares with weights renewed a few times."""
    springs = STIFFNESS * np.eye(matrix.shape[1])
    weights = np.ones(len(values))
    shifts = np.zeros(matrix.shape[1])
    for _ in range(20):
        weighted = matrix * weights[:, None]
        shifts = np.linalg.solve(matrix.T @ weighted + springs, weighted.T @ values)
        left = np.abs(matrix @ shifts - values)
        weights = 1.0 / np.maximum(left / max(float(np.median(left)), 1e-6), 1.0)
    return shifts
