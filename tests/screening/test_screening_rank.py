import itertools
from dataclasses import dataclass, replace

from screening.rank import proposal_of, rank
from screening.rules import FlagRule
from screening.verdict import Evidence, judge

RULE = FlagRule()


@dataclass(frozen=True)
class Row:
    material_id: str
    energy_above_hull: float | None
    is_flagged: bool | None


def test_flagged_rows_come_most_stable_first_with_ties_by_id_in_any_order():
    rows = [
        Row("d", 0.02, is_flagged=True),
        Row("c", -0.01, is_flagged=True),
        Row("a", 0.02, is_flagged=True),
        Row("b", -0.5, is_flagged=False),
        Row("e", None, is_flagged=None),
    ]
    for order in itertools.permutations(rows):
        assert [row.material_id for row in rank(order)] == ["c", "a", "d"]


def proposed(rule: FlagRule = RULE, **changes):
    evidence = replace(Evidence("converged", "At rest.", 0.03, None, None), **changes)
    return proposal_of("a", "Li-O", judge(evidence, rule), 12.0, rule)


def test_a_flagged_candidate_is_proposed_with_its_probability():
    within = FlagRule.from_dict({"ranking": {"stable_means": "within_limit"}})
    assert proposed().is_flagged
    assert proposed().core_hours == 12.0
    assert proposed().probability < 0.5 < proposed(within).probability
    assert proposed(known_as="mp-1").is_known
    assert not proposed().is_known


def test_the_lot_falls_on_no_copy_and_on_none_without_a_hull():
    assert proposed(energy_above_hull=0.4).may_be_drawn
    assert proposed(stop_reason="max_steps").may_be_drawn
    assert not proposed(duplicate_of="b").may_be_drawn
    lost = proposed(energy_above_hull=None, no_reference="No Yb.")
    assert not lost.may_be_drawn
    assert lost.probability == 0.0
