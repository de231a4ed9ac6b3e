import itertools

import numpy as np
import pytest

from screening.errors import ScreeningError
from screening.sampling import _fitting_places, draw


def costs(number: int, seed: int = 0) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    return {f"c{row:04d}": float(cost) for row, cost in enumerate(rng.lognormal(1, 1, number))}


def test_the_allowance_is_never_exceeded_and_nearly_used():
    prices = costs(500)
    for seed in range(20):
        spent = sum(prices[name] for name in draw(prices, 200.0, f"campaign-{seed}").drawn)
        assert 150 < spent <= 200


def test_the_same_seed_draws_the_same_in_any_order_and_another_draws_others():
    prices = costs(300)
    backward = dict(reversed(prices.items()))
    assert draw(prices, 100.0, "a") == draw(backward, 100.0, "a")
    assert draw(prices, 100.0, "a").drawn != draw(prices, 100.0, "b").drawn


def test_the_chances_are_those_with_which_candidates_are_drawn():
    prices = costs(40)
    counts = dict.fromkeys(prices, 0)
    for seed in range(3000):
        order = np.random.default_rng(seed).permutation(sorted(prices))
        spent = 0.0
        for name in order:
            spent += prices[name]
            if spent > 50.0:
                break
            counts[name] += 1
    chances = draw(prices, 50.0, "campaign").chances
    for name, count in counts.items():
        assert chances[name] == pytest.approx(count / 3000, abs=0.04)


def test_chances_of_few_candidates_are_right_to_the_last_order():
    prices = np.array([1.0, 2.0, 4.0])
    orders = list(itertools.permutations(range(3)))
    exact = np.zeros(3)
    counted = np.zeros(3)
    for order in orders:
        exact[list(order)] += np.cumsum(prices[list(order)]) <= 4.0
        counted[list(order)] += _fitting_places(prices[list(order)], 4.0) / 3
    assert exact == pytest.approx(counted)


def test_who_cannot_fit_has_no_chance_and_who_must_fit_is_certain():
    assert draw({"dear": 10.0, "cheap": 1.0}, 5.0, "a").chances["dear"] == 0.0
    assert set(draw({"a": 1.0, "b": 2.0}, 3.0, "a").chances.values()) == {1.0}


def test_nothing_is_drawn_from_nothing_or_for_nothing():
    assert draw({}, 5.0, "a").drawn == ()
    none = draw(costs(5), 0.0, "a")
    assert none.drawn == ()
    assert set(none.chances.values()) == {0.0}


def test_a_cost_of_nothing_is_refused():
    with pytest.raises(ScreeningError, match="a cost above 0"):
        draw({"a": 0.0}, 1.0, "a")
