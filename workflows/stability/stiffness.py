"""Elastic tensors as plain 6x6 matrices: how crystals are strained, and what stresses then say.

In an orthonormal basis of symmetric matrices stiffness is a matrix whose eigenvalues do not depend
on how the crystal is turned: six moduli of Kelvin (Mehrabadi and Cowin, Q. J. Mech. Appl. Math. 43,
15, 1990), the energies of the six strains that do not mix.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from facet.units import gpa_from_ev_per_cubic_angstrom

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from facet.graph.neighbors import Crystal

STRAIN = 0.005
"""Size of the strains; small enough to be linear, large beside the noise of single precision."""

_SHEAR = np.sqrt(0.5)
BASIS = np.array(
    [
        np.diag([1.0, 0, 0]),
        np.diag([0, 1.0, 0]),
        np.diag([0, 0, 1.0]),
        [[0, 0, 0], [0, 0, _SHEAR], [0, _SHEAR, 0]],
        [[0, 0, _SHEAR], [0, 0, 0], [_SHEAR, 0, 0]],
        [[0, _SHEAR, 0], [_SHEAR, 0, 0], [0, 0, 0]],
    ]
)
"""Orthonormal symmetric matrices; in this basis stiffness is a plain 6x6 matrix to invert."""

IDENTITY = np.einsum("aii->a", BASIS)
"""The unit matrix in the basis."""

SIGNED_STRAINS = tuple(product(range(len(BASIS)), (1, -1)))
"""Every direction of the basis, both ways."""

_VOIGT_WEIGHTS = np.array([1.0, 1.0, 1.0, np.sqrt(2), np.sqrt(2), np.sqrt(2)])


class Moduli(NamedTuple):
    """Voigt-Reuss-Hill bulk and shear modulus in GPa."""

    bulk: float
    shear: float


def strained(crystal: Crystal, size: float = STRAIN) -> Iterator[tuple[tuple[int, int], Crystal]]:
    """Yield a crystal under every signed strain, fractional coordinates unchanged.

    Args:
        crystal: At rest.
        size: Of each strain.
    """
    for column, sign in SIGNED_STRAINS:
        stretch = np.eye(3) + sign * size * BASIS[column]
        moved = crystal._replace(positions=crystal.positions @ stretch, cell=crystal.cell @ stretch)
        yield (column, sign), moved


def stiffness_of(
    stresses: Mapping[tuple[int, int], np.ndarray], size: float = STRAIN
) -> np.ndarray:
    """Return the symmetric stiffness in the orthonormal basis, in GPa, shape (6, 6).

    It is the slope of the true stress: under a hydrostatic pressure the one that decides on
    stability (Wang, Yip, Phillpot and Wolf, Phys. Rev. Lett. 71, 4182, 1993).

    Args:
        stresses: In eV/angstrom^3, by signed strain.
        size: Of each strain.
    """
    slopes = [
        (stresses[column, 1] - stresses[column, -1]) / (2 * size) for column in range(len(BASIS))
    ]
    columns = [np.einsum("aij,ij->a", BASIS, slope) for slope in slopes]
    stiffness = gpa_from_ev_per_cubic_angstrom(1.0) * np.stack(columns, axis=1)
    symmetric: np.ndarray = (stiffness + stiffness.T) / 2
    return symmetric


def voigt_form(stiffness: np.ndarray) -> np.ndarray:
    """Write a stiffness as tables do: C11 to C66 of xx, yy, zz, yz, xz, xy, shape (6, 6)."""
    table: np.ndarray = stiffness / np.outer(_VOIGT_WEIGHTS, _VOIGT_WEIGHTS)
    return table


def voigt_reuss_hill(stiffness: np.ndarray) -> Moduli | None:
    """Average a stiffness over all directions; None if some strain costs no energy.

    Args:
        stiffness: In the orthonormal basis, in GPa, shape (6, 6).
    """
    symmetric = (stiffness + stiffness.T) / 2
    if not np.isfinite(symmetric).all() or np.linalg.eigvalsh(symmetric)[0] <= 0:
        return None
    compliance = np.linalg.inv(symmetric)
    bulk_voigt = IDENTITY @ symmetric @ IDENTITY / 9
    bulk_reuss = 1 / (IDENTITY @ compliance @ IDENTITY)
    shear_voigt = (np.trace(symmetric) - 3 * bulk_voigt) / 10
    shear_reuss = 2.5 / (np.trace(compliance) - 1 / (3 * bulk_reuss))
    return Moduli(float(bulk_voigt + bulk_reuss) / 2, float(shear_voigt + shear_reuss) / 2)
