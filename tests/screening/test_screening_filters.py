import time

import numpy as np
import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from screening.filters import input_fault

CENTER = [0.5, 0.5, 0.5]


def crystal(species, positions=([0, 0, 0], CENTER), lattice=None):
    return Structure(lattice or Lattice.cubic(4.0), species, list(positions)[: len(species)])


@pytest.mark.parametrize("species", [["Cs", "Cl"], ["D", "F"], ["T", "F"], ["Fe3+", "O2-"]])
def test_sound_crystals_pass_with_isotopes_and_charges_too(species):
    assert input_fault(crystal(species)) is None


def test_no_atoms():
    assert "holds no atoms" in input_fault(crystal([]))


def test_partial_occupancy():
    fault = input_fault(crystal(["Fe", {"O": 0.5}]))
    assert "Site 2 (O:0.5) has occupancy 0.5 instead of 1: give an ordered structure" in fault


def test_a_shared_site():
    fault = input_fault(crystal([{"Fe": 0.5, "Co": 0.5}, "O"]))
    assert fault.startswith("Site 1 is shared by Fe:0.5, Co:0.5: give an ordered structure")


@pytest.mark.parametrize("dummy", ["X", "Xa", "X2+"])
def test_dummy_species(dummy):
    fault = input_fault(crystal(["Fe", dummy]))
    assert fault.startswith("Site 2 holds '")
    assert "no chemical element: replace it" in fault


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_coordinate_that_is_not_finite(value):
    fault = input_fault(crystal(["Fe", "O"], [[0, 0, 0], [0.5, value, 0.5]]))
    assert fault.startswith("Atom 2 (O) has a coordinate that is not finite")


def test_a_cell_that_is_not_finite():
    lattice = Lattice([[4, 0, 0], [0, np.nan, 0], [0, 0, 4]])
    assert "cell vectors hold a number" in input_fault(crystal(["Fe", "O"], lattice=lattice))


@pytest.mark.parametrize(
    "rows",
    [
        [[4, 0, 0], [0, 4, 0], [0, 0, 0]],
        [[4, 0, 0], [0, 4, 0], [4, 4, 0]],
        [[0, 0, 0], [0, 0, 0], [0, 0, 0]],
        [[0.4, 0, 0], [0, 0.4, 0], [0, 0, 0.4]],
    ],
)
def test_a_cell_without_volume(rows):
    assert "angstrom per atom, less than any" in input_fault(crystal(["Fe"], lattice=Lattice(rows)))


def test_a_left_handed_cell_has_a_volume():
    lattice = Lattice([[0, 4, 0], [4, 0, 0], [0, 0, 4]])
    assert input_fault(crystal(["Cs", "Cl"], lattice=lattice)) is None


@pytest.mark.parametrize("second", [[0, 0, 0], [0.1, 0, 0], [0.95, 0.95, 0.97], [3.0, -2.0, 1.05]])
def test_atoms_overlap_through_the_faces_of_the_cell_too(second):
    fault = input_fault(crystal(["Fe", "O"], [[0, 0, 0], second]))
    assert fault.startswith("Atom 1 (Fe) and Atom 2 (O) lie only 0.")
    assert fault.endswith("remove one of them or check the coordinates.")


def test_an_atom_overlaps_its_own_image():
    lattice = Lattice.orthorhombic(30.0, 30.0, 0.4)
    fault = input_fault(crystal(["Fe"], lattice=lattice))
    assert fault.startswith("Atom 1 (Fe) lies 0.40 angstrom from its own periodic image")


def test_a_very_skewed_cell_hides_no_overlap():
    lattice = Lattice([[5, 0, 0], [20.2, 5, 0], [0, 0, 5]])
    assert input_fault(crystal(["Fe"], lattice=lattice)) is None
    skewed = Lattice([[30, 0, 0], [30.2, 0.3, 0], [0, 0, 30]])
    assert "own periodic image" in input_fault(crystal(["Fe"], lattice=skewed))


def test_hydrogen_in_its_molecule_does_not_overlap():
    lattice = Lattice.cubic(7.4)
    assert input_fault(crystal(["H", "H"], [[0, 0, 0], [0.1, 0, 0]], lattice)) is None


def test_a_slab_is_no_crystal():
    lattice = Lattice(np.eye(3) * 4, pbc=(True, True, False))
    assert "not periodic along all three" in input_fault(crystal(["Cs", "Cl"], lattice=lattice))


def test_a_check_takes_less_than_a_millisecond():
    structure = crystal(["Cs", "Cl"]) * (2, 2, 2)
    start = time.process_time()
    for _ in range(100):
        assert input_fault(structure) is None
    assert (time.process_time() - start) / 100 < 1e-3
