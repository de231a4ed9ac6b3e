from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymatgen.core.composition import Composition

from screening.formulas import amounts_of, element_amounts, elements_in, formula_key, pretty_formula

SYMBOLS = ["H", "O", "Fe", "Li", "Ne", "Xe"]


@given(
    counts=st.dictionaries(st.sampled_from(SYMBOLS), st.integers(1, 30), min_size=1),
    factor=st.integers(1, 12),
)
def test_a_supercell_has_the_key_of_its_formula(counts, factor):
    larger = {symbol: count * factor for symbol, count in reversed(counts.items())}
    assert formula_key(larger) == formula_key(counts)


def test_fractional_amounts_reduce_like_whole_ones():
    assert formula_key({"Fe": 1.0, "O": 1.5}) == formula_key({"Fe": 2, "O": 3})
    assert formula_key({"Li": float(Fraction(1, 3)), "O": 1.0}) == (("Li", 1), ("O", 3))


def test_different_formulas_have_different_keys():
    assert formula_key({"Fe": 2, "O": 3}) != formula_key({"Fe": 3, "O": 4})


@pytest.mark.parametrize("formula", ["D2O", "H2O"])
def test_deuterium_counts_as_hydrogen(formula):
    assert element_amounts(Composition(formula)) == {"H": 2.0, "O": 1.0}


def test_oxidation_states_do_not_split_an_element():
    composition = Composition({"Fe2+": 1, "Fe3+": 2, "O2-": 4})
    assert element_amounts(composition) == {"Fe": 3.0, "O": 4.0}


def test_a_noble_gas_has_a_formula_without_a_warning():
    assert pretty_formula(Composition("Ne4")) == "Ne"
    assert pretty_formula(Composition("Fe4O6")) == "Fe2O3"


@pytest.mark.parametrize(
    "formula",
    [
        "Si",
        "NaCl",
        "Fe2O3",
        "H2O",
        "CO",
        "Co",
        "FeSO4FeO2",
        "Ca(OH)2",
        "Ca10(PO4)6(OH)2",
        "Mg(CH3CO2)2",
        "K4[Fe(CN)6]",
        "Fe4(Fe(CN)6)3",
        "(NH4)2SO4",
        "Li0.5CoO2",
        "D2O",
        "Al2 O3",
    ],
)
def test_a_formula_is_read_as_pymatgen_reads_it(formula):
    assert amounts_of(formula) == element_amounts(Composition(formula))
    assert elements_in(formula) == amounts_of(formula).keys()


@pytest.mark.parametrize(
    "formula", ["Xx2", "naCl", "", "2", "Na-Cl", "Ca(OH", "CaOH)2", "()2", "Ca(Oh)2"]
)
def test_what_is_no_formula_is_treated_as_pymatgen_treats_it(formula):
    try:
        expected = element_amounts(Composition(formula))
    except ValueError:
        with pytest.raises(ValueError, match=r"\w"):
            amounts_of(formula)
    else:
        assert amounts_of(formula) == expected
