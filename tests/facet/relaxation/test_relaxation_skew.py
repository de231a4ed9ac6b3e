"""Skewed cells are described by shorter vectors, and nothing else changes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from relax_samples import crystal, lennard_jones

from facet.relaxation.relaxer import relax
from facet.relaxation.settings import RelaxSettings
from facet.relaxation.skew import MAX_SKEW, shortening


def skewness(cell):
    return np.linalg.norm(cell, axis=1).prod() / abs(np.linalg.det(cell))


@given(st.lists(st.integers(-6, 6), min_size=3, max_size=3), st.integers(0, 10**6))
def test_shortening_is_a_change_of_basis_to_short_vectors(shears, seed):
    cell = np.diag([3.0, 3.5, 4.0]) + np.random.default_rng(seed).normal(0, 0.2, (3, 3))
    shear = np.array([[1, shears[0], shears[1]], [0, 1, shears[2]], [0, 0, 1.0]])
    change = shortening(shear @ cell)
    np.testing.assert_array_equal(change, np.round(change))
    assert np.linalg.det(change) == pytest.approx(1)
    assert skewness(change @ shear @ cell) < 2


def test_a_sheared_description_of_a_crystal_has_the_same_end():
    plain = crystal(2)
    shear = np.array([[1, 0, 0], [9, 1, 0], [4, -7, 1.0]])
    skewed = plain._replace(cell=shear @ plain.cell)
    assert skewness(skewed.cell) > MAX_SKEW
    settings = RelaxSettings(fmax=1e-3, smax=1e-3)
    first, second = (next(relax([each], lennard_jones(), settings)) for each in (plain, skewed))
    assert second.energy == pytest.approx(first.energy, abs=1e-7)
    assert second.num_steps == first.num_steps
    assert skewness(second.cell) < 2
    assert abs(np.linalg.det(second.cell)) == pytest.approx(abs(np.linalg.det(first.cell)))
    assert "shorter cell vectors" in second.message
    assert "shorter" not in first.message
