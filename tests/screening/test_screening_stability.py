import pytest
from scipy.stats import norm

from screening.calibration import Calibration
from screening.stability import Stability, stability_of


def test_without_an_uncertainty_the_same_error_is_assumed_of_everyone():
    found = stability_of(0.02, 0.05, assumed_error=0.04)
    assert not found.is_calibrated
    assert found.scale == pytest.approx(0.04)
    assert found.on_hull == pytest.approx(norm.cdf(-0.02 / 0.04))
    assert found.within_limit == pytest.approx(norm.cdf(0.03 / 0.04))


def test_a_calibrated_spread_says_how_probable_it_is():
    calibration = Calibration(stretch=2.0, bias=0.03, offset=0.01)
    found = stability_of(0.02, 0.05, spread=0.02, calibration=calibration, assumed_error=0.5)
    assert found.is_calibrated
    assert found.scale == pytest.approx(0.05)
    assert found.on_hull == pytest.approx(norm.cdf(-0.01 / 0.05))


def test_a_spread_without_a_calibration_is_worth_nothing():
    found = stability_of(0.0, 0.05, spread=0.001, assumed_error=0.04)
    assert not found.is_calibrated
    assert found.scale == pytest.approx(0.04)


def test_it_survives_its_dictionary():
    found = stability_of(0.02, 0.05, assumed_error=0.04)
    assert Stability.from_dict(found.to_dict()) == found
