import pytest

from screening.errors import MixedSchemes
from screening.schemes import (
    MP2020,
    UNCORRECTED,
    check_candidate_scheme,
    check_reference_scheme,
    own_scheme,
)


@pytest.mark.parametrize("scheme", [UNCORRECTED, "R2SCAN", "own", "own+MP2020:", "mp2020"])
def test_a_hull_of_uncorrected_or_unknown_energies_is_refused(scheme):
    with pytest.raises(MixedSchemes, match="correct them with MP2020"):
        check_reference_scheme(scheme)


@pytest.mark.parametrize("scheme", [MP2020, own_scheme("a" * 64)])
def test_corrected_schemes_are_welcome(scheme):
    assert check_reference_scheme(scheme) is None


def test_candidates_of_one_potential_are_refused_on_the_hull_of_another():
    with pytest.raises(MixedSchemes, match="relax the reference phases again"):
        check_candidate_scheme(own_scheme("a" * 64), "b" * 64)


def test_candidates_meet_their_own_hull_and_the_dft_hull():
    assert check_candidate_scheme(own_scheme("a" * 64), "a" * 64) is None
    assert check_candidate_scheme(MP2020, "b" * 64) is None
