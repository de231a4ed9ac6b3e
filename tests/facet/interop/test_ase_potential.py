"""An ASE calculator behind our protocol says what it says to ASE."""

import numpy as np
import pytest
from ase.calculators.lj import LennardJones

from facet import relax
from facet.errors import CheckpointError, ConfigError
from facet.graph.convert import atoms_from
from facet.graph.neighbors import Crystal, build_batch
from facet.interop.ase_potential import AsePotential, fingerprint_of, load_ase

PLACE = "ase.calculators.lj:LennardJones"


def crystals():
    rng = np.random.default_rng(5)
    cell = np.array([[4.0, 0.3, 0], [0, 3.8, 0.2], [0.1, 0, 4.2]])
    pair = Crystal(np.array([18, 18]), rng.random((2, 3)) + np.array([[0, 0, 0], [2, 2, 2]]), cell)
    return [pair, Crystal(np.array([18]), np.zeros((1, 3)), 1.1 * cell)]


def test_each_crystal_of_a_batch_has_the_numbers_of_a_call_of_its_own():
    potential = load_ase(PLACE)
    said = potential(build_batch(crystals(), potential.cutoff))
    start = 0
    for index, crystal in enumerate(crystals()):
        atoms = atoms_from(crystal)
        atoms.calc = LennardJones()
        end = start + len(atoms)
        assert said.energy[index] == pytest.approx(atoms.get_potential_energy())
        assert said.forces[start:end].numpy() == pytest.approx(atoms.get_forces())
        assert said.stress[index].numpy() == pytest.approx(atoms.get_stress(voigt=False))
        start = end


def test_the_engine_relaxes_with_it():
    close = Crystal(np.array([18]), np.zeros((1, 3)), 1.3 * np.eye(3))
    (result,) = relax([close], AsePotential(LennardJones(), "0" * 64))
    assert result.stop_reason == "converged"
    assert result.energy < 0


def test_it_says_that_it_goes_one_by_one():
    assert load_ase(PLACE).is_one_by_one


@pytest.mark.parametrize("place", ["", "os", "os:", "os:path.join", "os; import sys:x"])
def test_what_is_no_import_path_is_refused(place):
    with pytest.raises(ConfigError, match="write MODULE:FACTORY"):
        fingerprint_of(place)


@pytest.mark.parametrize("place", ["not_there:Make", "ase.calculators.lj:NotThere"])
def test_what_cannot_be_imported_is_one_sentence(place):
    with pytest.raises(CheckpointError, match="cannot be imported"):
        load_ase(place)


def test_a_factory_that_wants_arguments_is_one_sentence():
    with pytest.raises(CheckpointError, match="must work without arguments"):
        load_ase("ase.calculators.mixing:SumCalculator")
