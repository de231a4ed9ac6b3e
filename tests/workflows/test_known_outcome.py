"""Comparing a campaign with outcomes that its input carries."""

from __future__ import annotations

import math

import pytest
from workflow_samples import rocksalt

from db.documents import CandidateDoc, Origin, RelaxationDoc
from screening.corrections import CorrectedEnergy
from screening.hull import Hulls
from screening.reference import Reference, ReferencePhase
from screening.rules import FlagRule
from screening.verdict import Evidence, judge
from workflows.findings import Finding, Relaxed
from workflows.known_outcome import known_outcome

RULE = FlagRule(max_energy_above_hull=0.05)
HULLS = Hulls(
    Reference(
        name="table",
        scheme="MP2020",
        phases=(
            ReferencePhase("own", "NaCl", -2.0),
            ReferencePhase("salt-rich", "Na3Cl", -0.9),
            ReferencePhase("Na", "Na", 0.0),
            ReferencePhase("Cl", "Cl", 0.0),
        ),
        element_energies={"Na": 0.0, "Cl": 0.0},
    )
)


def finding(name: str, distance: float, stop_reason: str = "converged", **known) -> Finding:
    """A NaCl candidate this far above its own formula, with what its input says."""
    candidate = CandidateDoc(
        campaign_id="c1", material_id=name, origin=Origin(file="f", index=0), known_outcome=known
    )
    relaxation = RelaxationDoc.model_construct(stop_reason=stop_reason, message="")
    structure = rocksalt("Na", "Cl")
    energy = CorrectedEnergy(2 * (distance - 2.0), (), "1")
    relaxed = Relaxed(candidate, relaxation, structure, energy, None)
    place = HULLS.distance(structure.composition, energy.total)
    evidence = Evidence(stop_reason, "", place.energy_above_hull, None, None)
    return Finding(relaxed, place, judge(evidence, RULE), None)


def test_without_known_outcomes_there_is_nothing_to_compare():
    odd = [
        {},
        {"dft_e_above_hull": math.nan},
        {"dft_e_above_hull": "0"},
        {"dft_e_above_hull": True},
    ]
    rows = [finding(f"c{index}", 0.0, **known) for index, known in enumerate(odd)]
    assert known_outcome(rows, HULLS, RULE) is None


def test_a_flag_is_scored_against_the_same_limit_and_stability_against_zero():
    rows = [
        finding("hit", 0.02, dft_e_above_hull=0.03),
        finding("false alarm", 0.02, dft_e_above_hull=0.2),
        finding("miss", 0.2, dft_e_above_hull=-0.01),
        finding("rightly left", 0.2, dft_e_above_hull=0.2),
    ]
    scores = known_outcome(rows, HULLS, RULE)["as_shipped"]
    assert scores["num"] == 4
    assert scores["near_hull"]["precision"] == 0.5
    assert scores["near_hull"]["recall"] == 0.5
    assert scores["stable"]["recall"] == 0.0
    assert scores["energy_above_hull_mae"] == pytest.approx((0.01 + 0.18 + 0.21 + 0.0) / 4)


def test_what_did_not_converge_was_not_found():
    rows = [finding("tired", 0.0, "max_steps", dft_e_above_hull=0.0)]
    scores = known_outcome(rows, HULLS, RULE)["as_shipped"]
    assert scores["near_hull"]["recall"] == 0.0
    assert (scores["num"], scores["num_measured"]) == (1, 0)
    assert scores["energy_above_hull_mae"] is None


def test_the_headline_takes_the_own_formula_off_the_hull_and_only_certain_rows():
    rows = [
        finding("certain", 0.1, dft_e_above_hull_excl_own=-1.3, source="wbm972"),
        finding("likely", 0.1, dft_e_above_hull_excl_own=-1.3, source="other"),
    ]
    report = known_outcome(rows, HULLS, RULE)
    assert list(report) == ["wbm_without_own_formula"]
    scores = report["wbm_without_own_formula"]
    assert scores["num"] == 1
    # Without NaCl the hull at 1:1 is Na3Cl + Cl: 2/3 of -0.9 eV/atom.
    assert scores["energy_above_hull_mae"] == pytest.approx(abs(-1.3 - (-1.9 + 0.6)))
    assert scores["stable"]["true_positives"] == 1
