"""Energy curves: minima, dimers, equations of state."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from evaluation_samples import POTENTIAL, Holed, write_dimers

from facet.testing import HarmonicBonds
from workflows.evaluation.curves import num_minima, num_sign_changes
from workflows.evaluation.dimers import FILE, Dimer, curve, describe, measure_dimers
from workflows.evaluation.smoothness import VOLUMES, measure_curve, measure_smoothness


@pytest.mark.parametrize(
    ("values", "num"),
    [
        ([3, 2, 1, 0], 0),
        ([0, 1, 2, 3], 0),
        ([3, 1, 3], 1),
        ([3, 1, 1.05, 1, 3], 1),
        ([3, 1, 2, 1, 3], 2),
        ([0, 2, 1, 2, 0], 1),
    ],
)
def test_minima_lie_inside_and_are_deeper_than_the_noise(values, num):
    assert num_minima(values, 0.1) == num


def test_changes_of_sign_within_the_noise_do_not_count():
    assert num_sign_changes(np.array([1.0, 0.01, -0.01, 2.0, -1.0, -1.0, 1.0]), 0.1) == 2


def test_the_curve_a_potential_was_made_of_has_no_error(tmp_path):
    write_dimers(tmp_path / FILE)
    found = measure_dimers(POTENTIAL, tmp_path, None)
    assert (found["num_dimers"], found["num_compared"], found["num_unbound"]) == (1, 0, 0)
    (row,) = found["rows"]
    assert row["depth"] == pytest.approx(row["dft"]["depth"])
    assert row["length"] == row["dft"]["length"] == pytest.approx(2.2 * 2 ** (1 / 6), abs=0.1)
    assert (row["has_wall"], row["num_minima"]) == (True, 1)


def test_a_bond_of_the_wrong_length_and_depth_is_an_error(tmp_path):
    distances = np.linspace(0.6, 6.0, 109)
    energies = np.minimum(0.0, 40 * (distances - 2.6) ** 2 - 1.5)
    values = {"distances": distances.tolist(), "energies": energies.tolist()}
    deep = json.dumps({"PBE": {"Cu-Cu": values, "Po-Po": values}}).encode()
    (tmp_path / FILE).write_bytes(gzip.compress(deep))
    strong = type(POTENTIAL)(epsilon=1.0, species=frozenset({29}))
    found = measure_dimers(strong, tmp_path, None)
    assert (found["num_dimers"], found["num_compared"]) == (1, 1)
    assert found["depth_mae"] == pytest.approx(0.5, abs=0.01)
    assert found["length_mae"] == pytest.approx(2.6 - 2.2 * 2 ** (1 / 6), abs=0.04)
    fair = measure_dimers(type(POTENTIAL)(epsilon=0.5), tmp_path, None)
    assert (fair["num_compared"], fair["num_unbound"]) == (2, 0)
    repelling = measure_dimers(HarmonicBonds(), tmp_path, None)
    assert (repelling["num_unbound"], repelling["length_mae"]) == (2, None)


def test_a_hole_at_short_range_is_no_wall_and_no_bond():
    dimer = Dimer(47, np.linspace(0.5, 6.0, 56), np.zeros(56))
    healthy = describe(dimer, curve(POTENTIAL, dimer))
    holed = describe(dimer, curve(Holed(), dimer))
    assert healthy["has_wall"]
    assert not holed["has_wall"]
    assert holed["length"] == healthy["length"]


def test_energies_that_are_not_finite_are_a_wall():
    dimer = Dimer(29, np.linspace(0.5, 6.0, 56), np.zeros(56))
    energies = curve(POTENTIAL, dimer)
    assert np.isfinite(curve(type(POTENTIAL)(epsilon=np.inf), dimer)).all()
    assert describe(dimer, np.where(dimer.distances < 1, 1e6, energies))["has_wall"]


def test_a_smooth_equation_of_state_is_told_from_a_bumpy_one():
    smooth = 0.8 * (VOLUMES ** (-1 / 3) - 1) ** 2
    bumpy = smooth + 0.01 * np.cos(60 * VOLUMES)
    good, bad = measure_curve(smooth), measure_curve(bumpy)
    assert (good["num_minima"], good["num_inflections"]) == (1, 0)
    assert good["roughness"] < 0.01
    assert bad["num_minima"] > 1
    assert bad["num_inflections"] >= 4
    assert bad["roughness"] > 1


def test_smoothness_is_measured_on_crystals_of_known_elements():
    metals = type(POTENTIAL)(species=frozenset({13, 29}), epsilon=0.2)
    found = measure_smoothness(metals, None, None)
    assert [row["name"] for row in found["rows"]] == ["Al", "Cu"]
    assert found["num_crystals"] == 2
    assert found["roughness_max"] >= found["roughness_median"] >= 0
