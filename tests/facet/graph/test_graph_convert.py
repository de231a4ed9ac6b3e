"""Structures come in with their faults named, and go out as they came."""

import numpy as np
import pytest
from ase.build import bulk, molecule
from pymatgen.core import DummySpecies, Lattice, Structure

from facet.errors import InvalidStructure, UnsupportedElement
from facet.graph.convert import atoms_from, crystal_from, structure_from
from facet.graph.elements import check_species, symbol
from facet.graph.neighbors import Crystal

CUBE = Lattice.cubic(4.0)


def test_a_structure_survives_the_round_trip():
    source = Structure(
        Lattice.from_parameters(3, 4, 5, 80, 95, 110), ["Na", "Cl"], [[0, 0, 0], [0.4, 0.5, 1.2]]
    )
    crystal = crystal_from(source)
    again = structure_from(crystal)
    assert crystal.species.tolist() == [11, 17]
    np.testing.assert_allclose(again.lattice.matrix, source.lattice.matrix)
    np.testing.assert_allclose(again.cart_coords, source.cart_coords)
    assert [site.specie.symbol for site in again] == ["Na", "Cl"]


def test_atoms_survive_the_round_trip():
    source = bulk("NaCl", "rocksalt", a=5.6)
    again = atoms_from(crystal_from(source))
    assert again.get_chemical_symbols() == source.get_chemical_symbols()
    np.testing.assert_allclose(again.positions, source.positions)
    np.testing.assert_allclose(again.cell.array, source.cell.array)
    assert again.pbc.all()


def test_oxidation_states_do_not_hide_the_element():
    source = Structure(CUBE, ["Fe3+", "O2-"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    assert crystal_from(source).species.tolist() == [26, 8]


def test_the_numbers_are_copied_so_that_nobody_changes_them_later():
    source = bulk("Cu", cubic=True)
    crystal = crystal_from(source)
    source.positions += 1
    assert np.abs(crystal.positions - source.positions).min() > 0.5


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        (Structure(CUBE, [{"Fe": 0.5, "Ni": 0.5}], [[0, 0, 0]]), InvalidStructure, "partially"),
        (Structure(CUBE, [DummySpecies("X")], [[0, 0, 0]]), UnsupportedElement, "X0"),
        (
            Structure(Lattice.cubic(4, pbc=(True, True, False)), ["Cu"], [[0, 0, 0]]),
            InvalidStructure,
            "not periodic",
        ),
        (molecule("H2O"), InvalidStructure, "not periodic"),
        (Crystal(np.array([0]), np.zeros((1, 3)), np.eye(3)), UnsupportedElement, "0 is no"),
        (Crystal(np.array([6]), np.zeros((2, 3)), np.eye(3)), InvalidStructure, "shapes"),
        (Crystal(np.array([6]), np.zeros((1, 3)), np.zeros((3, 3))), InvalidStructure, "no room"),
        (Crystal(np.array([]), np.zeros((0, 3)), np.eye(3)), InvalidStructure, "no atoms"),
        (Crystal(np.array([6]), [["a", 0, 0]], np.eye(3)), InvalidStructure, "numbers"),
        (Crystal(np.array([6]), [[np.inf, 0, 0]], np.eye(3)), InvalidStructure, "finite"),
        ({"lattice": 3}, InvalidStructure, "a dict is no crystal"),
    ],
)
def test_a_fault_is_named_together_with_the_structure(source, error, words):
    with pytest.raises(error, match=rf"^mp-7: .*{words}.*\.$"):
        crystal_from(source, "mp-7")


def test_elements_that_the_potential_does_not_know_are_named():
    with pytest.raises(UnsupportedElement, match="mp-7: the potential does not know He, U;"):
        check_species(np.array([92, 8, 2, 2]), frozenset({8}), "mp-7")


def test_symbols_run_from_hydrogen_to_oganesson():
    assert (symbol(1), symbol(56), symbol(118), symbol(119)) == ("H", "Ba", "Og", "number 119")
