"""From timed rounds to the whole campaign."""

from __future__ import annotations

import numpy as np
import pytest
from workflow_samples import cesium_chloride

from facet.relaxation.relaxer import Relaxation
from facet.relaxation.settings import RelaxSettings
from facet.testing.fakes import LennardJones
from facet.testing.promises import assert_is_a_potential
from workflows.inputs import InputCrystal
from workflows.plan.census import Seconds, take_census
from workflows.plan.flight import Flight, Shard, fly
from workflows.plan.forecast import Forecaster
from workflows.plan.known import Known
from workflows.plan.measuring import Measurement, Relaxed, measure
from workflows.plan.rates import Rates, RoundCost, rates_of
from workflows.plan.sizes import DocumentSizes
from workflows.plan.stopwatch import Asked, Round, Stopwatch, TimedPotential
from workflows.plan.strata import Load

NO_LOOKS = Rates(RoundCost(1.0, 0.0, 0.0), RoundCost(), 0.0)


def shard(atoms, evaluations):
    atoms = np.array(atoms)
    return Shard(atoms, atoms * 10.0, np.array(evaluations))


def asked(atoms, edges):
    return Asked(
        is_last_look=False, structures=1, atoms=atoms, edges=edges, wall=0.0, processor=0.0
    )


def rounds_of(cost, sizes):
    """Rounds that cost exactly so much."""
    return [Round(asked(*each), cost.of(*each), cost.of(*each)) for each in sizes]


def test_crystals_fly_together_as_far_as_there_is_room():
    capacity = (4, 1e9)
    assert fly(shard([2, 2], [5, 5]), capacity).num_rounds == 5
    assert fly(shard([2, 2, 2], [5, 3, 4]), capacity).num_rounds == 7
    assert fly(shard([2, 2, 2, 2], [1, 1, 1, 1]), capacity).num_rounds == 2
    assert fly(shard([1] * 8, [1] * 8), (4, 25.0)).num_rounds == 4


def test_the_last_crystal_flies_alone_and_the_shard_pays_for_it():
    long = fly(shard([1] * 10, [5] * 9 + [100]), (100, 1e9))
    assert (long.num_rounds, long.atom_rounds) == (100, 145)
    assert long.seconds(NO_LOOKS) == 100


def test_a_crystal_beyond_the_batch_takes_nobodys_place():
    assert fly(shard([50, 2, 2], [9, 5, 5]), (4, 1e9)).num_rounds == 9


def test_a_crystal_as_large_as_the_batch_flies_whatever_the_rounding_of_those_before_it():
    edges = np.array([266.43549619775393, 67.76082852519731, 37.36641175058505, 1000.0])
    crystals = Shard(np.array([2, 2, 2, 8]), edges, np.array([3, 5, 4, 2]))
    assert fly(crystals, (20, 1000)).num_rounds == 7


def test_last_looks_cost_what_their_edges_cost():
    rates = Rates(RoundCost(), RoundCost(0.0, 0.0, 2.0), last_looks=0.5)
    assert Flight(16, 10.0, 100.0, 7.0).seconds(rates) == pytest.approx(7.0)


def test_costs_of_rounds_are_found_again():
    cost = RoundCost(0.01, 2e-4, 3e-6)
    sizes = [(atoms, 40 * atoms + 7 * (atoms % 11)) for atoms in range(10, 500, 13)]
    rates = rates_of(rounds_of(cost, sizes), "wall", 0.0)
    assert rates.flying.of(300, 12_000) == pytest.approx(cost.of(300, 12_000), rel=1e-6)
    assert rates.last_look == RoundCost()


def test_costs_are_never_negative_and_their_sum_is_what_was_timed():
    noisy = [
        Round(asked(10 * each, 400 * each), seconds, seconds)
        for each, seconds in enumerate((0.5, 0.1, 0.4, 0.2, 0.3, 0.1), start=1)
    ]
    cost = rates_of(noisy, "processor", 0.0).flying
    assert min(cost) >= 0
    assert sum(cost.of(each.asked.atoms, each.asked.edges) for each in noisy) == pytest.approx(1.6)


def census_of(structures, potential):
    crystals = (InputCrystal(f"c{i}", each, f"f#{i}") for i, each in enumerate(structures))
    return take_census(crystals, [], potential, Known(None, "", {}, "not asked"), 200)


def measurement_of(census, evaluations, cost):
    """What a sample would show whose crystals need so many evaluations."""
    sizes = DocumentSizes(100, 200, 300, 50, 0)
    (stratum,) = set(census.strata_of_all().tolist())
    load = Load(census.atoms[0], census.edges[0])
    told = [
        Relaxed(load, "converged" if each < 50 else "max_steps", each - 1, each, sizes)
        for each in evaluations
    ]
    grid = [(atoms, 30 * atoms) for atoms in range(2, 42, 2)]
    nothing = Seconds(0.0, 0.0)
    return Measurement(
        strata={stratum: told},
        rounds=rounds_of(cost, grid),
        capacity=(40, 1e9),
        edges_ratio=1.0,
        last_looks=0,
        last_look_edges=0.0,
        warm_up=nothing,
        entering=nothing,
        storing=nothing,
        took=nothing,
        peak_mib=1.0,
        device_peak_mib=None,
    )


def test_a_campaign_takes_what_its_rounds_take():
    census = census_of(
        [cesium_chloride("Cu", "Au", 4 + 0.0001 * each) for each in range(100)], LennardJones()
    )
    cost = RoundCost(0.0, 0.5, 0.0)
    told = Forecaster(census, measurement_of(census, [10] * 5, cost), 50).forecast()
    assert told.num_shards == 2
    assert told.wall.expected == pytest.approx(100 * 2 * 10 * 0.5, rel=1e-6)
    assert told.wall.low == pytest.approx(told.wall.high, rel=1e-6)
    assert told.steps == pytest.approx((900, 900, 900))
    assert told.sizes == (100, 200, 300, 50, 0)


def test_a_sample_that_differs_makes_the_forecast_uncertain():
    census = census_of(
        [cesium_chloride("Cu", "Au", 4 + 0.0001 * each) for each in range(100)], LennardJones()
    )
    measured = measurement_of(census, [5, 10, 20, 80], RoundCost(0.0, 0.5, 0.0))
    told = Forecaster(census, measured, 500).forecast()
    assert told.wall.low < 0.8 * told.wall.expected < 1.2 * told.wall.expected < told.wall.high
    assert told.ends["converged"].expected == pytest.approx(75)
    assert told.ends["max_steps"].low < 25 < told.ends["max_steps"].high


def test_a_timed_potential_is_a_potential_like_any_other():
    assert_is_a_potential(TimedPotential(LennardJones(), Stopwatch()))


def test_a_timed_relaxation_ends_as_an_untimed_one():
    structures = [cesium_chloride("Cu", "Au", 3.0 + 0.05 * each) for each in range(4)]
    settings = RelaxSettings(fmax=0.05, smax=5.0, max_steps=30)
    stopwatch = Stopwatch()
    plain = {each.name: each for each in Relaxation(structures, LennardJones(), settings)}
    timed = TimedPotential(LennardJones(), stopwatch)
    for each in Relaxation(structures, timed, settings):
        assert each.energy == plain[each.name].energy
        assert each.num_evaluations == plain[each.name].num_evaluations
    asked = sum(each.structures for each in stopwatch.asked)
    assert asked == sum(each.num_evaluations for each in plain.values())


def test_a_sample_is_measured_with_full_batches():
    structures = [cesium_chloride("Cu", "Au", 3.0 + 0.01 * each) for each in range(30)]
    potential, settings = LennardJones(), RelaxSettings(smax=50.0, max_batch_atoms=16)
    census = census_of(structures, potential)
    measured = measure(census.strata.sample(5), potential, settings, census.num_to_relax)
    assert len(measured.crystals) == 5
    assert measured.capacity[0] == 16
    assert measured.edges_ratio == pytest.approx(1.0, abs=0.5)
    assert measured.peak_mib > 10
    assert {each.end for each in measured.crystals} <= {"converged", "max_steps"}
