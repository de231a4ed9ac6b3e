from itertools import combinations

import numpy as np
import pytest

from screening.phase_table import PhaseTable
from screening.reference import ReferencePhase

MANY = ("Ag", "Al", "As", "Au", "B", "Ba", "Be", "Bi", "C", "Ca", "Cd", "Cl", "Co", "Cr")


def key(*symbols):
    return tuple((symbol, 1) for symbol in sorted(symbols))


def test_polymorphs_stand_in_line_by_energy_then_id():
    rows = [("c", -1.0), ("b", -2.0), ("a", -1.0)]
    table = PhaseTable(ReferencePhase(name, "Al2O3", energy) for name, energy in rows)
    (formula,) = table.formulas_of(["a", "never"])
    assert [each.phase_id for each in table.rivals(formula)] == ["b", "a", "c"]
    assert table.lowest(formula, {"b", "a"}).phase_id == "c"
    assert table.lowest(formula, {"a", "b", "c"}) is None


def test_a_phase_that_changes_its_formula_leaves_the_old_one():
    table = PhaseTable([ReferencePhase("x", "AlCl3", -1.0)])
    table.put(ReferencePhase("x", "CaCl2", -1.0))
    assert list(table.within(("Al", "Cl"))) == []
    assert not table.covers("Al")
    assert [each.formula for each in table] == ["CaCl2"]


def test_systems_of_very_many_elements_hold_the_same_phases():
    pairs = [ReferencePhase("".join(pair), "".join(pair), -1.0) for pair in combinations(MANY, 2)]
    table = PhaseTable([*pairs[::-1], ReferencePhase("out", "CaO", -1.0)])
    whole = set(table.within(MANY))
    assert whole == {key(*pair) for pair in combinations(MANY, 2)}
    assert list(table.within(MANY)) == list(PhaseTable(pairs).within(MANY))
    assert set(table.within(MANY[:12])) == {key(*pair) for pair in combinations(MANY[:12], 2)}


def test_an_element_outlasts_phases_that_go_if_one_is_left():
    table = PhaseTable([ReferencePhase("x", "AlCl3", -1.0), ReferencePhase("y", "Al2O3", -2.0)])
    assert table.outlasts("Al", {"x"})
    assert not table.outlasts("Al", {"x", "y"})
    assert not table.outlasts("Cl", {"x"})
    assert not table.outlasts("Fe", set())


def contents(table):
    systems = [tuple(sorted(each)) for size in (1, 2, 3) for each in combinations(MANY, size)]
    formulas = {system: list(table.within(system)) for system in systems}
    lined_up = {key: list(table.rivals(key)) for keys in formulas.values() for key in keys}
    return list(table), formulas, lined_up, [table.covers(symbol) for symbol in MANY]


def some_phases(rng, count):
    for number in rng.integers(0, 60, count):
        first, second, third = rng.choice(MANY, 3, replace=False)
        formula = (f"{first}2{second}4", f"{first}{third}2", f"{first}({second}{third}2)2", first)
        yield ReferencePhase(f"mp-{number}", formula[number % 4], float(rng.integers(-9, 0)))


@pytest.mark.parametrize("seed", range(4))
def test_phases_that_came_later_are_told_from_the_first_by_nothing(seed):
    rng = np.random.default_rng(seed)
    given = list(some_phases(rng, 80))
    table = PhaseTable(given[:40])
    assert table.outlasts(MANY[0], ()) == table.covers(MANY[0])
    for each in given[40:]:
        table.put(each)
    for number in range(0, 60, 7):
        table.remove(f"mp-{number}")
    left = {each.phase_id: each for each in given if int(each.phase_id[3:]) % 7}
    assert contents(table) == contents(PhaseTable(left.values()))
