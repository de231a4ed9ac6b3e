"""What finished calculations teach of errors, with and without a committee."""

import numpy as np
import pytest

from db.documents.follow_up import Comparison, Prediction, Request
from workflows.dft.learning import learned_scale


def rows(spreads):
    """Results whose errors are ten times their spread, give or take a sign."""
    made = []
    for number, spread in enumerate(spreads):
        size = 10 * (0.001 + 0.001 * (number % 5))
        request = Request(
            campaign_id="c",
            material_id=f"m{number}",
            candidate_id=f"c/m{number}",
            kind="flagged",
            inclusion_probability=1.0,
            prediction=Prediction(p_stable=0.5, volume_per_atom=10.0, spread=spread),
        )
        error = size * (-1) ** (number // 5)
        comparison = Comparison(
            base_reference_id="a",
            updated_reference_id="b",
            predicted_above_hull=error,
            dft_above_hull=0.0,
        )
        made.append((request, comparison))
    return made


def test_spreads_that_order_errors_are_learned_from():
    found = learned_scale(rows([0.001 + 0.001 * (number % 5) for number in range(40)]))
    assert found["stretch"] == pytest.approx(10.0, rel=0.2)
    assert found["bias"] < 0.005


def test_where_one_spread_is_missing_all_get_the_same_error():
    spreads = [0.001 + 0.001 * (number % 5) for number in range(39)]
    found = learned_scale(rows([*spreads, None]))
    assert found["stretch"] == 0.0
    sizes = [10 * (0.001 + 0.001 * (number % 5)) for number in range(40)]
    assert found["bias"] == pytest.approx(np.sqrt(np.mean(np.square(sizes))), rel=0.05)
