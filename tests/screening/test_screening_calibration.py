"""Promises of the calibration of uncertainties."""

from functools import partial

import numpy as np
import pytest

from screening.calibration import (
    Calibration,
    cross_fit,
    fit_calibration,
    fit_with_offset,
    formula_folds,
)
from screening.errors import ScreeningError
from screening.reliability import HEAVY_TAILED, coverages, expected_calibration_error

NUM = 4000


def drawn(stretch=1.0, bias=0.0, offset=0.0, seed=0):
    """Errors whose scale is known."""
    rng = np.random.default_rng(seed)
    spreads = rng.uniform(0.01, 0.1, NUM)
    errors = offset + np.hypot(stretch * spreads, bias) * rng.normal(size=NUM)
    formulas = [f"X{number // 2}" for number in range(NUM)]
    return errors, spreads, formulas


def test_a_calibrated_gaussian_comes_out_calibrated():
    errors, spreads, _ = drawn()
    fitted = fit_calibration(errors, spreads)
    assert fitted.stretch == pytest.approx(1, abs=0.05)
    assert fitted.bias < 0.01
    assert expected_calibration_error(errors, fitted.scale(spreads)) < 0.01


def test_an_overconfident_spread_is_corrected_on_formulas_not_fitted_to():
    errors, spreads, formulas = drawn(stretch=5, bias=0.1)
    assert expected_calibration_error(errors, spreads) > 0.3
    fitted = cross_fit(errors, spreads, formulas)
    assert expected_calibration_error(errors, fitted.scales) < 0.015
    for each in fitted.calibrations:
        assert each.stretch == pytest.approx(5, rel=0.1)
        assert each.bias == pytest.approx(0.1, rel=0.2)


def test_spreads_that_say_nothing_leave_the_shared_bias():
    rng = np.random.default_rng(0)
    fitted = fit_calibration(0.05 * rng.normal(size=NUM), rng.uniform(0.001, 0.002, NUM))
    assert fitted.bias == pytest.approx(0.05, rel=0.1)
    assert fitted.scale(np.array([0.002])) < 0.06


def test_without_any_spread_the_bias_is_all_there_is():
    fitted = fit_calibration(np.array([0.1, -0.1, 0.1, -0.1]), np.zeros(4))
    assert fitted.stretch == 0
    assert fitted.bias == pytest.approx(0.1, rel=1e-3)


def test_an_offset_of_all_errors_is_found_and_moves_probabilities():
    errors, spreads, _ = drawn(offset=-0.2)
    fitted = fit_with_offset(errors, spreads)
    assert fitted.offset == pytest.approx(-0.2, abs=0.005)
    assert fitted.stretch == pytest.approx(1, abs=0.05)
    # Predictions lie 0.2 too low: one of -0.2 is as likely above zero as below.
    assert fitted.probability_below(0.0, -0.2, 0.05) == pytest.approx(0.5, abs=0.05)


def test_heavy_tails_are_calibrated_by_students_distribution():
    rng = np.random.default_rng(0)
    spreads = rng.uniform(0.01, 0.1, NUM)
    errors = 3 * spreads * rng.standard_t(4, size=NUM)
    student = fit_calibration(errors, spreads, HEAVY_TAILED)
    assert student.stretch == pytest.approx(3, rel=0.05)
    scales = student.scale(spreads)
    assert expected_calibration_error(errors, scales, HEAVY_TAILED) < 0.01
    gaussian = fit_calibration(errors, spreads)
    assert expected_calibration_error(errors, gaussian.scale(spreads)) > 0.03


def test_intervals_hold_the_truth_as_often_as_they_say():
    errors, spreads, _ = drawn(stretch=2, bias=0.05)
    fitted = fit_calibration(errors, spreads)
    for level in (0.5, 0.8, 0.95):
        inside = np.mean(np.abs(errors) <= fitted.half_width(spreads, level))
        assert inside == pytest.approx(level, abs=0.02)
        covered = coverages(errors, fitted.scale(spreads), [level])
        assert covered[0] == pytest.approx(inside, abs=1e-9)


def test_half_widths_of_the_gaussian_are_those_of_the_textbook():
    widths = Calibration(1.0, 0.0).half_width(np.array([1.0]), 0.95)
    assert widths[0] == pytest.approx(1.959964, abs=1e-5)


def test_a_larger_spread_brings_probabilities_closer_to_a_half():
    calibration = Calibration(2.0, 0.01)
    sure, unsure = calibration.probability_below(0.0, np.array([-0.05, -0.05]), np.array([0, 0.1]))
    assert 0.5 < unsure < 0.7
    assert sure > 0.99


def test_a_calibration_returns_from_plain_data():
    calibration = Calibration(2.0, 0.03, HEAVY_TAILED, -0.01)
    assert Calibration(**calibration.to_dict()) == calibration


def test_a_formula_is_in_one_fold_whatever_the_order_of_rows():
    formulas = [f"X{number % 50}" for number in range(170)]
    folds = formula_folds(formulas)
    assert {len(set(folds[np.array(formulas) == each])) for each in set(formulas)} == {1}
    shuffled = np.random.default_rng(0).permutation(170)
    again = formula_folds([formulas[row] for row in shuffled])
    assert np.array_equal(again, folds[shuffled])
    sizes = np.bincount(formula_folds([f"X{number}" for number in range(50)]))
    assert sizes.tolist() == [10] * 5


def test_no_row_has_a_part_in_its_own_scale():
    errors, spreads, formulas = drawn(stretch=3)
    first = cross_fit(errors, spreads, formulas)
    fold = first.folds[0]
    changed = np.where(first.folds == fold, 100 * errors, errors)
    second = cross_fit(changed, spreads, formulas)
    inside = first.folds == fold
    assert np.array_equal(second.scales[inside], first.scales[inside])
    assert second.scales[~inside].mean() > 5 * first.scales[~inside].mean()


def test_another_way_of_fitting_can_be_cross_fitted():
    errors, spreads, formulas = drawn(offset=0.3)
    fit = partial(fit_with_offset, freedom=HEAVY_TAILED)
    fitted = cross_fit(errors, spreads, formulas, fit=fit, num_folds=2)
    assert {each.freedom for each in fitted.calibrations} == {HEAVY_TAILED}
    np.testing.assert_allclose(fitted.offsets, 0.3, atol=0.01)


@pytest.mark.parametrize(
    ("errors", "spreads"),
    [
        ([0.1, np.nan], [0.1, 0.1]),
        ([0.1, 0.2], [0.1, np.inf]),
        ([0.1, 0.2], [0.1, -0.1]),
        ([0.1, 0.2], [0.1]),
        ([0.1], [0.1]),
    ],
)
def test_rows_without_meaning_are_refused(errors, spreads):
    with pytest.raises(ScreeningError, match="at least two finite errors"):
        fit_calibration(errors, spreads)


def test_fewer_formulas_than_folds_are_refused():
    with pytest.raises(ScreeningError, match="2 formulas"):
        formula_folds(["NaCl", "KCl", "NaCl"])


@pytest.mark.parametrize("values", [(-1, 0), (1, np.nan), (1, 1, 0), (1, 1, 4, np.inf)])
def test_a_calibration_without_a_scale_is_refused(values):
    with pytest.raises(ScreeningError, match="fit it again"):
        Calibration(*values)
