"""Moments that calculations start with."""

from __future__ import annotations

import numpy as np
import pytest
from dft_samples import pair
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from workflows.dft.magnetism import LARGEST_CELL, orderings


@pytest.mark.filterwarnings(
    "ignore:Set OLD_ERROR_HANDLING:DeprecationWarning"
)  # spglib, by pymatgen
def test_ferromagnetic_moments_are_those_of_the_materials_project():
    from pymatgen.io.vasp.sets import MPRelaxSet

    crystal = Structure(Lattice.cubic(4.3), ["Mn", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    (plain,) = orderings(crystal)
    incar = MPRelaxSet(crystal).incar
    assert (plain.name, list(plain.magmoms)) == ("ferromagnetic", incar["MAGMOM"])


def test_antiferromagnetic_orderings_cancel_and_differ():
    found = orderings(pair("Fe", "Al"), 3)[1:]
    assert [each.name for each in found] == [f"antiferromagnetic-{at}" for at in (1, 2, 3)]
    for each in found:
        moments = np.array(each.magmoms)
        iron = np.array([site.specie.symbol == "Fe" for site in each.structure])
        assert moments[iron].sum() == pytest.approx(0.0)
        assert np.abs(moments[iron]).min() == 5.0
    shapes = {tuple(each.structure.lattice.abc) for each in found}
    assert len(shapes) == 3


def test_a_cell_with_two_planes_is_not_doubled_and_equal_patterns_count_once():
    sites = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0, 0]]
    crystal = Structure(Lattice.cubic(5.0), ["Fe", "Fe", "O"], sites)
    found = orderings(crystal, 5)[1:]
    assert [len(each.structure) for each in found] == [3]
    assert found[0].magmoms == (5.0, -5.0, 0.6)


def test_a_crystal_without_magnetic_elements_has_one_ordering():
    assert [each.name for each in orderings(pair("Cu", "Au"), 5)] == ["ferromagnetic"]


def test_planes_that_cannot_cancel_and_cells_that_would_be_too_large_give_none():
    sites = [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0.25, 0.75]]
    uneven = Structure(Lattice.cubic(6.0), ["Fe"] * 3, sites)
    for each in orderings(uneven, 5)[1:]:
        assert sum(each.magmoms) == pytest.approx(0.0)
    large = pair("Fe", "Al").make_supercell([1, 1, LARGEST_CELL // 2 + 1], in_place=False)
    assert len(orderings(large, 3)[1:]) <= 1
