"""A shaken crystal is the same whenever it is shaken, and holds what is held."""

import numpy as np
from relax_samples import crystal
from symmetric_samples import symmetric

from facet.relaxation.primitive import space_group
from facet.relaxation.rattle import rattled


def test_every_atom_goes_as_far_as_asked():
    start = symmetric("trigonal")
    end = rattled(start, 0.05)
    np.testing.assert_allclose(np.linalg.norm(end.positions - start.positions, axis=1), 0.05)
    np.testing.assert_array_equal(end.cell, start.cell)


def test_the_strain_is_symmetric_and_within_its_limit():
    start = symmetric("trigonal")
    end = rattled(start, 0.0, strain=0.02)
    strain = np.linalg.solve(start.cell, end.cell) - np.eye(3)
    np.testing.assert_allclose(strain, strain.T, atol=1e-12)
    assert 0.002 < np.abs(strain).max() <= 0.02


def test_no_symmetry_is_left():
    assert space_group(rattled(symmetric("centered"), 0.02, strain=0.01), 1e-3) == 1


def test_the_same_crystal_is_shaken_the_same_way_and_another_seed_another():
    once, twice = (rattled(symmetric("cubic"), 0.05, 0.01).positions for _ in range(2))
    np.testing.assert_array_equal(once, twice)
    assert np.abs(rattled(symmetric("cubic"), 0.05, 0.01, seed=1).positions - once).max() > 0.01


def test_held_coordinates_stay_in_a_strained_cell():
    start = crystal()
    is_held = np.zeros((4, 3), dtype=bool)
    is_held[0], is_held[1, 2] = True, True
    end = rattled(start._replace(is_held=is_held), 0.1, strain=0.02)
    before, after = (np.linalg.solve(each.cell.T, each.positions.T).T for each in (start, end))
    np.testing.assert_allclose(after[is_held], before[is_held], atol=1e-12)
    assert np.abs(after - before)[~is_held].min() > 1e-4
    np.testing.assert_array_equal(end.is_held, is_held)
