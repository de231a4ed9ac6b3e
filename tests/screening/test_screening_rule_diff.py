from dataclasses import replace

from screening.rule_diff import diff, judge_again
from screening.rules import FlagRule
from screening.verdict import Evidence, judge

NEAR = Evidence("converged", "At rest.", 0.03, None, None)
EVIDENCE = {
    "near": NEAR,
    "far": replace(NEAR, energy_above_hull=0.08),
    "farther": replace(NEAR, energy_above_hull=0.5),
    "copy": replace(NEAR, duplicate_of="near"),
    "known": replace(NEAR, known_as="mp-1"),
    "lost": replace(NEAR, energy_above_hull=None, no_reference="No Yb."),
}


def judged(rule: FlagRule):
    return {name: judge(evidence, rule) for name, evidence in EVIDENCE.items()}


def test_another_rule_tells_who_changes_and_why():
    old = judged(FlagRule())
    new = judged(FlagRule(max_energy_above_hull=0.1, allow_known=False))
    changes = diff(old, new)
    assert [(each.material_id, each.before, each.after) for each in changes] == [
        ("far", "rejected", "flagged"),
        ("known", "flagged", "known"),
    ]
    assert changes[0].is_gained
    assert changes[1].is_lost
    assert "20 meV/atom below the flag limit of 100 meV/atom" in changes[0].why
    assert changes[1].why == "The same crystal as mp-1, which is known: nothing to find."


def test_stored_verdicts_are_enough_to_judge_again():
    rule = FlagRule(max_energy_above_hull=0.1, allow_duplicates=True)
    assert judge_again(judged(FlagRule()), rule) == judged(rule)


def test_the_same_rule_changes_nothing():
    assert diff(judged(FlagRule()), judged(FlagRule())) == []


def test_who_was_judged_only_once_is_told_too():
    verdicts = judged(FlagRule())
    only_near = {"near": verdicts["near"]}
    (change,) = diff({}, only_near)
    assert (change.before, change.after, change.is_gained) == (None, "flagged", True)
    (change,) = diff(only_near, {})
    assert (change.before, change.after, change.is_lost) == ("flagged", None, True)
