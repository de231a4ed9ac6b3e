import math

import pytest

from screening.errors import ScreeningError
from screening.rules import FlagRule


def test_the_id_of_the_default_rule_never_changes_unnoticed():
    assert FlagRule().rule_id == "default-f0792b1d"


@pytest.mark.parametrize(
    "change",
    [
        {"max_energy_above_hull": 0.1},
        {"require_converged": False},
        {"allow_duplicates": True},
        {"allow_known": False},
        {"hull_limits": {"own": 0.05}},
        {"least_probability_on_hull": 0.3},
        {"gates": {"volume": {"least": 0.5}}},
        {"gates": {"elastic": {"mode": "fail"}}},
        {"cost": {"magnetic_factor": 3.0}},
        {"ranking": {"most_per_system": 5}},
        {"budget": {"core_hours": 100.0}},
    ],
)
def test_every_value_changes_the_id(change):
    rule = FlagRule.from_dict(change)
    assert rule.rule_id.startswith("custom-")
    assert rule.rule_id.split("-")[1] != FlagRule().rule_id.split("-")[1]


def test_names_and_descriptions_do_not_change_what_a_rule_is():
    plain = FlagRule(max_energy_above_hull=0.1)
    named = FlagRule(max_energy_above_hull=0.1, name="metastable", description="A first look.")
    assert named.rule_id == plain.rule_id.replace("custom", "metastable")
    assert FlagRule(name="default").rule_id == FlagRule().rule_id


def test_a_rule_survives_its_dictionary():
    rule = FlagRule.from_dict(
        {
            "max_energy_above_hull": 0.1,
            "hull_limits": {"own": 0.05, "dft": 0.1},
            "gates": {"dynamical": {"mode": "fail", "lowest": -1.0}},
            "budget": {"core_hours": 1e4},
        }
    )
    assert FlagRule.from_dict(rule.to_dict()) == rule


def test_a_rule_that_was_stored_before_it_had_gates_is_still_read():
    stored = {
        "max_energy_above_hull": 0.1,
        "require_converged": True,
        "allow_duplicates": False,
    }
    assert FlagRule.from_dict(stored) == FlagRule(max_energy_above_hull=0.1)


def test_whole_numbers_make_the_same_rule():
    assert FlagRule(max_energy_above_hull=0).rule_id == FlagRule(max_energy_above_hull=0.0).rule_id


@pytest.mark.parametrize("limit", [math.nan, math.inf, "0.05", None, True])
def test_a_limit_that_is_no_number_is_refused(limit):
    with pytest.raises(ScreeningError, match=r"max_energy_above_hull is .*eV/atom"):
        FlagRule(max_energy_above_hull=limit)


def test_a_switch_that_is_no_switch_is_refused():
    with pytest.raises(ScreeningError, match="allow_duplicates is 'no': give true or false"):
        FlagRule.from_dict({"allow_duplicates": "no"})


def test_an_unknown_key_is_named_beside_the_known_ones():
    with pytest.raises(ScreeningError, match=r"no 'max_ehull': it knows .*max_energy_above_hull"):
        FlagRule.from_dict({"max_ehull": 0.1})


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"gates": {"volume": {"min": 1}}}, "A flag rule: gates.volume has no 'min'"),
        ({"gates": {"volume": {"mode": "on"}}}, "gates.volume.mode is 'on': give off or warn"),
        ({"gates": {"volume": {"least": 9, "most": 2}}}, "gates.volume.most is 2, not above"),
        ({"gates": 3}, "A flag rule: gates is 3: give names with values"),
        ({"budget": {"exploration_share": 5}}, "budget.exploration_share is 5: give a share"),
        ({"ranking": {"most_per_system": 2.5}}, "most_per_system is 2.5: give a whole number"),
        ({"hull_limits": {"mine": 0.1}}, "hull_limits has no 'mine': it knows dft, own, self"),
        ({"hull_limits": {"dft": math.nan}}, "hull_limits.dft is nan: give a number"),
        ({"least_probability_on_hull": 50}, "least_probability_on_hull is 50: give a probability"),
        ({"version": 2}, "version is 2: this Facet reads rules of version 1"),
        ({"name": "../etc"}, "name is '../etc': give 1 to 40 small letters"),
    ],
)
def test_nonsense_is_refused_with_its_place_and_its_mend(data, words):
    with pytest.raises(ScreeningError) as caught:
        FlagRule.from_dict(data)
    assert words in str(caught.value)
