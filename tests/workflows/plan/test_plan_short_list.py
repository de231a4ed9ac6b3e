"""What a plan says of phonons and elastic constants that the rule asks for."""

from __future__ import annotations

from dataclasses import replace

import bson
import numpy as np
import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure
from workflow_samples import run_whole, write_lines

import workflows.stability.phonons as phonons_module
from db.documents.stability import StabilityDoc
from facet.calculator import FacetCalculator
from facet.errors import ConfigError
from facet.relaxation.settings import RelaxSettings
from facet.testing import LennardJones
from screening.rule_files import parse_rule
from screening.rules import FlagRule
from workflows.cli.plan import plan_lines
from workflows.plan.planning import make_plan
from workflows.plan.request import PlanRequest
from workflows.plan.short_list import ShortList, _chosen, short_list_of
from workflows.plan.sizes import BYTES_OF_A_STABILITY

EDGE = 3.55
RULE = """
version: 1
name: rigid
max_energy_above_hull: 1000.0
gates:
  elastic: {mode: warn}
"""
ELASTIC = parse_rule(RULE, "rule.yaml")
BOTH = FlagRule.from_dict({"gates": {name: {"mode": "warn"} for name in ("dynamical", "elastic")}})


def make() -> FacetCalculator:
    """Atoms that are all alike, for which close packings are stable."""
    return FacetCalculator(LennardJones(epsilon=0.1, sigma=2.3))


def packed(*symbols: str) -> Structure:
    lattice = Lattice.tetragonal(EDGE / np.sqrt(2), EDGE)
    return Structure(lattice, symbols, [[0, 0, 0], [0.5, 0.5, 0.5]])


@pytest.fixture
def request_of(tmp_path, monkeypatch):
    """Three candidates, one of them twice, and three competing phases."""
    monkeypatch.delenv("FACET_MONGO_URI", raising=False)
    monkeypatch.setenv("FACET_HOME", str(tmp_path / "home"))
    alloys = {f"{a}{b}": packed(a, b) for a, b in (("Cu", "Au"), ("Cu", "Ag"), ("Ag", "Au"))}
    candidates = write_lines(tmp_path / "c.jsonl", alloys | {"again": packed("Cu", "Au")})
    phases = {symbol: packed(symbol, symbol) for symbol in ("Ag", "Au", "Cu")}
    reference = write_lines(tmp_path / "r.jsonl", phases)
    return PlanRequest((candidates,), reference, potential="ase:test_plan_short_list:make")


def test_a_rule_that_asks_for_nothing_takes_no_time(request_of):
    told = make_plan(request_of)
    assert told["stability"] is None
    assert "stabilities" not in told["forecast"]["documents"]
    assert "stability" not in "\n".join(plan_lines(told))


def test_what_the_rule_asks_for_is_in_the_times_the_energy_and_the_documents(request_of):
    told = make_plan(replace(request_of, rule=ELASTIC, num_devices=2))
    listed, forecast = told["stability"], told["forecast"]
    assert (listed["kinds"], listed["num_candidates"]) == (["elastic"], 3)
    assert 1 <= listed["num_sampled"] <= 5
    assert listed["num_faults"] == 0
    seconds = listed["seconds_one_device"]
    assert 0 < seconds["low"] <= seconds["expected"] <= seconds["high"]
    alone = forecast["relaxing_seconds_one_device"]["expected"] + forecast["reading_seconds"]
    alone += forecast["starting_seconds_per_device"] + seconds["expected"]
    assert forecast["wall_seconds_one_device"]["expected"] == pytest.approx(alone)
    assert forecast["device_hours"]["expected"] * 3600 > seconds["expected"]
    assert forecast["processor_hours"]["expected"] * 3600 > listed["processor_seconds"]["expected"]
    assert forecast["documents"]["stabilities"] == 3
    lines = "\n".join(plan_lines(told))
    assert "stability: elastic of the first 3 flagged, in the times above:" in lines
    assert "unknown: how many are flagged" in lines


def test_a_long_short_list_is_shared_by_devices_and_no_longer_than_the_job_measures(request_of):
    class Many:
        num_candidates, num_rejected, num_duplicates = 1000, 10, 20

    assert short_list_of(request_of, Many) is None
    listed = short_list_of(replace(request_of, rule=BOTH), Many)
    assert listed == ShortList(("phonons", "elastic"), 20, 4)
    assert listed.num_documents == 40


def test_the_crystals_that_are_measured_stand_for_all_by_their_number():
    class Load:
        def __init__(self, edges):
            self.edges = edges

    class Relaxed:
        def __init__(self, edges, end="converged"):
            self.load, self.end, self.crystal = Load(edges), end, edges

    class Census:
        def strata_of_all(self):
            return np.array([1] * 80 + [2] * 20)

    class Measurement:
        def __init__(self, *first):
            self.strata = {1: first, 2: [Relaxed(4.0)]}

    measured = Measurement(Relaxed(2.0), Relaxed(3.0), Relaxed(2.5, "diverged"))
    assert list(_chosen(Census(), measured, 5).values()) == [2.0, 3.0, 4.0]
    assert list(_chosen(Census(), measured, 1).values()) == [3.0]
    measured.strata = {1: [Relaxed(2.0, "diverged")]}
    assert _chosen(Census(), measured, 5) == {}


def test_where_nothing_converged_the_time_is_said_to_be_unknown(request_of):
    hopeless = RelaxSettings(fmax=1e-12, smax=1e-12, max_steps=1)
    told = make_plan(replace(request_of, rule=ELASTIC, relax=hopeless))
    assert told["stability"]["seconds_one_device"] is None
    assert "not in the times; unknown: nothing was relaxed" in "\n".join(plan_lines(told))


def test_phonons_that_cannot_be_computed_are_refused_before_anything_is_read(
    request_of, monkeypatch
):
    monkeypatch.setattr(phonons_module, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"facet\[phonons\]"):
        make_plan(replace(request_of, rule=BOTH))


@pytest.mark.integration
def test_a_campaign_stores_as_many_measurements_as_were_foretold(
    request_of, facet, facet_environment, database, tmp_path
):
    rule = tmp_path / "rule.yaml"
    rule.write_text(RULE)
    asked = [*request_of.candidates, "--reference", request_of.reference]
    asked += ["--potential", request_of.potential, "--rule", rule]
    told = facet("plan", *asked, "--json").document
    run_whole(database, replace(request_of, rule=ELASTIC).campaign())
    found = list(database[StabilityDoc.collection].find())
    assert len(found) == told["forecast"]["documents"]["stabilities"] == 3
    for raw in found:
        assert BYTES_OF_A_STABILITY / 1.5 < len(bson.encode(raw)) < BYTES_OF_A_STABILITY * 1.5
    again = facet("plan", *asked)
    assert "not in the times; unknown" in again.out
