import math

import pytest

from screening.errors import ScreeningError
from screening.rules import FlagRule


def test_the_id_of_the_default_rule_never_changes_unnoticed():
    assert FlagRule().rule_id == "default-e469b334"


@pytest.mark.parametrize(
    "change",
    [{"max_energy_above_hull": 0.1}, {"require_converged": False}, {"allow_duplicates": True}],
)
def test_every_value_changes_the_id(change):
    assert FlagRule(**change).rule_id != FlagRule().rule_id
    assert FlagRule(**change).rule_id.startswith("custom-")


def test_a_rule_survives_its_dictionary():
    rule = FlagRule(max_energy_above_hull=0.1, allow_duplicates=True)
    assert FlagRule.from_dict(rule.to_dict()) == rule


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
    with pytest.raises(ScreeningError, match="no 'max_ehull': it knows max_energy_above_hull"):
        FlagRule.from_dict({"max_ehull": 0.1})
