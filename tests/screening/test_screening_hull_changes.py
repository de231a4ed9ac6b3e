"""Hulls that phases join and leave."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymatgen.core.composition import Composition

from screening.changes import PhaseChange
from screening.errors import MissingReference
from screening.hull import Hulls
from screening.reference import Reference, ReferencePhase

SYMBOLS = ("Al", "Ca", "Fe", "O")
ZEROS = {"Al": -3.7, "Ca": -2.0, "Fe": -8.3, "O": -4.9}
PROBES = ("Al", "CaO", "FeO2", "AlFe", "CaFeO3", "AlCaO", "AlCaFeO4", "Al3Ca2Fe")

formulas = st.dictionaries(st.sampled_from(SYMBOLS), st.integers(1, 3), min_size=1).map(
    lambda amounts: "".join(f"{symbol}{count}" for symbol, count in sorted(amounts.items()))
)
energies = st.integers(-8, 2).map(lambda steps: steps / 4)
tables = st.dictionaries(st.sampled_from("abcdefghijkl"), st.tuples(formulas, energies))


def phases_of(table):
    return tuple(ReferencePhase(name, *row) for name, row in table.items())


def reference_of(table):
    return Reference("random", "MP2020", phases_of(table), ZEROS)


def outcome(hulls, formula, **options):
    """Everything that is measured of a candidate, or why nothing is."""
    try:
        return hulls.distance(Composition(formula), -20.0, **options)
    except MissingReference as error:
        return str(error)


def outcomes(hulls):
    return {
        (formula, without): (
            outcome(hulls, formula, without=without),
            outcome(hulls, formula, without=without, without_formula=True),
        )
        for formula in PROBES
        for without in ((), ("a",), ("b", "c"))
    }


def systems_of(formulas):
    return {"-".join(sorted(Composition(formula).as_dict())) for formula in formulas}


@given(tables, tables, st.randoms(use_true_random=False))
def test_phases_that_came_later_count_as_if_they_had_been_there(first, then, dice):
    hulls = Hulls(reference_of(first))
    outcomes(hulls)
    arrivals = list(phases_of(then))
    dice.shuffle(arrivals)
    for phase in arrivals:
        hulls.apply(PhaseChange(put=(phase,)))
    whole = Hulls(reference_of({**first, **then}))
    assert outcomes(hulls) == outcomes(whole)
    assert {each: hulls.version_of(each) for each in systems_of(PROBES)} == {
        each: whole.version_of(each) for each in systems_of(PROBES)
    }
    assert set(hulls.reference.phases) == set(whole.reference.phases)


@given(tables, st.sets(st.sampled_from("abcdefghijkl")), st.randoms(use_true_random=False))
def test_phases_that_left_leave_no_trace(table, gone, dice):
    hulls = Hulls(reference_of(table))
    outcomes(hulls)
    leaving = sorted(gone)
    dice.shuffle(leaving)
    for name in leaving:
        hulls.apply(PhaseChange(removed=(name,)))
    rest = {name: row for name, row in table.items() if name not in gone}
    assert outcomes(hulls) == outcomes(Hulls(reference_of(rest)))


@given(tables, tables, st.sets(st.sampled_from("abcdefghijkl")))
def test_a_change_applied_again_or_after_a_part_of_it_is_applied_once(table, new, gone):
    put = phases_of({name: row for name, row in new.items() if name not in gone})
    change = PhaseChange(put=put, removed=tuple(sorted(gone)))
    once, again = Hulls(reference_of(table)), Hulls(reference_of(table))
    once.apply(change)
    outcomes(again)
    again.apply(PhaseChange(put=put[: len(put) // 2], removed=change.removed[:1]))
    again.apply(change)
    assert again.apply(change) == frozenset()
    assert outcomes(again) == outcomes(once)


@given(tables, tables, st.sets(st.sampled_from("abcdefghijkl"), max_size=3))
def test_what_a_change_does_not_affect_stays_as_it_was(table, new, gone):
    put = phases_of({name: row for name, row in new.items() if name not in gone})
    change = PhaseChange(put=put, removed=tuple(sorted(gone)))
    hulls = Hulls(reference_of(table))
    before, versions = outcomes(hulls), {s: hulls.version_of(s) for s in systems_of(PROBES)}
    foretold = hulls.affected_systems(change, systems_of(PROBES))
    assert hulls.apply(change) == foretold
    after = outcomes(hulls)
    moved = {
        formula
        for formula, without in before
        if before[formula, without] != after[formula, without]
    }
    renamed = {each for each, version in versions.items() if hulls.version_of(each) != version}
    assert systems_of(moved) <= renamed <= foretold


def test_a_change_reaches_the_systems_that_contain_it_and_no_other(toy):
    hulls = Hulls(toy)
    change = PhaseChange(put=(ReferencePhase("monoxide", "TiO", -2.7),))
    among = {"Ca-O", "Ca-Ti", "O-Ti", "Ca-O-Ti", "Ti"}
    assert hulls.affected_systems(change, among) == {"O-Ti", "Ca-O-Ti"}
    assert hulls.affected_systems(change) == frozenset()
    hulls.distance(Composition("CaTiO3"), -40.0)
    hulls.distance(Composition("CaO"), -10.0)
    assert hulls.apply(change) == {"Ca-O-Ti"}


def test_a_phase_already_held_affects_nothing(toy):
    hulls = Hulls(toy)
    assert not hulls.affected_systems(PhaseChange(put=toy.phases), {"Ca-O-Ti"})


def test_the_first_phase_of_an_element_reaches_every_system_that_holds_it(toy):
    hulls = Hulls(replace(toy, element_energies={**toy.element_energies, "Yb": -1.5}))
    with pytest.raises(MissingReference):
        hulls.distance(Composition("YbO"), -20.0)
    change = PhaseChange(put=(ReferencePhase("alloy", "YbTi", -0.1),))
    assert hulls.apply(change) == {"O-Yb"}
    assert hulls.distance(Composition("YbO"), -20.0).energy_above_hull < 0


def test_a_zero_that_moves_moves_formation_energies_and_no_distance(toy):
    composition, hulls = Composition("Ca3O"), Hulls(toy)
    before = hulls.distance(composition, -15.0)
    shares = {"ca": 1.0, "lime": 0.5, "perovskite": 0.2, "tilted": 0.2}
    moved = tuple(
        each._replace(
            formation_energy_per_atom=each.formation_energy_per_atom + 0.1 * shares[each.phase_id],
        )
        for each in toy.phases
        if each.phase_id in shares
    )
    affected = hulls.apply(PhaseChange(put=moved, element_energies={"Ca": -2.1}))
    after = hulls.distance(composition, -15.0)
    assert affected == {"Ca-O"}
    assert after.energy_above_hull == pytest.approx(before.energy_above_hull)
    assert after.formation_energy_per_atom == pytest.approx(
        before.formation_energy_per_atom + 0.075
    )


def test_a_phase_off_the_hull_leaves_its_place_to_the_next_polymorph(toy):
    hulls, composition = Hulls(toy), Composition("CaTiO3")
    found = hulls.distance(composition, -20.0, without=("perovskite",))
    assert list(found.decomposes_to) == ["tilted"]
    found = hulls.distance(composition, -20.0, without=("perovskite", "tilted", "unheard-of"))
    assert set(found.decomposes_to) == {"lime", "rutile"}
    assert list(hulls.distance(composition, -20.0).decomposes_to) == ["perovskite"]


def test_an_element_whose_every_phase_is_off_stands_at_zero(toy):
    found = Hulls(toy).distance(Composition("Ti"), -7.6, without=("ti",))
    assert found.energy_above_hull == pytest.approx(0.3)
    assert list(found.decomposes_to) == ["element:Ti"]


def test_a_version_follows_from_the_competing_phases_alone(toy):
    hulls = Hulls(toy)
    before = hulls.version_of("Ca-O")
    assert before == hulls.version_of("O-Ca")
    hulls.apply(PhaseChange(put=(ReferencePhase("monoxide", "TiO", -2.7),)))
    assert hulls.version_of("Ca-O") == before
    peroxide = ReferencePhase("peroxide", "CaO2", -1.0)
    hulls.apply(PhaseChange(put=(peroxide,)))
    assert hulls.version_of("Ca-O") != before
    hulls.apply(PhaseChange(removed=("peroxide",)))
    assert hulls.version_of("Ca-O") == before
