"""Promises of distances to the hull by members of a committee."""

import numpy as np
import pytest
from pymatgen.core.composition import Composition

from screening.errors import MissingReference, ScreeningError
from screening.hull import Hulls
from screening.member_hulls import (
    distances_to_fixed_hull,
    distances_to_own_hulls,
    distances_to_same_rivals,
    member_references,
)
from screening.references import reference_from_energies
from screening.schemes import MP2020, own_scheme

SALT, SODIUM, CHLORINE = Composition("Na2Cl2"), Composition("Na2"), Composition("Cl4")
CANDIDATE = Composition("Na3Cl")
SCHEME = own_scheme("abc")


def phases(rng=None, num_members=5):
    """Energies of sodium, chlorine and salt by each member."""
    moved = np.zeros((3, num_members)) if rng is None else 0.1 * rng.normal(size=(3, num_members))
    return [
        ("na", SODIUM, -2.6 + 2 * moved[0]),
        ("cl", CHLORINE, -7.2 + 4 * moved[1]),
        ("nacl", SALT, -13.6 + 4 * moved[2]),
    ]


def test_on_a_fixed_hull_the_distances_move_with_the_energies():
    hulls = Hulls(reference_from_energies("r", MP2020, [(*p[:2], p[2][0]) for p in phases()]))
    energies = [-9.0, -9.2, -8.6]
    found = distances_to_fixed_hull(hulls, CANDIDATE, energies)
    expected = [hulls.distance(CANDIDATE, each).energy_above_hull for each in energies]
    np.testing.assert_allclose(found.energies_above_hull, expected, atol=1e-12)
    assert found.mean == pytest.approx(np.mean(expected))
    assert found.spread == pytest.approx(np.std(expected, ddof=1))


def test_every_member_is_measured_on_its_own_hull():
    known = phases(np.random.default_rng(0))
    references = member_references("own", SCHEME, known)
    energies = np.random.default_rng(1).normal(-9.0, 0.3, 5)
    found = distances_to_own_hulls([Hulls(each) for each in references], CANDIDATE, energies)
    for member in range(5):
        alone = reference_from_energies("r", SCHEME, [(*p[:2], p[2][member]) for p in known])
        distance = Hulls(alone).distance(CANDIDATE, energies[member]).energy_above_hull
        assert found.energies_above_hull[member] == pytest.approx(distance, abs=1e-12)


def test_what_all_energies_have_in_common_cancels():
    rng = np.random.default_rng(0)
    sodium, chlorine = 0.3 * rng.normal(size=(2, 5))
    shifted = [
        ("na", SODIUM, -2.6 + 2 * sodium),
        ("cl", CHLORINE, -7.2 + 4 * chlorine),
        ("nacl", SALT, -13.6 + 2 * sodium + 2 * chlorine),
    ]
    hulls = [Hulls(each) for each in member_references("own", SCHEME, shifted)]
    energies = -9.0 + 3 * sodium + chlorine
    own = distances_to_own_hulls(hulls, CANDIDATE, energies)
    fixed = Hulls(reference_from_energies("r", MP2020, [(*p[:2], p[2][0]) for p in phases()]))
    assert own.spread < 1e-12
    assert distances_to_fixed_hull(fixed, CANDIDATE, energies).spread > 0.1


def test_the_own_formula_can_be_left_out_for_every_member():
    hulls = [Hulls(each) for each in member_references("own", SCHEME, phases())]
    energies = np.full(5, -13.6)
    on = distances_to_own_hulls(hulls, SALT, energies)
    off = distances_to_own_hulls(hulls, SALT, energies, without_formula=True)
    np.testing.assert_allclose(on.energies_above_hull, 0, atol=1e-12)
    assert off.mean < -0.1
    fixed = distances_to_fixed_hull(hulls[0], SALT, energies, without_formula=True)
    assert fixed.mean == pytest.approx(off.mean)


def test_members_and_hulls_of_different_number_are_refused():
    hulls = [Hulls(each) for each in member_references("own", SCHEME, phases())]
    with pytest.raises(ScreeningError, match="4 members cannot be measured on 5 hulls"):
        distances_to_own_hulls(hulls, SALT, [-13.6] * 4)


def test_phases_with_different_members_are_refused():
    known = [*phases(), ("more", SALT, [-13.0, -13.1])]
    with pytest.raises(ScreeningError, match=r"\[2, 5\] members"):
        member_references("own", SCHEME, known)


def test_a_single_member_has_no_spread():
    hulls = Hulls(reference_from_energies("r", MP2020, [(*p[:2], p[2][0]) for p in phases()]))
    with pytest.raises(ScreeningError, match="two members"):
        distances_to_fixed_hull(hulls, SALT, [-13.6])


@pytest.mark.parametrize("energies", [[-9.0, float("nan")], [-9.0, float("inf")]])
def test_an_energy_that_is_no_number_is_refused(energies):
    hulls = Hulls(reference_from_energies("r", MP2020, [(*p[:2], p[2][0]) for p in phases()]))
    with pytest.raises(ScreeningError):
        distances_to_fixed_hull(hulls, SALT, energies)


def test_an_element_that_the_reference_lacks_is_named():
    hulls = Hulls(reference_from_energies("r", MP2020, [(*p[:2], p[2][0]) for p in phases()]))
    with pytest.raises(MissingReference, match="K"):
        distances_to_fixed_hull(hulls, Composition("KCl"), [-6.0, -6.1])


def offsets_of(cell, energies):
    """Energies by each member less their mean, in eV/atom."""
    return (np.asarray(energies) - np.mean(energies)) / cell.num_atoms


def test_against_the_same_rivals_the_distances_are_those_of_every_members_own_hull():
    rng = np.random.default_rng(3)
    known = [(name, cell, e + rng.normal(0, 0.004, 5)) for name, cell, e in phases()]
    energies = rng.normal(-9.0, 0.004, 5)
    slow = distances_to_own_hulls(
        [Hulls(each) for each in member_references("own", SCHEME, known)], CANDIDATE, energies
    )
    means = [(name, cell, float(np.mean(e))) for name, cell, e in known]
    place = Hulls(reference_from_energies("own", SCHEME, means)).distance(
        CANDIDATE, float(energies.mean())
    )
    rivals = {name: offsets_of(cell, e) for name, cell, e in known}
    fast = distances_to_same_rivals(place, offsets_of(CANDIDATE, energies), rivals)
    np.testing.assert_allclose(fast.energies_above_hull, slow.energies_above_hull, atol=1e-12)
    assert fast.spread > 1e-3


def test_rivals_that_no_member_predicts_stay_where_they_are():
    means = [(name, cell, float(np.mean(e))) for name, cell, e in phases()]
    place = Hulls(reference_from_energies("r", MP2020, means)).distance(CANDIDATE, -9.0)
    offsets = np.array([-0.01, 0.0, 0.01])
    found = distances_to_same_rivals(place, offsets, None)
    assert found.spread == pytest.approx(0.01)
    assert found.mean == pytest.approx(place.energy_above_hull)


def test_a_rival_without_energies_by_member_is_named():
    means = [(name, cell, float(np.mean(e))) for name, cell, e in phases()]
    place = Hulls(reference_from_energies("own", SCHEME, means)).distance(CANDIDATE, -9.0)
    with pytest.raises(ScreeningError, match=r"\(nacl\), to which it decomposes"):
        distances_to_same_rivals(place, np.zeros(3), {"na": np.zeros(3)})
