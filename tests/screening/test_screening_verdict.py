import json
import math
from dataclasses import replace

import pytest

from screening.gates.geometry import Geometry
from screening.gates.outcome import GateStatus
from screening.gates.prototype import PrototypeChange
from screening.rules import FlagRule
from screening.verdict import Evidence, Uncertainty, Verdict, VerdictStatus, judge

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


SANE = Geometry(
    volume_ratio=1.5,
    shortest=0.95,
    shortest_pair="O-Ti",
    shortest_distance=1.95,
    farthest=1.02,
    farthest_element="Ti",
    most_neighbors=9,
)


def gate(verdict, name):
    return next(each for each in verdict.gates if each.name == name)


def test_every_gate_is_stored_with_its_value_limit_and_sentence():
    verdict = judge(replace(GOOD, geometry=SANE, is_charge_neutral=True), FlagRule())
    assert verdict.is_flagged
    assert [each.name for each in verdict.gates][:6] == [
        "converged", "volume", "distances", "coordination", "neutrality", "prototype",
    ]  # fmt: skip
    assert gate(verdict, "distances").value == 0.95
    assert gate(verdict, "distances").limit == FlagRule().gates.distances.shortest
    assert "O-Ti of 1.95 angstrom" in gate(verdict, "distances").sentence
    assert gate(verdict, "prototype").status is GateStatus.SKIPPED


def test_gates_behind_the_first_failure_are_not_reached():
    overlapping = replace(SANE, shortest=0.3, shortest_distance=0.6)
    verdict = judge(replace(GOOD, geometry=overlapping), FlagRule())
    assert verdict.status is VerdictStatus.UNPHYSICAL
    assert verdict.reasons[0].endswith("below the limit of 0.62: the atoms overlap.")
    names = [each.name for each in verdict.gates]
    failure = names.index("distances")
    assert verdict.gates[failure].status is GateStatus.FAILED
    assert {each.status for each in verdict.gates[failure + 1 :]} == {GateStatus.NOT_REACHED}
    assert gate(verdict, "hull").value is None


def test_a_gate_that_only_warns_leaves_a_remark():
    change = PrototypeChange("AB2_tP6_136_2_4", "AB2_oP6_58_2_4", is_kept=False)
    verdict = judge(replace(GOOD, is_charge_neutral=False, prototype=change), FlagRule())
    assert verdict.is_flagged
    assert "No common oxidation states" in verdict.reasons[1]
    assert "to another prototype, AB2_oP6_58_2_4." in verdict.reasons[2]
    strict = FlagRule.from_dict({"gates": {"neutrality": {"mode": "fail"}}})
    assert not judge(replace(GOOD, is_charge_neutral=False), strict).is_flagged


@pytest.mark.parametrize(
    ("change", "rule", "status"),
    [
        ({"geometry": replace(SANE, volume_ratio=0.3)}, {}, "unphysical"),
        ({"geometry": replace(SANE, farthest=None)}, {}, "unphysical"),
        ({"geometry": replace(SANE, most_neighbors=60)}, {}, "unphysical"),
        ({"known_as": "mp-1"}, {"allow_known": False}, "known"),
        ({"hull_distances": {"own": 0.2}}, {"hull_limits": {"own": 0.1}}, "rejected"),
        ({}, {"least_probability_on_hull": 0.9}, "uncertain"),
        ({}, {"least_probability_within_limit": 0.99}, "uncertain"),
        (
            {"uncertainty": Uncertainty(0.2, 1.0, 0.0, 1e9)},
            {"gates": {"uncertainty": {"mode": "fail"}}},
            "uncertain",
        ),
        ({"lowest_frequency": -2.0}, {"gates": {"dynamical": {"mode": "fail"}}}, "unstable"),
        ({"lowest_elastic": -5.0}, {"gates": {"elastic": {"mode": "fail"}}}, "unstable"),
    ],
)
def test_each_obstacle_has_its_word_and_is_none_for_a_rule_that_does_not_ask(change, rule, status):
    evidence = replace(GOOD, **change)
    verdict = judge(evidence, FlagRule.from_dict(rule))
    assert verdict.status == status
    assert verdict.reasons[0].endswith(".")
    lenient = FlagRule.from_dict(
        {"gates": {name: {"mode": "off"} for name in ("volume", "coordination")}}
    )
    assert judge(evidence, lenient).is_flagged


def test_what_was_not_measured_holds_nobody_back():
    asking = FlagRule.from_dict(
        {
            "hull_limits": {"own": 0.0},
            "gates": {name: {"mode": "fail"} for name in ("uncertainty", "dynamical", "elastic")},
        }
    )
    verdict = judge(GOOD, asking)
    assert verdict.is_flagged
    assert gate(verdict, "hull_own").status is GateStatus.SKIPPED
    assert gate(verdict, "dynamical").sentence == "Not calculated."


def test_the_probability_of_stability_follows_the_calibrated_spread():
    sure = judge(replace(GOOD, uncertainty=Uncertainty(0.001, 1.0, 0.001, 1e9)), FlagRule())
    unsure = judge(replace(GOOD, uncertainty=Uncertainty(0.5, 1.0, 0.001, 1e9)), FlagRule())
    assert sure.stability.within_limit > 0.999
    assert sure.stability.on_hull < 0.001
    assert 0.45 < unsure.stability.on_hull < unsure.stability.within_limit < 0.55
    assert not judge(GOOD, FlagRule()).stability.is_calibrated


def test_a_verdict_survives_json():
    evidence = replace(
        GOOD,
        energy_above_hull=math.nan,
        geometry=SANE,
        prototype=PrototypeChange(None, "A_cF4_225_1", is_kept=False),
        uncertainty=Uncertainty(0.02, 1.5, 0.03, 4.0),
        hull_distances={"dft": 0.02, "own": math.inf},
    )
    for each in (evidence, replace(evidence, energy_above_hull=0.02)):
        verdict = judge(each, FlagRule())
        assert Verdict.from_dict(json.loads(json.dumps(verdict.to_dict()))) == verdict


def test_stored_values_are_all_that_a_verdict_rests_on():
    evidence = replace(GOOD, geometry=SANE, known_as="mp-1", hull_distances={"own": 0.01})
    verdict = judge(evidence, FlagRule())
    assert Evidence.from_dict(verdict.values) == evidence
    of_a_later_version = {**verdict.values, "smell": "sweet"}
    assert Evidence.from_dict(of_a_later_version) == evidence
