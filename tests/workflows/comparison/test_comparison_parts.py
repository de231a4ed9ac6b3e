"""The arithmetic of comparisons: alignment, samples, geometries, sums, and values that travel."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from workflow_samples import cesium_chloride, rocksalt

from db.documents import CandidateDoc, Origin
from facet import RelaxSettings, relax
from facet.graph.convert import crystal_from
from facet.testing.fakes import LennardJones
from workflows.comparison.alignment import fit
from workflows.comparison.geometry import rmsd_of, space_group
from workflows.comparison.sampling import sampled
from workflows.comparison.statistics import errors, share
from workflows.comparison.summary import summary_of
from workflows.comparison.wire import (
    crystal_from_wire,
    crystal_to_wire,
    result_from_wire,
    result_to_wire,
)


def candidate(name, elements):
    chemsys = "-".join(sorted(elements))
    return CandidateDoc(
        campaign_id="c",
        material_id=name,
        origin=Origin(file="f", index=0),
        structure_id=f"s-{name}",
        chemsys=chemsys,
        elements=tuple(sorted(elements)),
        nelements=len(elements),
    )


def test_shifts_by_element_are_found_although_one_crystal_is_wrong():
    rng = np.random.default_rng(3)
    truth = {8: 0.12, 26: -0.4, 3: 0.03}
    rows = []
    for _ in range(60):
        shares = rng.dirichlet(np.ones(3))
        amounts = dict(zip(truth, shares.tolist(), strict=True))
        rows.append((amounts, sum(truth[z] * amounts[z] for z in truth)))
    rows[0] = (rows[0][0], 5.0)
    found = fit(rows, "samples")
    assert {z: found.shifts[z] for z in truth} == pytest.approx(truth, abs=2e-3)
    assert found.shift_of({8: 0.5, 3: 0.5}) == pytest.approx(0.075, abs=2e-3)


def test_an_element_that_was_not_fitted_has_no_shift():
    found = fit([({8: 1.0}, 0.1), ({8: 1.0}, 0.1), ({9: 1.0}, 0.4)], "samples")
    assert found.num_crystals == 2
    assert found.shift_of({9: 1.0}) is None
    assert fit([], "nothing") is None


def test_a_larger_sample_holds_the_smaller_one_and_every_system_has_its_turn():
    crystals = [candidate(f"a{i}", ["Cu", "Au"]) for i in range(20)]
    crystals += [candidate("b", ["Li", "O"]), candidate("c", ["Na", "O"])]
    three = sampled(crystals, 3, "chemsys")
    assert {each.chemsys for each in three} == {"Au-Cu", "Li-O", "Na-O"}
    ten = sampled(crystals, 10, "chemsys")
    assert {each.material_id for each in three} <= {each.material_id for each in ten}
    assert sampled(list(reversed(crystals)), 10, "chemsys") == ten
    assert sampled(crystals, None) == crystals


def test_results_cross_a_process_without_losing_a_bit():
    settings = RelaxSettings(max_steps=2)
    for ended in relax([("a", rocksalt("Ar", "Ne", 5.1))], LennardJones(), settings):
        result = replace(ended, member_offsets=np.float32([0.1, -0.2]))
        there = result_from_wire(json.loads(json.dumps(result_to_wire(result))))
        assert there.energy == result.energy
        assert there.stop_reason is result.stop_reason
        for name in ("species", "positions", "cell", "forces", "stress", "member_offsets"):
            assert np.array_equal(getattr(there, name), getattr(result, name))


def test_a_crystal_with_held_coordinates_crosses_too():
    crystal = crystal_from(rocksalt("Na", "Cl"))._replace(is_held=np.eye(2, 3, dtype=bool))
    there = crystal_from_wire(json.loads(json.dumps(crystal_to_wire("a", crystal))))
    for mine, other in zip(crystal, there, strict=True):
        assert np.array_equal(mine, other)


def test_cells_are_not_scaled_to_each_other_and_strangers_do_not_match():
    small, large = rocksalt("Na", "Cl", 5.6), rocksalt("Na", "Cl", 5.7)
    assert rmsd_of(small, large) == pytest.approx(0.0, abs=1e-6)
    assert rmsd_of(small, cesium_chloride("Na", "Cl")) is None
    assert rmsd_of(small, rocksalt("Na", "Cl", 8.0)) is None


def test_a_tight_tolerance_sees_a_broken_symmetry():
    crystal = crystal_from(rocksalt("Na", "Cl", 5.6))
    aside = np.array([[0, 0, 0], [0.03, 0.01, 0]])
    shifted = crystal._replace(positions=crystal.positions + aside)
    assert [space_group(crystal, each) for each in (0.01, 0.1)] == [225, 225]
    assert space_group(shifted, 0.01) != 225
    assert space_group(shifted, 0.1) == 225


def row(name, *, flips=False, ends=("converged", "converged"), change=0.0):
    return {
        "material_id": name,
        "formula_pretty": "X",
        "ends": list(ends),
        "steps": [3, 5],
        "evaluations": [4, 6],
        "energy_difference": change,
        "volume_change": change,
        "length_change": abs(change),
        "angle_change": 0.0,
        "rmsd": None if flips else 0.1,
        "same_space_group": {"0.1": not flips},
        "disagreement": abs(change),
        "stability_flips": flips,
        "flag_flips": False,
        "is_stable": [True, False],
        "energy_above_hull": [0.0, 0.1],
    }


def test_a_summary_names_who_flips_and_counts_who_does_not_match():
    summary = summary_of([row("a"), row("b", flips=True, change=0.2)])
    assert [each["material_id"] for each in summary["stability_flips"]] == ["b"]
    assert summary["flag_flips"] == []
    assert summary["num_unmatched"] == 1
    assert summary["steps"] == [6, 10]
    assert summary["same_space_group"] == {"0.1": 0.5}
    assert summary["volume_change"]["mean_absolute"] == pytest.approx(0.1)


def test_a_summary_of_crystals_without_results_is_empty_not_wrong():
    nothing = {
        "material_id": "a",
        "formula_pretty": "X",
        "ends": [None, None],
        "steps": [None, None],
        "evaluations": [None, None],
        "disagreement": None,
        "stability_flips": False,
        "flag_flips": False,
    }
    summary = summary_of([nothing])
    assert summary["num_both_converged"] == 0
    assert summary["energy_difference"]["mean"] is None


def test_what_is_not_known_is_left_out_of_statistics():
    assert errors([None, -1.0, 3.0]) == {
        "num": 2,
        "mean": 1.0,
        "mean_absolute": 2.0,
        "median_absolute": 2.0,
        "largest": 3.0,
    }
    assert share([True, None, False, None]) == 0.5
    assert share([None]) is None
