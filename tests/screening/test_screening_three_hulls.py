import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymatgen.core.composition import Composition

from screening.changes import PhaseChange
from screening.errors import MixedSchemes, ScreeningError
from screening.hull_distances import HullCandidate, HullName, NoReference, candidate_phase_id
from screening.reference import Reference, ReferencePhase
from screening.three_hulls import ThreeHulls

DFT, OWN, SELF = HullName
NOTHING = NoReference("No reference was given: name one.")
PHASES = {
    "ca": ("Ca", 0.0),
    "ti": ("Ti", 0.0),
    "o2": ("O2", 0.0),
    "lime": ("CaO", -3.0),
    "rutile": ("TiO2", -3.2),
}


def reference(scheme="MP2020", *, lower=0.0, phases=PHASES):
    rows = tuple(
        ReferencePhase(name, formula, energy - (lower if energy else 0.0))
        for name, (formula, energy) in phases.items()
    )
    return Reference(scheme, scheme, rows, {"Ca": -2.0, "Ti": -7.9, "O": -4.9})


def candidate(name, formula, formation, **other):
    amounts = Composition(formula).as_dict()
    zeros = {"Ca": -2.0, "Ti": -7.9, "O": -4.9, "Xe": 0.0}
    energy = sum(n * (zeros[symbol] + formation) for symbol, n in amounts.items())
    return HullCandidate(name, Composition(formula), energy, **other)


def hulls(dft=None, own=None):
    return ThreeHulls("abc", dft or reference(), own or reference("own+MP2020:abc", lower=0.02))


def test_each_hull_gives_its_own_distance_and_they_are_never_mixed():
    three = hulls()
    three.put([candidate("rival", "CaTiO3", -3.3)])
    found = three.measure(candidate("x", "CaTiO3", -3.0))
    mixture = 0.4 * -3.0 + 0.6 * -3.2
    assert found.energy_above_hull(DFT) == pytest.approx(-3.0 - mixture)
    assert found.energy_above_hull(OWN) == pytest.approx(-3.0 - mixture + 0.02)
    assert found.energy_above_hull(SELF) == pytest.approx(0.3)
    assert list(found.distance(SELF).decomposes_to) == ["candidate:rival"]
    assert found.distance(DFT).formation_energy_per_atom == pytest.approx(-3.0)
    assert found.disagreement == pytest.approx(-0.02)
    assert found.disagreement_between(OWN, SELF) == pytest.approx(-3.0 - mixture + 0.02 - 0.3)


def test_a_candidate_is_never_its_own_competitor():
    three, stable = hulls(), candidate("x", "CaTiO3", -3.3)
    alone = three.measure(stable)
    three.put([stable])
    assert three.measure(stable) == alone
    assert alone.energy_above_hull(SELF) < 0
    three.apply(DFT, PhaseChange(put=(ReferencePhase(candidate_phase_id("x"), "CaTiO3", -3.4),)))
    assert three.measure(stable).energy_above_hull(DFT) == alone.energy_above_hull(DFT)


def test_twins_are_the_same_crystal_and_no_competitors():
    three = hulls()
    three.put([candidate("x", "CaTiO3", -3.3), candidate("copy", "Ca2Ti2O6", -3.301)])
    alone = three.measure(candidate("x", "CaTiO3", -3.3))
    beside = three.measure(candidate("x", "CaTiO3", -3.3, twins=("copy",)))
    assert alone.energy_above_hull(SELF) == pytest.approx(0.001)
    assert beside.energy_above_hull(SELF) == pytest.approx(beside.energy_above_hull(OWN))


def test_its_own_formula_can_be_taken_off_every_hull():
    three = hulls(dft=reference(phases={**PHASES, "perovskite": ("CaTiO3", -3.3)}))
    three.put([candidate("rival", "CaTiO3", -3.4)])
    found = three.measure(candidate("x", "CaTiO3", -3.3), without_formula=True)
    assert all(found.energy_above_hull(name) < 0 for name in HullName)


def test_a_candidate_that_is_not_at_rest_is_measured_but_competes_with_none():
    three = hulls()
    unfinished = candidate("slow", "CaTiO3", -3.5, is_converged=False)
    three.put([unfinished])
    found = three.measure(candidate("x", "CaTiO3", -3.3))
    assert found.energy_above_hull(SELF) == found.energy_above_hull(OWN)
    three.put([replace(unfinished, is_converged=True)])
    assert three.measure(candidate("x", "CaTiO3", -3.3)).energy_above_hull(SELF) > 0
    three.put([unfinished])
    assert three.measure(candidate("x", "CaTiO3", -3.3)) == found


def test_an_own_hull_without_the_competitors_that_dft_knows_gives_no_distance():
    known = reference(phases={**PHASES, "perovskite": ("CaTiO3", -3.3)})
    three = hulls(dft=known)
    found = three.measure(candidate("x", "CaTiO3", -3.25))
    assert found.energy_above_hull(DFT) == pytest.approx(0.05)
    assert found.energy_above_hull(OWN) is None
    assert "The own hull lacks CaTiO3 (perovskite), to which it decomposes" in found.no_reference(
        OWN
    )
    assert found.disagreement is None
    three.put([candidate("x", "CaTiO3", -3.25)])
    itself = three.measure(candidate("x", "CaTiO3", -3.25))
    assert "The self hull lacks CaTiO3 (perovskite)" in itself.no_reference(SELF)
    three.put([candidate("rival", "CaTiO3", -3.31)])
    beside = three.measure(candidate("x", "CaTiO3", -3.25))
    assert beside.energy_above_hull(SELF) == pytest.approx(0.06)


def test_an_absent_hull_says_why_and_spoils_no_other():
    three = ThreeHulls("abc", reference(), NOTHING)
    assert three.put([candidate("y", "CaTiO3", -3.0)]) == three.remove(["y"]) == frozenset()
    found = three.measure(candidate("x", "CaTiO3", -3.0))
    assert found.energy_above_hull(DFT) is not None
    assert found.no_reference(OWN) == found.no_reference(SELF) == NOTHING.reason
    with pytest.raises(ScreeningError, match="no own hull to change: No reference was given"):
        three.apply(OWN, PhaseChange())


def test_an_unknown_element_is_no_reference_and_no_failure():
    three = hulls()
    stranger = candidate("x", "XeO3", -0.1)
    three.put([stranger])
    found = three.measure(stranger)
    assert all("no elemental energy for Xe" in found.no_reference(name) for name in HullName)
    assert found.by_name[DFT].elements == ("Xe",)
    assert "x cannot be placed without an elemental phase of Xe" in three.unplaced["x"]


@pytest.mark.parametrize("energy", [math.nan, math.inf])
def test_an_energy_that_is_no_number_is_a_stored_reason(energy):
    three, broken = hulls(), HullCandidate("x", Composition("CaTiO3"), energy)
    three.put([broken])
    assert "x has the energy" in three.unplaced["x"]
    assert all("relax it again" in three.measure(broken).no_reference(name) for name in HullName)


def test_a_reference_of_the_wrong_scheme_is_refused_on_either_hull():
    own = reference("own+MP2020:abc")
    with pytest.raises(MixedSchemes, match=r"but the dft hull holds 'MP2020'"):
        ThreeHulls("abc", own, own)
    with pytest.raises(MixedSchemes, match=r"but the own hull holds 'own\+MP2020:xyz'"):
        ThreeHulls("xyz", reference(), own)
    with pytest.raises(MixedSchemes, match="but the own hull holds"):
        ThreeHulls("abc", reference(), reference())


def test_the_self_hull_cannot_be_changed_behind_its_candidates():
    with pytest.raises(ScreeningError, match="follows from own phases and candidates"):
        hulls().apply(SELF, PhaseChange())


def test_changes_tell_which_systems_to_measure_again():
    three = hulls()
    three.measure(candidate("x", "CaTiO3", -3.0))
    three.measure(candidate("y", "CaO", -3.0))
    assert three.put([candidate("z", "TiO", -2.0)]) == {"Ca-O-Ti"}
    assert three.put([candidate("z", "TiO", -2.0)]) == frozenset()
    change = PhaseChange(put=(ReferencePhase("peroxide", "CaO2", -2.5),))
    assert three.apply(OWN, change) == {OWN: {"Ca-O", "Ca-O-Ti"}, SELF: {"Ca-O", "Ca-O-Ti"}}
    assert three.apply(DFT, change) == {DFT: {"Ca-O", "Ca-O-Ti"}}
    assert three.remove(["z"]) == {"Ca-O-Ti"}


def test_candidates_move_with_the_zeros_of_the_own_reference():
    three = hulls()
    three.put([candidate("rival", "CaTiO3", -3.3), candidate("late", "XeO3", -0.1)])
    before = three.measure(candidate("x", "CaTiO3", -3.0))
    rows = [
        ReferencePhase("ca", "Ca", 0.5),
        ReferencePhase("lime", "CaO", -3.02 + 0.25),
        ReferencePhase("xe", "Xe", 0.0),
    ]
    three.apply(OWN, PhaseChange(put=tuple(rows), element_energies={"Ca": -2.5, "Xe": 0.0}))
    after = three.measure(candidate("x", "CaTiO3", -3.0))
    for name in HullName:
        assert after.energy_above_hull(name) == pytest.approx(before.energy_above_hull(name))
    assert not three.unplaced


arrivals = st.lists(
    st.tuples(
        st.sampled_from(["CaTiO3", "CaO2", "TiO", "Ca2TiO4", "CaTi2O5"]),
        st.integers(-16, -8).map(lambda steps: steps / 4),
        st.booleans(),
    ),
    max_size=8,
)


@given(arrivals, st.randoms(use_true_random=False), st.integers(0, 8))
def test_neither_the_order_of_arrival_nor_a_kill_in_the_middle_can_be_told(rows, dice, num_done):
    everyone = [
        candidate(f"c{index}", formula, energy, is_converged=rested)
        for index, (formula, energy, rested) in enumerate(rows)
    ]
    new = PhaseChange(put=(ReferencePhase("peroxide", "CaO2", -2.5),), removed=("rutile",))
    steps = [
        *(lambda three, one=one: three.put([one]) for one in everyone),
        lambda three: three.apply(OWN, new),
        lambda three: three.apply(DFT, new),
    ]
    forward, shuffled = hulls(), hulls()
    for step in steps:
        step(forward)
    dice.shuffle(steps)
    for step in (*steps[:num_done], *steps):
        step(shuffled)
        shuffled.measure(candidate("x", "CaTiO3", -3.0))
    assert [forward.measure(one) for one in everyone] == [shuffled.measure(one) for one in everyone]
    assert forward.versions("Ca-O-Ti") == shuffled.versions("Ca-O-Ti")


def test_a_bare_element_at_zero_on_the_dft_hull_withdraws_no_distance_to_it():
    without_ti = {name: row for name, row in PHASES.items() if name != "ti"}
    three = ThreeHulls("abc", reference(phases=without_ti), NOTHING)
    found = three.measure(candidate("x", "Ti3O", -0.1))
    assert math.isfinite(found.energy_above_hull(DFT))
    assert "element:Ti" in found.distance(DFT).decomposes_to
