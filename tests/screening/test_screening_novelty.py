import itertools
import math

import numpy as np
import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from screening.novelty import group_duplicates, match_known


def rutile() -> Structure:
    return Structure.from_spacegroup(
        "P4_2/mnm", Lattice.tetragonal(4.59, 2.96), ["Ti", "O"], [[0, 0, 0], [0.305, 0.305, 0]]
    )


def anatase() -> Structure:
    return Structure.from_spacegroup(
        "I4_1/amd", Lattice.tetragonal(3.785, 9.51), ["Ti", "O"], [[0, 0, 0], [0, 0, 0.2081]]
    )


def disguised(structure: Structure, seed: int) -> Structure:
    """A copy in another cell, at another origin, as far off as two relaxations end."""
    copy = structure.copy()
    if seed % 2:
        copy.make_supercell([[1, 1, 0], [0, 1, 0], [0, 0, 2]])
    shift = np.random.default_rng(seed).random(3)
    copy.translate_sites(list(range(len(copy))), shift)
    copy.perturb(0.01)
    copy.apply_strain(0.004 * (-1) ** seed)
    return copy


def test_disguised_copies_are_found_and_the_lowest_is_kept():
    items = [(f"r{seed}", disguised(rutile(), seed), -8.0 - 0.001 * seed) for seed in range(5)]
    assert group_duplicates(items) == {f"r{seed}": "r4" for seed in range(4)}


def test_ties_go_to_the_first_id():
    items = [("b", rutile(), -8.0), ("a", rutile(), -8.0)]
    assert group_duplicates(items) == {"b": "a"}


def test_polymorphs_are_not_copies():
    assert group_duplicates([("r", rutile(), -8.0), ("a", anatase(), -8.1)]) == {}


def test_the_same_prototype_of_other_elements_is_no_copy():
    tin = rutile()
    tin.replace_species({"Ti": "Sn"})
    assert group_duplicates([("ti", rutile(), -8.0), ("sn", tin, -7.0)]) == {}


def test_a_much_compressed_crystal_is_no_copy():
    small = rutile()
    small.apply_strain(-0.05)
    assert group_duplicates([("r", rutile(), -8.0), ("small", small, -7.0)]) == {}


def test_the_order_of_arrival_changes_nothing():
    crystals = [
        ("r0", rutile(), -8.0),
        ("r1", disguised(rutile(), 1), -8.001),
        ("a0", anatase(), -8.1),
        ("a1", disguised(anatase(), 2), -8.1),
        ("lost", disguised(rutile(), 3), math.nan),
    ]
    answers = [group_duplicates(order) for order in itertools.permutations(crystals)]
    assert answers[0] == {"r0": "r1", "a1": "a0", "lost": "r1"}
    assert all(answer == answers[0] for answer in answers)


def test_charges_and_magnetic_moments_do_not_hide_a_copy():
    dressed = rutile()
    dressed.add_oxidation_state_by_element({"Ti": 4, "O": -2})
    dressed.add_site_property("magmom", [0.1 * index for index in range(len(dressed))])
    assert group_duplicates([("plain", rutile(), -8.0), ("dressed", dressed, -7.9)]) == {
        "dressed": "plain"
    }


@pytest.mark.parametrize("items", [[], [("only", rutile(), -8.0)]])
def test_few_crystals_have_no_copies(items):
    assert group_duplicates(items) == {}


def test_known_phases_are_recognized_in_disguise_and_named():
    known = [("mp-2", anatase()), ("mp-1", rutile())]
    candidates = [
        ("again", disguised(rutile(), 1)),
        ("other", disguised(anatase(), 2)),
        ("new", Structure(Lattice.cubic(4.2), ["Ti", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])),
    ]
    for order in itertools.permutations(candidates):
        for phases in (known, known[::-1]):
            assert match_known(order, iter(phases)) == {"again": "mp-1", "other": "mp-2"}


def test_of_several_known_phases_the_first_by_id_is_named():
    assert match_known([("a", rutile())], [("mp-9", rutile()), ("mp-3", rutile())]) == {"a": "mp-3"}


@pytest.mark.parametrize(
    ("candidates", "known"), [([], [("k", rutile())]), ([("a", rutile())], [])]
)
def test_nothing_matches_nothing(candidates, known):
    assert match_known(candidates, known) == {}


def test_what_the_fingerprint_rules_out_the_matcher_would_not_take_either(monkeypatch):
    rng = np.random.default_rng(5)
    items = []
    for number in range(12):
        crystal = (rutile, anatase)[number % 2]()
        crystal.perturb(float(rng.uniform(0.0, 0.25)))
        items.append((f"c{number:02d}", crystal, -8.0))
    found = group_duplicates(items)
    monkeypatch.setattr("screening.fingerprint.TOLERANCE", math.inf)
    assert group_duplicates(items) == found
    assert found
