"""Formulas as OPTIMADE spells them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.documents.composition import COMPOSITION_FIELDS, composition_fields

ELEMENTS = ("H", "Li", "C", "O", "F", "Na", "Ti", "Fe", "Sr", "U")
AMOUNTS = st.dictionaries(st.sampled_from(ELEMENTS), st.integers(1, 40), min_size=1)


@pytest.mark.parametrize(
    ("formula", "reduced", "anonymous"),
    [
        ("SrTiO3", "O3SrTi", "A3BC"),
        ("O2", "O", "A"),
        ("H2O2", "HO", "AB"),
        ("Li(FeO2)2", "Fe2LiO4", "A4B2C"),
        ("Ca3(PO4)2", "Ca3O8P2", "A8B3C2"),
        ("Fe4(Fe(CN)6)3", "C18Fe7N18", "A18B18C7"),
    ],
)
def test_elements_are_ordered_by_symbol_or_by_amount(formula, reduced, anonymous):
    found = composition_fields(formula)
    assert found["chemical_formula_reduced"] == reduced
    assert found["chemical_formula_anonymous"] == anonymous
    assert sum(found["elements_ratios"]) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "formula", [None, "", "Li0.5CoO2", "Fe2(SO4", "Fe2)3", "Fe0", "fe", "Fe O"]
)
def test_what_is_no_plain_formula_has_none(formula):
    assert composition_fields(formula) == dict.fromkeys(COMPOSITION_FIELDS)


@given(AMOUNTS, st.integers(1, 5), st.randoms())
def test_neither_order_nor_multiples_matter(amounts, times, random):
    symbols = list(amounts)
    random.shuffle(symbols)
    many = "".join(f"{symbol}{times * amounts[symbol]}" for symbol in symbols)
    once = "".join(f"{symbol}{amount}" for symbol, amount in amounts.items())
    found = composition_fields(many)
    assert found == composition_fields(once)
    total = sum(amounts.values())
    ratios = [amounts[symbol] / total for symbol in sorted(amounts)]
    assert found["elements_ratios"] == pytest.approx(ratios)
