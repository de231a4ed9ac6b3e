import logging

import numpy as np
import pytest
from workflow_samples import cesium_chloride, rocksalt

from facet.graph.convert import crystal_from_structure
from facet.graph.neighbors import Crystal
from workflows.symmetry import MOST_SITES, TOLERANCE, space_group_number


def moved(structure, length, seed=0):
    """A crystal whose every site is moved by a length in angstrom."""
    crystal = crystal_from_structure(structure)
    step = np.random.default_rng(seed).normal(size=crystal.positions.shape)
    step *= length / np.linalg.norm(step, axis=1, keepdims=True)
    return crystal._replace(positions=crystal.positions + step)


@pytest.mark.parametrize(("make", "number"), [(rocksalt, 225), (cesium_chloride, 221)])
def test_known_structures_have_their_number_also_in_larger_and_skewed_cells(make, number):
    structure = make("Na", "Cl")
    assert space_group_number(crystal_from_structure(structure)) == number
    assert space_group_number(crystal_from_structure(structure * (2, 1, 3))) == number
    skewed = structure.copy()
    skewed.make_supercell([[1, 1, 0], [0, 1, 0], [2, 0, 1]])
    assert space_group_number(crystal_from_structure(skewed)) == number


def test_the_tolerance_tells_a_small_distortion_from_a_large_one():
    large = rocksalt("Na", "Cl") * (2, 2, 2)
    assert space_group_number(moved(large, 0.05 * TOLERANCE)) == 225
    assert space_group_number(moved(large, 4 * TOLERANCE)) == 1


def test_it_warns_of_no_crystal_that_is_symmetric_only_within_the_tolerance(caplog):
    with caplog.at_level(logging.WARNING):
        for seed in range(20):
            space_group_number(moved(cesium_chloride("Na", "Cl") * (2, 1, 1), 0.03, seed))
    assert caplog.records == []


CUBE = 3.0 * np.eye(3)
TWO = np.array([[0.0, 0.0, 0.0], [1.5, 1.5, 1.5]])


@pytest.mark.parametrize(
    ("positions", "cell"),
    [
        (TWO, np.zeros((3, 3))),
        (TWO, np.full((3, 3), np.nan)),
        (TWO, np.full((3, 3), 1e200)),
        (TWO * np.nan, CUBE),
        (TWO * 0, CUBE),
        (TWO, np.diag([1e3, 1e-3, 1.0])),
        (TWO, np.diag([300.0, 3.0, 3.0])),
        (TWO, np.diag([1.1, 1.1, 1.1])),
    ],
    ids=["no cell", "nan cell", "huge", "nan", "coincide", "needle", "long", "collapsed"],
)
def test_a_wreck_has_none_and_is_told_at_once(positions, cell):
    assert space_group_number(Crystal(np.array([11, 17]), positions, cell)) is None


def test_neither_no_site_nor_very_many_have_one():
    nothing = Crystal(np.zeros(0, int), np.zeros((0, 3)), CUBE)
    assert space_group_number(nothing) is None
    many = MOST_SITES + 1
    assert space_group_number(Crystal(np.ones(many, int), np.zeros((many, 3)), 99 * CUBE)) is None
