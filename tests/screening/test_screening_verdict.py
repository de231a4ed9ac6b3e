import math
from dataclasses import replace

import pytest

from screening.rules import FlagRule
from screening.verdict import Evidence, VerdictStatus, judge

GOOD = Evidence(
    stop_reason="converged",
    stop_message="Forces and stress are below their limits.",
    energy_above_hull=0.027,
    no_reference=None,
    duplicate_of=None,
    decomposes_to=("CaO", "TiO2"),
)


def test_a_good_candidate_is_flagged_with_its_numbers():
    verdict = judge(GOOD, FlagRule())
    assert verdict.is_flagged
    assert verdict.status == "flagged"
    assert verdict.rule_id == FlagRule().rule_id
    assert verdict.reasons == (
        "23 meV/atom below the flag limit of 50 meV/atom: 27 meV/atom above the supplied phases, "
        "decomposing to CaO + TiO2.",
    )


def test_a_candidate_far_above_the_hull_is_rejected_with_its_numbers():
    evidence = replace(GOOD, energy_above_hull=0.0581, hull_description="the hull of all phases")
    verdict = judge(evidence, FlagRule())
    assert not verdict.is_flagged
    assert verdict.status is VerdictStatus.REJECTED
    assert verdict.reasons == (
        "8.1 meV/atom above the flag limit of 50 meV/atom: 58 meV/atom above the hull of all "
        "phases, decomposing to CaO + TiO2.",
    )


def test_a_candidate_that_opens_the_hull_lies_below_it():
    (reason,) = judge(replace(GOOD, energy_above_hull=-0.012), FlagRule()).reasons
    assert reason.endswith("12 meV/atom below the supplied phases, more stable than CaO + TiO2.")


def test_the_limit_itself_is_allowed():
    assert judge(replace(GOOD, energy_above_hull=0.05), FlagRule()).is_flagged


def test_a_crystal_that_did_not_converge_is_not_flagged():
    evidence = replace(GOOD, stop_reason="max_steps", stop_message="500 steps were not enough.")
    verdict = judge(evidence, FlagRule())
    assert not verdict.is_flagged
    assert verdict.status is VerdictStatus.NOT_CONVERGED
    assert verdict.reasons == ("Not relaxed to the end (max_steps): 500 steps were not enough.",)


def test_a_rule_may_permit_what_did_not_converge_and_says_so():
    evidence = replace(GOOD, stop_reason="max_steps", stop_message="500 steps were not enough.")
    verdict = judge(evidence, FlagRule(require_converged=False))
    assert verdict.is_flagged
    assert "which this rule permits" in verdict.reasons[1]


def test_a_missing_reference_is_the_reason():
    evidence = replace(GOOD, energy_above_hull=None, no_reference="Reference 'x' lacks Yb.")
    verdict = judge(evidence, FlagRule())
    assert verdict.status is VerdictStatus.NO_REFERENCE
    assert verdict.reasons == ("Reference 'x' lacks Yb.",)


@pytest.mark.parametrize("distance", [None, math.nan])
def test_without_a_distance_nothing_is_flagged(distance):
    verdict = judge(replace(GOOD, energy_above_hull=distance), FlagRule(require_converged=False))
    assert verdict.status is VerdictStatus.NO_REFERENCE
    assert "relax the crystal" in verdict.reasons[0]


def test_a_duplicate_is_told_whose_copy_it_is():
    verdict = judge(replace(GOOD, duplicate_of="mat-7"), FlagRule())
    assert verdict.status is VerdictStatus.DUPLICATE
    assert "same crystal as mat-7" in verdict.reasons[0]
    assert judge(replace(GOOD, duplicate_of="mat-7"), FlagRule(allow_duplicates=True)).is_flagged


def test_every_obstacle_is_told_and_the_first_gives_the_status():
    evidence = replace(GOOD, stop_reason="failed", energy_above_hull=0.3, duplicate_of="mat-7")
    verdict = judge(evidence, FlagRule())
    assert verdict.status is VerdictStatus.NOT_CONVERGED
    assert len(verdict.reasons) == 3


def test_a_crystal_too_stable_to_be_true_is_flagged_with_a_caution():
    verdict = judge(replace(GOOD, energy_above_hull=-1.79), FlagRule())
    assert verdict.is_flagged
    assert "1790 meV/atom" in verdict.reasons[1]
    assert verdict.reasons[1].endswith("check both.")
