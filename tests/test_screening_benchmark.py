"""The benchmark of screening, on made-up outcomes."""

import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def benchmarks(monkeypatch):
    """Makes the benchmarks importable, after the packages."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(BENCHMARKS)])
    yield
    for name in ("screening_scores", "screening_report"):
        sys.modules.pop(name, None)


def candidate(number, truth, predicted, spread=None, shift=0.0):
    from screening_scores import AS_SHIPPED, WITHOUT_OWN, Placed

    def both(value):
        return None if value is None else {WITHOUT_OWN: value, AS_SHIPPED: value + shift}

    return Placed(
        name=f"c{number}",
        formula=f"A{number}",
        is_certain=True,
        truth=both(truth),
        relaxed=both(predicted),
        unrelaxed=both(None),
        spread=spread,
    )


def test_no_benchmark_hides_a_package(benchmarks):
    packages = {"facet", "screening", "db", "workflows"}
    assert not packages & {path.stem for path in BENCHMARKS.iterdir()}


def test_a_candidate_without_a_place_counts_as_not_found(benchmarks):
    from screening_scores import scores

    rows = [candidate(1, -0.1, -0.2), candidate(2, -0.1, None), candidate(3, 0.5, 0.6)]
    found = scores(rows)["headline"]
    assert found["relaxed"]["num_placed"] == 2
    assert found["relaxed"]["mae"]["value"] == pytest.approx(0.1)
    assert found["relaxed"]["stable"]["recall"]["value"] == 0.5
    assert found["relaxed"]["stable"]["precision"]["value"] == 1.0
    assert found["relaxed"]["stable"]["daf"]["value"] == pytest.approx(1.5)
    assert found["unrelaxed"]["stable"]["recall"]["value"] == 0.0


def test_doubtful_references_are_listed_and_scored_both_ways(benchmarks):
    from screening_scores import scores

    rows = [candidate(1, -1.5, -0.2, shift=1.55), candidate(2, 0.2, 0.1), candidate(3, -0.1, 0.1)]
    told = scores(rows)
    assert told["doubtful"]["without_own"] == {"c1": -1.5}
    assert told["doubtful"]["as_shipped"] == {}
    assert (told["headline"]["num"], told["headline_without_doubtful"]["num"]) == (3, 2)
    assert told["labels_that_differ"] == {"stable": 1, "near_hull": 0}


def test_bins_compare_probabilities_with_shares(benchmarks):
    from screening_scores import reliability_bins

    bins = reliability_bins(np.array([0.05, 0.07, 0.95, 1.0]), np.array([False, True, True, True]))
    assert [(each["from"], each["num"], each["found"]) for each in bins] == [
        (0.0, 2, 0.5),
        (0.9, 2, 1.0),
    ]
    assert all(each["low"] <= each["found"] <= each["high"] for each in bins)


def test_an_order_that_knows_more_gains_precision_at_a_fixed_budget(benchmarks):
    from screening_scores import budgets

    is_so = np.arange(100) % 2 == 0
    told = budgets(np.arange(100.0), is_so.astype(float), is_so)
    assert told["50"]["without"]["value"] == 0.5
    assert told["50"]["with"]["value"] == 1.0
    assert told["50"]["gain"]["low"] > 0.3


def test_a_spread_that_tells_the_error_is_worth_something(benchmarks):
    from screening_scores import uncertainty

    rng = np.random.default_rng(0)
    spreads = rng.choice([0.002, 0.3], 300)
    truth = rng.normal(0.15, 0.2, 300)
    predicted = truth + spreads * rng.normal(size=300)
    rows = [
        candidate(number, *values)
        for number, values in enumerate(zip(truth, predicted, spreads, strict=True))
    ]
    told = uncertainty(rows)
    assert told["spread"]["stable"]["brier"] < told["constant"]["stable"]["brier"]
    assert told["spread"]["stable"]["budgets"]["50"]["gain"]["low"] > 0.0
    assert told["spearman_of_spread_and_error"] > 0.5


def test_the_table_replaces_the_one_between_the_markers_only(benchmarks, tmp_path):
    from screening_report import BEGIN, END, write_table

    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_table("new", page)
    write_table("newer", page)
    assert page.read_text() == f"before\n{BEGIN}\n\nnewer\n\n{END}\nafter\n"
