"""Supercells."""

from __future__ import annotations

import numpy as np
import pytest

from facet.errors import ConfigError
from facet.graph.neighbors import Crystal
from workflows.stability.settings import StabilitySettings
from workflows.stability.supercells import mesh_of, supercell_of, wave_vectors

FCC = np.array([[0, 1.8, 1.8], [1.8, 0, 1.8], [1.8, 1.8, 0]])


def crystal(cell, count=1):
    return Crystal(np.full(count, 29), np.zeros((count, 3)), np.array(cell, dtype=float))


def spread(cell, count):
    """Atoms along the second vector."""
    places = np.zeros((count, 3))
    places[:, 1] = cell[1, 1] / count * np.arange(count)
    return crystal(cell, count)._replace(positions=places)


def test_images_are_far_enough_apart_at_the_least_number_of_atoms():
    found = supercell_of(crystal(np.diag([3.0, 4.0, 13.0])), 12.0, 200)
    assert found.matrix.tolist() == [[4, 0, 0], [0, 3, 0], [0, 0, 1]]
    assert (found.num_atoms, found.image_distance) == (12, pytest.approx(12.0))


def test_a_skewed_cell_has_the_supercell_of_the_short_vectors_of_its_lattice():
    skew = np.array([[1, 0, 0], [3, 1, 0], [-2, 4, 1]])
    straight = supercell_of(crystal(FCC), 10.0, 200)
    skewed = supercell_of(crystal(skew @ FCC), 10.0, 200)
    assert skewed.num_atoms == straight.num_atoms
    assert skewed.image_distance == pytest.approx(straight.image_distance)
    lengths = np.linalg.norm(skewed.matrix @ skew @ FCC, axis=1)
    assert lengths.min() == pytest.approx(skewed.image_distance)


def test_where_atoms_do_not_suffice_the_farthest_images_are_taken():
    found = supercell_of(crystal(FCC), 12.0, 64)
    assert found.num_atoms == 64
    assert found.image_distance == pytest.approx(4 * 1.8 * np.sqrt(2))


def test_a_cell_of_more_atoms_than_are_allowed_is_taken_as_it_is():
    found = supercell_of(spread(np.diag([9.0, 9, 9]), 300), 12.0, 200)
    assert (found.matrix == np.eye(3)).all()


def test_the_wave_vectors_that_it_holds_go_through_whole_turns_along_its_vectors():
    skew = np.array([[1, 0, 0], [3, 1, 0], [-2, 4, 1]])
    found = supercell_of(crystal(skew @ FCC), 8.0, 200)
    points = wave_vectors(found.matrix)
    turns = points @ found.matrix.T
    assert turns == pytest.approx(np.round(turns), abs=1e-9)
    both = np.concatenate([points, -points])
    different = {tuple(each) for each in np.round(both % 1.0, 6) % 1.0}
    assert len(different) == round(abs(np.linalg.det(found.matrix)))
    assert len(points) < 0.7 * len(different)


def test_a_mesh_is_as_fine_as_the_supercell_of_its_length_would_be():
    points = mesh_of(crystal(np.diag([3.0, 4.0, 13.0])), 11.0)
    assert {tuple(each) for each in np.round(points, 6)} == {
        (0.0, 0.0, 0.0),
        (0.0, 0.333333, 0.0),
        (0.25, 0.0, 0.0),
        (0.25, 0.333333, 0.0),
        (0.25, 0.666667, 0.0),
        (0.5, 0.0, 0.0),
        (0.5, 0.333333, 0.0),
    }


def test_a_supercell_is_as_symmetric_as_the_crystal():
    side, height = 3.0, 9.0
    centered_cell = np.array([[side, 0, 0], [0, side, 0], [side / 2, side / 2, height / 2]])
    quarter_turn = np.array([[0, 1, 0], [-1, 0, 0], [0, 0, 1]])
    found = supercell_of(crystal(centered_cell), 9.0, 200)
    vectors = found.matrix @ centered_cell
    turned = vectors @ quarter_turn @ np.linalg.inv(vectors)
    assert turned == pytest.approx(np.round(turned), abs=1e-9)
    assert (found.num_atoms, found.image_distance) == (18, pytest.approx(9.0))


def test_a_cell_that_is_less_symmetric_than_its_crystal_has_a_supercell_too():
    found = supercell_of(spread(np.diag([3.0, 6.0, 3.0]), 2), 9.0, 200)
    assert found.image_distance >= 9.0 - 1e-9


@pytest.mark.parametrize("change", [{"strain": 0.0}, {"image_distance": -1.0}, {"max_atoms": 0}])
def test_settings_without_meaning_are_refused(change):
    with pytest.raises(ConfigError, match="must be above zero"):
        StabilitySettings(**change)
