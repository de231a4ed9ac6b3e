import sys

import pytest
from pymatgen.core.composition import Composition

from screening.gates import neutrality
from screening.gates.neutrality import is_charge_neutral


@pytest.fixture
def without_smact(monkeypatch):
    monkeypatch.setitem(sys.modules, "smact.screening", None)
    neutrality._validity.cache_clear()
    yield
    neutrality._validity.cache_clear()


@pytest.mark.parametrize(
    ("formula", "expected"),
    [("NaCl", True), ("NaCl2", False), ("Fe3O4", True), ("Ni3Al", True), ("D2O", True)],
)
def test_charges_that_cancel_are_found(formula, expected):
    pytest.importorskip("smact")
    assert is_charge_neutral(Composition(formula)) is expected


def test_without_smact_nothing_is_said(without_smact):
    assert is_charge_neutral(Composition("NaCl")) is None


def test_each_reduced_formula_is_asked_for_once(monkeypatch):
    asked = []

    def validity(formula: str, *, mixed_valence: bool) -> bool:
        asked.append(formula)
        return mixed_valence

    monkeypatch.setattr(neutrality, "_validity", lambda: validity)
    answers = [is_charge_neutral(Composition(each)) for each in ("Fe2O3", "Fe4O6", "FeO")]
    assert answers == [True, True, True]
    assert asked == ["Fe2O3", "FeO"]
