"""What a distance is worth: calibrated spreads, disagreement with others, and both in words."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import t as student

from screening.calibration import Calibration
from screening.errors import ScreeningError
from screening.evidence import Disagreement, Evidence, Uncertainty
from screening.gates.limits import Gates, Mode, UncertaintyGate
from screening.rule_files import parse_rule, rule_text
from screening.rules import DisagreementRule, FlagRule
from screening.trust import uncertainty_by
from screening.verdict import VerdictStatus, judge

NEAR = Evidence(
    stop_reason="converged",
    stop_message="At rest.",
    energy_above_hull=0.02,
    no_reference=None,
    duplicate_of=None,
    decomposes_to=("CaO", "TiO2"),
    spread=0.003,
    uncertainty=Uncertainty(0.003, 10.0, 0.04, 4.0, -0.01, "389 crystals of known outcome"),
)
MACE = Disagreement("MACE", 0.12)
ASKS = FlagRule(
    disagreement=DisagreementRule(potentials=1.0),
    gates=Gates(uncertainty=UncertaintyGate(Mode.FAIL, largest=0.1)),
)


def test_a_known_spread_gives_a_known_scale_and_probability():
    found = judge(NEAR, FlagRule()).stability
    assert found.is_calibrated
    assert found.scale == pytest.approx(np.hypot(10.0 * 0.003, 0.04))  # 50 meV/atom
    assert found.on_hull == pytest.approx(student.cdf(-0.03 / 0.05, df=4))
    assert found.within_limit == pytest.approx(student.cdf(0.02 / 0.05, df=4))


def test_the_reasons_say_whose_calibration_it_is():
    sentence = judge(NEAR, FlagRule()).reasons[-1]
    assert sentence == (
        "The distance is uncertain by 50 meV/atom, as known from 389 crystals of known outcome, "
        "read with a spread of 3.0 meV/atom."
    )


def test_without_a_calibration_the_reasons_say_that_an_error_is_assumed_and_why():
    evidence = replace(NEAR, uncertainty=None, no_uncertainty="No calibration ships.")
    verdict = judge(evidence, FlagRule(assumed_error=0.03))
    assert verdict.reasons[-1] == (
        "The distance is assumed to be uncertain by 30 meV/atom. No calibration ships."
    )
    assert not verdict.stability.is_calibrated


def test_a_calibration_that_needs_a_spread_says_nothing_without_one():
    assert uncertainty_by(Calibration(2.0, 0.01), None) is None
    constant = uncertainty_by(Calibration(0.0, 0.05, 4.0, 0.01), None)
    assert constant == Uncertainty(0.0, 0.0, 0.05, 4.0, 0.01)
    assert uncertainty_by(Calibration(2.0, 0.01), 0.004, "X").spread == 0.004


def test_another_potential_that_disagrees_flips_a_verdict_where_the_rule_asks():
    evidence = replace(NEAR, disagreements=(Disagreement("SevenNet", 0.01), MACE))
    verdict = judge(evidence, ASKS)
    assert verdict.status is VerdictStatus.UNCERTAIN
    assert verdict.stability.scale == pytest.approx(np.hypot(0.05, 0.12))
    assert verdict.stability.disagreement == pytest.approx(0.12)
    assert "of that 120 meV/atom because MACE disagrees by 120 meV/atom" in verdict.reasons[-1]
    assert judge(NEAR, ASKS).is_flagged


def test_another_potential_that_disagrees_changes_nothing_where_the_rule_does_not_ask():
    deaf = replace(ASKS, disagreement=DisagreementRule())
    with_it, without = judge(replace(NEAR, disagreements=(MACE,)), deaf), judge(NEAR, deaf)
    assert with_it.is_flagged
    assert with_it.stability == without.stability
    assert with_it.reasons == without.reasons


def test_disagreement_widens_the_error_but_never_moves_the_distance():
    below = replace(NEAR, energy_above_hull=-0.05, disagreements=(MACE,))
    for distance, evidence in ((-0.05, below), (0.02, replace(NEAR, disagreements=(MACE,)))):
        found = judge(evidence, ASKS).stability
        expected = student.cdf((-distance - 0.01) / np.hypot(0.05, 0.12), df=4)
        assert found.on_hull == pytest.approx(expected)


def test_an_assumed_error_is_widened_too_and_then_the_gate_looks_at_it():
    evidence = replace(NEAR, uncertainty=None, disagreements=(MACE,))
    assert judge(evidence, ASKS).status is VerdictStatus.UNCERTAIN
    assert judge(replace(NEAR, uncertainty=None), ASKS).is_flagged


def test_hulls_that_disagree_count_where_there_are_both():
    rule = FlagRule(disagreement=DisagreementRule(hulls=0.5))
    both = replace(NEAR, hull_distances={"dft": 0.02, "own": 0.10})
    verdict = judge(both, rule)
    assert verdict.stability.scale == pytest.approx(np.hypot(0.05, 0.04))
    assert "because the hulls disagree" in verdict.reasons[-1]
    alone = judge(replace(both, hull_distances={"dft": 0.02}), rule)
    assert alone.stability.disagreement == 0.0


def test_only_who_widens_the_error_is_named_as_its_cause():
    both = replace(NEAR, hull_distances={"dft": 0.02, "own": 0.10}, disagreements=(MACE,))
    named = {
        weights: judge(both, FlagRule(disagreement=DisagreementRule(*weights))).reasons[-1]
        for weights in ((0.0, 1.0), (1.0, 0.0), (1.0, 1.0))
    }
    assert named[0.0, 1.0].endswith("80 meV/atom because the hulls disagree.")
    assert named[1.0, 0.0].endswith("120 meV/atom because MACE disagrees by 120 meV/atom.")
    assert "by 120 meV/atom and the hulls disagree." in named[1.0, 1.0]


def test_the_evidence_with_disagreements_survives_json():
    evidence = replace(NEAR, disagreements=(MACE, Disagreement("SevenNet", 0.01)))
    assert Evidence.from_dict(json.loads(json.dumps(evidence.to_dict()))) == evidence


def test_evidence_of_an_older_facet_is_read():
    stored = NEAR.to_dict()
    for key in ("spread", "no_uncertainty", "disagreements"):
        del stored[key]
    del stored["uncertainty"]["source"]
    found = Evidence.from_dict(stored)
    assert found.disagreements == ()
    assert found.uncertainty.source == "DFT calculations of this campaign"


def test_a_rule_that_does_not_weigh_disagreement_keeps_its_id_and_its_stored_form():
    assert "disagreement" not in FlagRule().to_dict()
    weighed = FlagRule(disagreement=DisagreementRule(potentials=0.5))
    assert weighed.rule_id != FlagRule().rule_id
    assert FlagRule.from_dict(weighed.to_dict()) == weighed


def test_weights_of_disagreement_are_read_from_a_file_and_nonsense_is_refused():
    text = "version: 1\nname: careful\ndisagreement: {potentials: 0.5}\n"
    rule = parse_rule(text, "careful.yaml")
    assert rule.disagreement == DisagreementRule(potentials=0.5, hulls=0.0)
    assert parse_rule(rule_text(rule), "again") == rule
    assert "hulls: 0.0" in rule_text(FlagRule(name="plain"))
    with pytest.raises(ScreeningError, match=r"disagreement\.potentials is -1: give a weight"):
        parse_rule(text.replace("0.5", "-1"), "careful.yaml")
