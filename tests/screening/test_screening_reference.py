import math
from dataclasses import replace

import pytest

from screening.errors import MixedSchemes, ScreeningError
from screening.reference import Coverage, ReferencePhase


def test_a_reference_of_uncorrected_energies_is_refused(toy):
    with pytest.raises(MixedSchemes):
        replace(toy, scheme="PBE+U uncorrected")


def test_two_phases_of_one_id_are_refused(toy):
    with pytest.raises(ScreeningError, match="holds 7 ids more than once, ca first"):
        replace(toy, phases=toy.phases * 2)


@pytest.mark.parametrize("energy", [math.nan, -math.inf])
def test_a_phase_whose_energy_is_no_number_is_refused_by_name(toy, energy):
    with pytest.raises(ScreeningError, match="The energy of odd in reference 'toy'"):
        replace(toy, phases=(*toy.phases, ReferencePhase("odd", "CaO2", energy)))


def test_an_element_whose_energy_is_no_number_is_refused(toy):
    with pytest.raises(ScreeningError, match="The energy of Ca in reference 'toy'"):
        replace(toy, element_energies={"Ca": math.nan})


def test_the_description_claims_no_more_than_the_reference_holds(toy):
    assert toy.description == "the supplied phases"
    whole = replace(toy, coverage=Coverage.ALL_KNOWN)
    assert whole.description == "the hull of all phases known to toy"


def test_references_of_different_schemes_refuse_to_join(toy):
    other = replace(toy, scheme="own+MP2020:abc", name="own")
    with pytest.raises(MixedSchemes, match="'toy' is of scheme 'MP2020' and 'own' of"):
        toy.joined(other)


def test_references_that_count_from_different_elements_refuse_to_join(toy):
    other = replace(toy, element_energies={**toy.element_energies, "Ti": -7.8}, name="other")
    with pytest.raises(MixedSchemes, match=r"Ti has -7\.900000 eV/atom in 'toy'"):
        toy.joined(other)


def test_joined_references_hold_the_phases_of_both(toy):
    other = replace(toy, phases=(ReferencePhase("new", "CaO2", -2.0),), name="other")
    assert toy.joined(other).phases == (*toy.phases, *other.phases)


def test_candidates_of_another_potential_are_refused(toy):
    own = replace(toy, scheme="own+MP2020:abc")
    assert own.check_candidates("abc") is None
    with pytest.raises(MixedSchemes):
        own.check_candidates("xyz")


def test_a_reference_describes_itself_as_plain_data(toy):
    whole = replace(toy, date="2026-11", license="CC-BY-4.0", source="by hand", omitted={"x": "."})
    assert whole.describe() == {
        "name": "toy",
        "scheme": "MP2020",
        "date": "2026-11",
        "license": "CC-BY-4.0",
        "source": "by hand",
        "pymatgen_version": "unknown",
        "coverage": "supplied",
        "num_phases": 7,
        "num_elements": 3,
        "num_omitted": 1,
    }
