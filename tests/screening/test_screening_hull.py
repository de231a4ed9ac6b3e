import math
import time
from dataclasses import replace

import numpy as np
import pytest
from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
from pymatgen.core.composition import Composition

from screening.errors import MissingReference, ScreeningError
from screening.formulas import element_amounts, formula_key
from screening.hull import Hulls, Share
from screening.reference import ReferencePhase

NUM_SYSTEMS = {1: 4, 2: 8, 3: 8, 4: 6, 5: 4, 6: 3, 7: 1, 8: 1}


def total(composition, formation, reference):
    """Undo the formation energy: eV per cell."""
    elements = element_amounts(composition).items()
    zero = sum(amount * reference.element_energies[symbol] for symbol, amount in elements)
    return zero + formation * composition.num_atoms


def yardstick(composition, formation, phases, *, without_formula):
    """The same distance by pymatgen, from every phase inside the chemical system."""
    own = formula_key(element_amounts(composition))
    is_element = len(own) == 1
    entries = [
        PDEntry(other, energy * other.num_atoms)
        for other, energy in phases
        if not without_formula or is_element or formula_key(element_amounts(other)) != own
    ]
    elements = {entry.composition.elements[0] for entry in entries if entry.is_element}
    entries += [PDEntry(Composition({element: 1}), 0.0) for element in set(composition) - elements]
    candidate = PDEntry(composition, formation * composition.num_atoms)
    diagram = PhaseDiagram(entries)
    return diagram.get_e_above_hull(candidate, allow_negative=True, check_stable=False)


def test_a_candidate_above_the_hull_decomposes_to_what_lies_below(toy):
    composition = Composition("Ca2Ti2O6")
    result = Hulls(toy).distance(composition, total(composition, -3.0, toy))
    assert result.energy_above_hull == pytest.approx(0.3)
    assert result.formation_energy_per_atom == pytest.approx(-3.0)
    assert result.decomposes_to == {"perovskite": Share("CaTiO3", pytest.approx(1.0))}


def test_without_its_formula_a_candidate_is_measured_against_other_formulas(toy):
    composition = Composition("CaTiO3")
    result = Hulls(toy).distance(composition, total(composition, -3.3, toy), without_formula=True)
    expected = -3.3 - (0.4 * -3.0 + 0.6 * -3.2)
    assert result.energy_above_hull == pytest.approx(expected)
    assert expected < 0
    assert list(result.decomposes_to.values()) == [
        Share("TiO2", pytest.approx(0.6)),
        Share("CaO", pytest.approx(0.4)),
    ]


def test_the_next_candidate_meets_the_whole_hull_again(toy):
    hulls, composition = Hulls(toy), Composition("CaTiO3")
    energy = total(composition, -3.3, toy)
    before = hulls.distance(composition, energy)
    hulls.distance(composition, energy, without_formula=True)
    assert hulls.distance(composition, energy) == before


def test_an_element_keeps_its_elemental_phase_even_without_its_formula(toy):
    result = Hulls(toy).distance(Composition("Ti3"), 3 * -7.7, without_formula=True)
    assert result.energy_above_hull == pytest.approx(0.2)
    assert result.decomposes_to == {"ti": Share("Ti", 1.0)}


def test_the_order_of_phases_changes_nothing(toy):
    composition = Composition("Ca3Ti2O7")
    twins = (*toy.phases, ReferencePhase("also-lime", "Ca2O2", -3.0))
    forward = Hulls(replace(toy, phases=twins)).distance(composition, -90.0)
    backward = Hulls(replace(toy, phases=twins[::-1])).distance(composition, -90.0)
    assert forward == backward
    assert "also-lime" in forward.decomposes_to


def test_a_missing_element_is_named_with_the_mend(toy):
    with pytest.raises(MissingReference, match="no elemental energy for Na, Sr: add") as caught:
        Hulls(toy).distance(Composition("SrNaTiO3"), -40.0)
    assert caught.value.elements == ("Na", "Sr")


def test_an_element_without_any_phase_is_missing_though_its_energy_is_known(toy):
    wider = replace(toy, element_energies={**toy.element_energies, "Yb": -1.5})
    with pytest.raises(MissingReference, match="holds no phase with Yb") as caught:
        Hulls(wider).distance(Composition("YbO"), -20.0)
    assert caught.value.elements == ("Yb",)


def test_an_element_with_compounds_but_no_phase_of_its_own_stands_at_zero(toy):
    bare = replace(toy, phases=tuple(phase for phase in toy.phases if phase.phase_id != "ca"))
    result = Hulls(bare).distance(Composition("Ca3O"), total(Composition("Ca3O"), 0.0, toy))
    assert result.decomposes_to == {
        "element:Ca": Share("Ca", pytest.approx(0.5)),
        "lime": Share("CaO", pytest.approx(0.5)),
    }


@pytest.mark.parametrize("energy", [math.nan, math.inf])
def test_an_energy_that_is_no_number_has_no_place(toy, energy):
    with pytest.raises(ScreeningError, match="no place on a hull: relax it again"):
        Hulls(toy).distance(Composition("CaO"), energy)


@pytest.fixture(scope="module")
def known(known_phases):
    """Elements, composition and formation energy of every known phase."""
    rows = [(Composition(p.formula), p.formation_energy_per_atom) for p in known_phases.phases]
    return [(frozenset(element_amounts(c)), c, energy) for c, energy in rows]


@pytest.mark.parametrize("num_elements", NUM_SYSTEMS)
@pytest.mark.parametrize("without_formula", [False, True])
def test_distances_are_those_of_pymatgen(known_phases, known, num_elements, without_formula):
    dice = np.random.default_rng(num_elements)
    pool = sorted({tuple(sorted(system)) for system, _, _ in known if len(system) == num_elements})
    hulls = Hulls(known_phases)
    for index in dice.permutation(len(pool))[: NUM_SYSTEMS[num_elements]]:
        symbols = pool[index]
        inside = [(c, energy) for system, c, energy in known if system <= set(symbols)]
        own = [c for c, _ in inside if len(c) == num_elements]
        anywhere = Composition({symbol: int(dice.integers(1, 6)) for symbol in symbols})
        for composition in (own[dice.integers(len(own))] * 2, anywhere):
            formation = dice.uniform(-3.0, 0.5)
            energy = total(composition, formation, known_phases)
            ours = hulls.distance(composition, energy, without_formula=without_formula)
            theirs = yardstick(composition, formation, inside, without_formula=without_formula)
            assert ours.energy_above_hull == pytest.approx(theirs, abs=1e-6)
            shares = ours.decomposes_to.values()
            assert sum(share.fraction for share in shares) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("column", "without_formula"),
    [("dft_e_above_hull", False), ("dft_e_above_hull_excl_own", True)],
)
def test_distances_are_those_of_the_wbm_labels(wbm_rows, known_phases, column, without_formula):
    hulls = Hulls(known_phases)
    for info, structure in wbm_rows:
        energy = total(structure.composition, info["dft_e_form"], known_phases)
        result = hulls.distance(structure.composition, energy, without_formula=without_formula)
        assert result.energy_above_hull == pytest.approx(info[column], abs=2e-5)


@pytest.mark.slow
def test_a_thousand_candidates_take_seconds(known_phases):
    dice = np.random.default_rng(0)
    covered = sorted(set(known_phases.element_energies) - {"Yb"})
    drawn = [dice.choice(covered, size, replace=False) for size in (2, 3, 4, 5, 8) * 200]
    candidates = [
        Composition({str(symbol): int(dice.integers(1, 7)) for symbol in symbols})
        for symbols in drawn
    ]
    start = time.process_time()
    hulls = Hulls(known_phases)
    for composition in candidates:
        hulls.distance(composition, total(composition, -0.3, known_phases))
    assert time.process_time() - start < 15.0
