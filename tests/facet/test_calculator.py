"""The potential as an ASE calculator, and in pymatgen's hands."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.fd import calculate_numerical_forces, calculate_numerical_stress
from pymatgen.core import Lattice, Structure

from facet import FacetCalculator, RelaxSettings, load, relax
from facet.errors import InvalidStructure, UnsupportedElement


@pytest.fixture(scope="module")
def potential():
    import torch

    return load("facet-s", dtype=torch.float64)


def test_forces_and_stress_agree_with_finite_differences_of_ase(potential):
    atoms = bulk("NaCl", "rocksalt", a=5.5)
    atoms.rattle(0.05, seed=1)
    atoms.calc = FacetCalculator(potential)
    assert np.allclose(atoms.get_forces(), calculate_numerical_forces(atoms, eps=1e-4), atol=1e-5)
    stress = calculate_numerical_stress(atoms, eps=1e-5, voigt=True)
    assert np.allclose(atoms.get_stress(), stress, atol=1e-5)


def test_a_calculator_may_be_made_from_a_name():
    atoms = bulk("MgO", "rocksalt", a=4.25)
    atoms.calc = FacetCalculator("facet-s")
    assert -8 < atoms.get_potential_energy() / len(atoms) < -4


def test_pymatgen_relaxes_with_it_to_where_our_engine_does(potential):
    structure = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(5.4), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    ).get_primitive_structure()
    theirs = structure.relax(calculator=FacetCalculator(potential), fmax=0.01, verbose=False)
    (ours,) = relax([structure], potential, RelaxSettings(fmax=0.01, smax=0.02))
    assert theirs.volume == pytest.approx(ours.structure.volume, rel=5e-3)


def test_an_unknown_element_is_named():
    atoms = Atoms("Po", positions=[[0, 0, 0]], cell=[3.3] * 3, pbc=True)
    atoms.calc = FacetCalculator("facet-s")
    with pytest.raises(UnsupportedElement, match="Po"):
        atoms.get_potential_energy()


def test_atoms_without_a_cell_are_refused():
    atoms = Atoms("NaCl", positions=[[0, 0, 0], [2.5, 0, 0]])
    atoms.calc = FacetCalculator("facet-s")
    with pytest.raises(InvalidStructure):
        atoms.get_potential_energy()
