"""What a relaxation passed, as a few hundred bytes of its document and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from db.documents import RelaxationDoc

MOST_POINTS = 2000
"""Evaluations that are kept of one relaxation."""

SINGLE = "<f4"


class StoredCurve(NamedTuple):
    """The curve of a relaxation as it is stored, under the names of the document's fields.

    Attributes:
        energy_curve: Total energies in eV, packed.
        fmax_curve: Largest forces in eV/angstrom, packed.
    """

    energy_curve: bytes | None = None
    fmax_curve: bytes | None = None


class CurvePoint(NamedTuple):
    """One evaluation.

    Attributes:
        evaluation: Its number, from 0.
        energy: Total energy in eV.
        fmax: Largest force in eV/angstrom.
    """

    evaluation: int
    energy: float
    fmax: float


def stored_curve(passed: np.ndarray | None) -> StoredCurve:
    """Pack a curve; of a long one evenly chosen evaluations, with the first and the last.

    Args:
        passed: Energy in eV and largest force in eV/angstrom, shape (evaluations, 2).
    """
    if passed is None:
        return StoredCurve()
    kept = passed[_chosen(len(passed))].astype(SINGLE)
    return StoredCurve(kept[:, 0].tobytes(), kept[:, 1].tobytes())


def curve_points(relaxation: RelaxationDoc) -> list[CurvePoint]:
    """Unpack the curve of a relaxation; empty where none was kept."""
    energies = np.frombuffer(relaxation.energy_curve or b"", SINGLE)
    forces = np.frombuffer(relaxation.fmax_curve or b"", SINGLE)
    num_passed = len(energies)
    if num_passed == MOST_POINTS:
        num_passed = max(num_passed, relaxation.num_evaluations or 0)
    columns = _chosen(num_passed).tolist(), energies.tolist(), forces.tolist()
    return [CurvePoint(*each) for each in zip(*columns, strict=True)]


def _chosen(num_passed: int) -> np.ndarray:
    """Which evaluations are kept, of so many that were passed."""
    num_kept = min(num_passed, MOST_POINTS)
    places: np.ndarray = np.linspace(0, num_passed - 1, num_kept).round().astype(int)
    return places
