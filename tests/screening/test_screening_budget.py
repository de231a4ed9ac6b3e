import itertools
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from screening.budget import Proposal, Role, choose
from screening.errors import ScreeningError
from screening.rules import FlagRule


def rule(core_hours=None, share=0.0, **ranking) -> FlagRule:
    budget = {"core_hours": core_hours, "exploration_share": share}
    return FlagRule.from_dict({"budget": budget, "ranking": ranking})


def flagged(name: str, chemsys: str, probability: float, core_hours: float) -> Proposal:
    return Proposal(name, chemsys, is_flagged=True, probability=probability, core_hours=core_hours)


def crowd(number: int = 400) -> list[Proposal]:
    rng = np.random.default_rng(0)
    return [
        Proposal(
            material_id=f"c{row:04d}",
            chemsys=f"s{rng.integers(20)}",
            is_flagged=bool(rng.random() < 0.3),
            probability=float(rng.random()),
            core_hours=float(rng.lognormal(2, 1)),
        )
        for row in range(number)
    ]


def ids(choices, role=Role.CHOSEN) -> list[str]:
    return [each.material_id for each in choices if each.role is role]


def test_the_most_probable_per_core_hour_comes_first_with_ties_by_id():
    proposals = [
        flagged("b", "A", 0.5, 10.0),
        flagged("a", "B", 0.5, 10.0),
        flagged("dear", "C", 0.9, 100.0),
        flagged("cheap", "D", 0.4, 1.0),
        replace(flagged("not", "E", 1.0, 1.0), is_flagged=False),
    ]
    for order in itertools.permutations(proposals):
        choices = choose(order, rule(), "k")
        assert ids(choices) == ["cheap", "a", "b", "dear"]
        assert [each.rank for each in choices] == [1, 2, 3, 4, None]


def test_one_chemistry_cannot_flood_the_queue():
    flood = [flagged(f"f{row}", "Li-O", 0.9, 1.0) for row in range(10)]
    other = flagged("other", "Fe-S", 0.5, 1.0)
    order = ids(choose([*flood, other], rule(discount=0.8), "k"))
    assert order.index("other") == 3  # 0.9 x 0.8^3 is less than 0.5
    choices = choose([*flood, other], rule(most_per_system=2), "k")
    assert len(ids(choices)) == 3
    left = next(each for each in choices if each.role is Role.LEFT)
    assert left.reason == "Li-O has 2 calculations already, the quota of a system."


def test_a_known_phase_is_worth_less():
    new = flagged("new", "A", 0.5, 1.0)
    known = replace(flagged("known", "B", 0.9, 1.0), is_known=True)
    assert ids(choose([known, new], rule(), "k")) == ["new", "known"]
    assert ids(choose([known, new], rule(known_weight=1.0), "k")) == ["known", "new"]


@pytest.mark.parametrize("core_hours", [0.0, 3.0, 100.0, 1000.0, 1e6])
@pytest.mark.parametrize("share", [0.0, 0.05, 0.1])
def test_the_budget_is_never_exceeded(core_hours, share):
    proposals = {each.material_id: each for each in crowd()}
    choices = choose(proposals.values(), rule(core_hours, share), "k")
    spent = sum(proposals[each.material_id].core_hours for each in choices if each.is_selected)
    drawn = sum(proposals[name].core_hours for name in ids(choices, Role.DRAWN))
    assert spent <= core_hours
    assert drawn <= core_hours * share
    assert sorted(each.material_id for each in choices) == sorted(proposals)


def test_what_does_not_fit_makes_room_for_what_does():
    proposals = [flagged("large", "A", 1.0, 9.0), flagged("small", "B", 0.1, 1.5)]
    choices = choose([*proposals, flagged("first", "C", 1.0, 1.0)], rule(5.0), "k")
    assert ids(choices) == ["first", "small"]
    assert choices[-1].reason == (
        "Its 9 core-hours do not fit the 4 core-hours that were left of the budget."
    )


def test_the_lot_falls_on_those_not_chosen_and_stores_their_chances():
    choices = choose(crowd(), rule(2000.0, 0.1), "k")
    drawn = [each for each in choices if each.role is Role.DRAWN]
    assert len(drawn) > 5
    assert all(0 < each.inclusion_probability < 1 for each in drawn)
    assert all(each.inclusion_probability == 1 for each in choices if each.role is Role.CHOSEN)
    names = {each.material_id for each in crowd() if each.is_flagged}
    assert not names >= {each.material_id for each in drawn}
    assert "Drawn by lot with a chance of" in drawn[0].reason
    assert drawn[0].rank == len(ids(choices)) + 1


def test_copies_are_never_drawn():
    proposals = [replace(each, may_be_drawn=False) for each in crowd()]
    choices = choose(proposals, rule(2000.0, 0.1), "k")
    assert not ids(choices, Role.DRAWN)
    assert all(each.inclusion_probability == 0 for each in choices if each.role is Role.LEFT)


def test_without_a_budget_all_flagged_are_chosen_and_a_share_is_drawn():
    choices = choose(crowd(), rule(None, 0.1), "k")
    counts = Counter(each.role for each in choices)
    assert counts[Role.CHOSEN] == sum(each.is_flagged for each in crowd())
    assert counts[Role.DRAWN] == pytest.approx(counts[Role.CHOSEN] / 9, abs=1)


def test_the_choice_does_not_depend_on_the_order():
    proposals = crowd()
    assert choose(proposals, rule(1500.0, 0.08), "k") == choose(
        proposals[::-1], rule(1500.0, 0.08), "k"
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"core_hours": 0.0}, "a costs 0.0 core-hours"),
        ({"core_hours": float("nan")}, "give a cost above 0"),
        ({"probability": 1.5}, "probability of 1.5"),
    ],
)
def test_nonsense_is_refused(changes, words):
    with pytest.raises(ScreeningError, match=words):
        choose([replace(flagged("a", "A", 0.5, 1.0), **changes)], rule(), "k")


def test_a_candidate_proposed_twice_is_refused():
    twice = [flagged("a", "A", 0.5, 1.0)] * 2
    with pytest.raises(ScreeningError, match="a is proposed twice"):
        choose(twice, rule(), "k")
