"""Moments that calculations start with."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from dft_samples import pair
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from workflows.dft import spin_patterns
from workflows.dft.exchange import couplings, frustration
from workflows.dft.magnetism import LARGEST_CELL, antiferromagnetic_patterns, orderings
from workflows.dft.spin_patterns import distinct_patterns
from workflows.symmetry import operations_of

SAME = StructureMatcher(ltol=0.01, stol=0.01, angle_tol=0.5, scale=False)


def rock_salt(metal="Ni"):
    return Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(4.18), [metal, "O"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    )


def rutile():
    return Structure.from_spacegroup(
        "P4_2/mnm", Lattice.tetragonal(4.87, 3.31), ["Mn", "F"], [[0, 0, 0], [0.305, 0.305, 0]]
    )


def skew():
    lattice = Lattice.from_parameters(4, 5, 6, 80, 95, 101)
    return Structure(lattice, ["Mn", "Mn", "O"], [[0, 0, 0], [0.4, 0.5, 0.6], [0.2, 0.7, 0.1]])


def height(pattern):
    """How parallel the coupled neighbors of an ordering are, from -1 to 1."""
    sites = np.flatnonzero(pattern.signs)
    return frustration(pattern.signs[sites], couplings(pattern.cell, sites.tolist()))


def test_ferromagnetic_moments_are_those_of_the_materials_project():
    from pymatgen.io.vasp.sets import MPRelaxSet

    crystal = Structure(Lattice.cubic(4.3), ["Mn", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    (plain,) = orderings(crystal)
    incar = MPRelaxSet(crystal).incar
    assert (plain.name, list(plain.magmoms)) == ("ferromagnetic", incar["MAGMOM"])


@pytest.mark.parametrize("is_primitive", [True, False])
def test_rock_salt_has_two_orderings_of_four_atoms_and_that_of_nickel_oxide_comes_first(
    is_primitive,
):
    crystal = rock_salt()
    second, first = antiferromagnetic_patterns(
        crystal.get_primitive_structure() if is_primitive else crystal
    )[::-1]
    assert (len(first.cell), len(second.cell)) == (4, 4)
    # AF-II: planes along [111] alternate, all second neighbors, bonded through O, antiparallel.
    assert (height(first), height(second)) == (pytest.approx(-1.0), pytest.approx(1.0))


def test_a_crystal_like_cesium_chloride_has_the_three_orderings_of_a_simple_cubic_lattice():
    found = antiferromagnetic_patterns(pair("Fe", "Al"))
    assert [len(each.cell) for each in found] == [4, 4, 4]
    # G, C and A: all, two thirds and one third of the nearest neighbors are antiparallel.
    assert [height(each) for each in found] == pytest.approx([-1.0, -1 / 3, 1 / 3])


def test_iron_is_antiferromagnetic_in_its_cubic_cell_first():
    iron = Structure(Lattice.cubic(2.87), ["Fe", "Fe"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    found = antiferromagnetic_patterns(iron)
    assert [len(each.cell) for each in found] == [2, 2]
    assert height(found[0]) == pytest.approx(-1.0)


def colored(pattern_cell, signs, turned):
    names = [
        site.specie.symbol if not sign else ("Fe" if sign * turned > 0 else "Co")
        for site, sign in zip(pattern_cell, signs, strict=True)
    ]
    return Structure(pattern_cell.lattice, names, pattern_cell.frac_coords)


def distinct_by_matching(own, element):
    """Count orderings by comparing crystals whose up and down are two elements."""
    found = []
    for vector in product((0, 1), repeat=3):
        cell = spin_patterns._doubled(own, vector) if any(vector) else own
        symbols = np.array([site.specie.symbol for site in cell])
        sites = np.flatnonzero(symbols == element)
        if len(sites) % 2:
            continue
        for pattern in spin_patterns._balanced(symbols[sites]):
            signs = np.zeros(len(cell), dtype=int)
            signs[sites] = pattern
            both = [colored(cell, signs, turned) for turned in (1, -1)]
            if not any(SAME.fit(each, known) for each in both for known in found):
                found.append(both[0])
    return len(found)


@pytest.mark.parametrize(("crystal", "element"), [(rutile(), "Mn"), (skew(), "Mn")])
def test_no_ordering_is_missing_and_none_comes_twice(crystal, element):
    found = list(distinct_patterns(crystal, [element], operations_of(crystal), LARGEST_CELL))
    assert len(found) == distinct_by_matching(crystal, element)


def test_every_magnetic_element_has_as_many_moments_up_as_down():
    crystal = Structure(Lattice.cubic(2.9), ["Fe", "Mn"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    named = orderings(crystal, 9)[1:]
    assert named
    assert [each.name for each in named] == [f"afm-{at}" for at in range(1, len(named) + 1)]
    for each in named:
        moments = np.array(each.magmoms)
        symbols = np.array([site.specie.symbol for site in each.structure])
        for element in ("Fe", "Mn"):
            assert moments[symbols == element].sum() == pytest.approx(0.0)
            assert np.abs(moments[symbols == element]).min() == 5.0


def test_sites_without_a_moment_start_at_zero_and_the_note_says_how_it_was_made():
    (_, first) = orderings(rock_salt(), 1)
    assert sorted(first.magmoms) == [-5.0, 0.0, 0.0, 5.0]
    assert "ordering 1 of 2 enumerated" in first.note
    assert "propagation vector (" in first.note


def test_a_number_names_the_same_ordering_however_many_are_asked_for():
    few, many = orderings(rutile(), 2), orderings(rutile(), 5)
    assert len(many) == 6
    assert [each.magmoms for each in many[:3]] == [each.magmoms for each in few]


@pytest.mark.parametrize("crystal", [pair("Cu", "Au"), rock_salt("Mg")])
def test_a_crystal_without_magnetic_elements_has_one_ordering(crystal):
    assert [each.name for each in orderings(crystal, 5)] == ["ferromagnetic"]


def test_cells_too_large_and_elements_with_too_many_sites_have_none():
    big = pair("Fe", "Al").make_supercell([1, 1, LARGEST_CELL // 2 + 1], in_place=False)
    big.translate_sites([0], [0.05, 0.02, 0.01])  # no smaller cell repeats in it
    assert orderings(big, 3)[1:] == []


def test_a_crystal_of_which_something_is_held_keeps_its_cell():
    crystal = Structure(Lattice.cubic(2.87), ["Fe", "Fe"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    marks = [np.array([False] * 3), np.array([True] * 3)]
    held = crystal.copy(site_properties={"selective_dynamics": marks})
    doubled = held.make_supercell([2, 1, 1], in_place=False)
    assert {len(each.cell) for each in antiferromagnetic_patterns(doubled)} == {4, 8}
