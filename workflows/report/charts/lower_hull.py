"""The lower side of a convex hull over compositions, for drawing alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import ConvexHull, QhullError

if TYPE_CHECKING:
    from collections.abc import Sequence

FLAT = 1e-9


def facets(fractions: Sequence[Sequence[float]], energies: Sequence[float]) -> list[list[int]]:
    """Return the simplices of the lower hull, each as rows of its corners.

    Args:
        fractions: Atomic fractions (points, elements); the pure elements are among the points.
        energies: Formation energies in eV/atom (points,).
    """
    points = np.column_stack([np.asarray(fractions)[:, 1:], np.asarray(energies)])
    above = np.append(points[:, :-1].mean(axis=0), np.max(energies) + 1.0)
    try:
        hull = ConvexHull(np.vstack([points, above]))
    except QhullError:
        return []
    is_below = hull.equations[:, -2] < -FLAT
    lower = hull.simplices[is_below]
    return sorted(sorted(each) for each in lower.tolist() if len(points) not in each)


def edges(simplices: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    """Return the edges of simplices, each once."""
    found = {
        (one, other)
        for each in simplices
        for at, one in enumerate(sorted(each))
        for other in sorted(each)[at + 1 :]
    }
    return sorted(found)
