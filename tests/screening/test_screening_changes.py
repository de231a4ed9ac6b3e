import math
from dataclasses import replace

import pytest

from screening.changes import PhaseChange, changes_between, updated
from screening.errors import MixedSchemes, ScreeningError
from screening.hull import Hulls
from screening.reference import ReferencePhase


def newer(toy):
    """Without rutile, with a lower lime, a new peroxide and another zero of Ca."""
    lime, rutile = (each for each in toy.phases if each.phase_id in {"lime", "rutile"})
    kept = tuple(each for each in toy.phases if each not in {lime, rutile})
    peroxide = ReferencePhase("peroxide", "CaO2", -2.2)
    return replace(
        toy,
        name="newer",
        date="2026-11",
        phases=(*kept, lime._replace(formation_energy_per_atom=-3.1), peroxide),
        element_energies={**toy.element_energies, "Ca": -2.1},
    )


def test_an_update_lists_what_came_what_went_and_what_changed(toy):
    reference, changes = updated(toy, newer(toy))
    assert [each.phase_id for each in changes.added] == ["peroxide"]
    assert [each.phase_id for each in changes.removed] == ["rutile"]
    ((before, after),) = changes.changed
    assert (before.formation_energy_per_atom, after.formation_energy_per_atom) == (-3.0, -3.1)
    assert changes.element_energies == {"Ca": -2.1}
    assert (reference.name, reference.date) == ("toy", "2026-11")
    assert reference.phases == newer(toy).phases


def test_hulls_that_take_up_an_update_are_those_of_the_new_reference(toy):
    _, changes = updated(toy, newer(toy))
    hulls = Hulls(toy)
    hulls.apply(changes.phase_change)
    assert changes_between(hulls.reference, newer(toy)).phase_change.is_empty


def test_an_update_that_changes_nothing_says_so(toy):
    assert updated(toy, toy)[1].phase_change.is_empty


def test_an_update_of_another_scheme_is_refused(toy):
    with pytest.raises(MixedSchemes, match="an update keeps the scheme"):
        updated(toy, replace(toy, scheme="own+MP2020:abc"))


def test_a_change_that_contradicts_itself_is_refused():
    phase = ReferencePhase("x", "CaO", -1.0)
    with pytest.raises(ScreeningError, match="names x more than once"):
        PhaseChange(put=(phase,), removed=("x",))


@pytest.mark.parametrize("energy", [math.nan, math.inf])
def test_a_change_to_an_energy_that_is_no_number_is_refused(energy):
    with pytest.raises(ScreeningError, match="gives x the energy"):
        PhaseChange(put=(ReferencePhase("x", "CaO", energy),))
    with pytest.raises(ScreeningError, match="gives Ca the energy"):
        PhaseChange(element_energies={"Ca": energy})
