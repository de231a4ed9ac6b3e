"""The suite is worth something: each fault of physics is found by the promise that it breaks."""

from functools import cache

import faults
import pytest

from facet.testing import BrokenPromiseError, assert_is_a_potential

ONLY_BREAKS = {
    faults.WrongStressSign: {"stress_is_the_slope_of_the_energy"},
    faults.WrongForces: {
        "forces_are_slopes_of_the_energy",
        "a_large_cell_is_no_exception",
    },
    faults.LooksAtTheCell: {
        "a_doubled_cell_has_twice_the_energy",
        "distant_parts_add_up",
    },
    faults.CountsCellsNotAtoms: {
        "a_doubled_cell_has_twice_the_energy",
        "distant_parts_add_up",
    },
    faults.FailsWithoutEdges: {
        "isolated_atoms_have_their_own_energy",
        "an_empty_neighbor_list_is_no_exception",
    },
    faults.NotANumber: {"a_large_cell_is_no_exception"},
    faults.TellsLeftFromRight: {"mirror_images_have_the_same_energy"},
    faults.PrefersTheAxes: {"random_rotations_are_exact"},
    faults.AcceptsAnything: {"unknown_elements_are_named"},
    faults.RefusesWithoutAName: {"unknown_elements_are_named"},
    faults.CrashesOnUnknown: {"unknown_elements_are_named"},
}

# These spoil much of what is tried; the first promise that they break says what is wrong.
BREAKS_FIRST = {
    faults.SeesItsMates: "a_batch_is_its_crystals_one_by_one",
    faults.KnowsItsPlace: "a_batch_is_its_crystals_one_by_one",
    faults.ForgetsTheOneAtomCase: "a_batch_is_its_crystals_one_by_one",
    faults.LooksAtPositions: "moving_all_atoms_changes_nothing",
    faults.LooksAtTheFirstAtom: "order_of_atoms_changes_nothing",
    faults.StressOfASkewedStrain: "octahedral_rotations_are_exact",
    faults.PushesLoneAtoms: "nothing_jumps_at_the_cutoff",
}

# Beside the jump itself, a finite difference may be wrong when it takes an atom over the cutoff.
SLOPES = {
    "forces_are_slopes_of_the_energy",
    "stress_is_the_slope_of_the_energy",
    "a_large_cell_is_no_exception",
}

JUMPS = {
    faults.JumpingEnergy: "The energy jumps",
    faults.JumpingForce: "The force jumps",
    faults.JumpingForceConstant: "The force constant jumps",
}


@cache
def broken_by(fault):
    return broken_promises(fault())


def broken_promises(potential, **promised):
    with pytest.raises(BrokenPromiseError) as caught:
        assert_is_a_potential(potential, **promised)
    return {
        name.removeprefix("assert_"): sentence for name, sentence in caught.value.broken.items()
    }


@pytest.mark.parametrize("fault", ONLY_BREAKS)
def test_a_fault_breaks_its_promise_and_no_other(fault):
    assert set(broken_by(fault)) == ONLY_BREAKS[fault]


@pytest.mark.parametrize("fault", BREAKS_FIRST)
def test_a_basic_fault_is_named_first(fault):
    assert next(iter(broken_by(fault))) == BREAKS_FIRST[fault]


def test_sight_beyond_the_cutoff_is_found():
    assert "edges_beyond_the_cutoff_count_nothing" in broken_by(faults.SeesBeyondItsCutoff)


@pytest.mark.parametrize("fault", JUMPS)
def test_it_is_said_what_jumps_at_the_cutoff(fault):
    broken = dict(broken_by(fault))
    assert JUMPS[fault] in broken.pop("nothing_jumps_at_the_cutoff")
    assert set(broken) <= SLOPES


def test_isolated_energies_are_compared_with_those_that_are_known():
    broken = broken_promises(faults.SOUND, isolated_energies={1: 0.0, 8: -1.5})
    (sentence,) = broken.values()
    assert "isolated O atom is 0 eV and misses its own, -1.5 eV, by 1.5 eV" in sentence


def test_what_is_not_promised_is_not_asked():
    assert_is_a_potential(faults.TellsLeftFromRight(), is_mirror_invariant=False)
    assert_is_a_potential(faults.PrefersTheAxes(), is_rotation_exact=False)


def test_all_that_is_broken_is_told_in_sentences_with_numbers():
    with pytest.raises(AssertionError) as caught:
        assert_is_a_potential(faults.WrongForces())
    title, *lines = str(caught.value).splitlines()
    assert title == "The potential breaks its promises."
    assert len(lines) == 2
    assert "miss the slope of the energy by" in lines[0]
    assert "eV/A, more than 1e-05 eV/A." in lines[0]
