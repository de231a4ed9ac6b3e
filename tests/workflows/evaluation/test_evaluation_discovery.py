"""Finding stable crystals among candidates with a known outcome."""

from __future__ import annotations

import pytest
from evaluation_samples import POTENTIAL, write_campaign

from facet.errors import DataError
from workflows.evaluation.discovery import measure_discovery, read_candidates
from workflows.evaluation.discovery_scores import score


def row(truth: float, above: float | None, unrelaxed: float = 0.3) -> dict:
    """A candidate whose distance to the hull is also its formation energy."""

    def place(distance: float, volume: float) -> dict:
        return {"above_hull": distance, "formation_energy": distance, "volume": volume}

    return {
        "name": f"c{truth}",
        "dft_above_hull": truth,
        "dft_formation_energy": truth,
        "dft_volume": 10.0,
        "stop_reason": "converged" if above is not None else "max_steps",
        "relaxed": None if above is None else place(above, 10.2),
        "unrelaxed": place(unrelaxed, 11.0),
    }


def test_a_search_is_scored_at_both_limits_with_intervals():
    rows = [row(-0.1, -0.05), row(-0.2, 0.05), row(0.05, 0.2), row(0.4, -0.1)]
    found = score(rows)
    stable, near = found["relaxed"]["stable"], found["relaxed"]["near_hull"]
    assert (stable["precision"]["value"], stable["recall"]["value"]) == (0.5, 0.5)
    assert (near["precision"]["value"], near["recall"]["value"]) == pytest.approx((2 / 3, 2 / 3))
    assert 0 <= near["f1"]["low"] <= near["f1"]["value"] <= near["f1"]["high"] <= 1
    assert found["unrelaxed"]["stable"]["recall"]["value"] == 0
    assert found["unrelaxed"]["stable"]["precision"]["value"] is None
    assert found["guess"]["stable"] == pytest.approx({"prevalence": 0.5, "f1_of_all": 2 / 3})


def test_errors_are_of_the_crystals_that_converged_but_the_search_is_over_all():
    found = score([row(-0.1, -0.05), row(-0.2, None)])
    assert (found["num_candidates"], found["num_converged"]) == (2, 1)
    assert found["relaxed"]["num_placed"] == 1
    assert found["relaxed"]["energy_bias"]["value"] == pytest.approx(50)
    assert found["relaxed"]["volume_mae"]["value"] == pytest.approx(2)
    assert found["unrelaxed"]["volume_bias"]["value"] == pytest.approx(10)
    assert found["relaxed"]["stable"]["recall"]["value"] == 0.5


def test_doubtful_references_are_named_and_scored_apart():
    found = score([row(-0.1, -0.1), row(-1.8, 0.2)])
    assert found["doubtful"] == ["c-1.8"]
    assert found["relaxed"]["stable"]["recall"]["value"] == 0.5
    assert found["relaxed_without_doubtful"]["stable"]["recall"]["value"] == 1
    nothing_left = score([row(-1.8, 0.2)])["relaxed_without_doubtful"]
    assert nothing_left == {"num_placed": 0}


def test_the_more_rows_the_narrower_the_interval():
    few = [row(-0.1, -0.1), row(-0.1, 0.1), row(0.1, 0.1), row(0.1, -0.1)]
    narrow, wide = (score(rows)["relaxed"]["stable"]["f1"] for rows in (8 * few, few))
    assert narrow["high"] - narrow["low"] < wide["high"] - wide["low"]


def test_candidates_are_relaxed_and_placed_without_their_own_formula(tmp_path):
    write_campaign(tmp_path, formation=-0.2)
    found = measure_discovery(POTENTIAL, tmp_path, None)
    good, bad = found["rows"]
    assert (good["stop_reason"], bad["stop_reason"]) == ("converged", "converged")
    assert good["relaxed"]["formation_energy"] == pytest.approx(-0.2, abs=1e-3)
    assert good["relaxed"]["above_hull"] == pytest.approx(-0.2, abs=1e-3)
    assert good["relaxed"]["volume"] == pytest.approx(good["dft_volume"], rel=0.02)
    assert good["unrelaxed"]["formation_energy"] > good["relaxed"]["formation_energy"]
    assert good["unrelaxed"]["volume"] == pytest.approx(good["dft_volume"] * 1.03**3, rel=1e-3)
    assert found["relaxed"]["stable"]["recall"]["value"] == 1
    assert found["relaxed"]["stable"]["precision"]["value"] == 0.5


def test_a_missing_campaign_is_one_sentence(tmp_path):
    with pytest.raises(DataError, match="There is no file"):
        read_candidates(tmp_path / "no.extxyz.xz")
