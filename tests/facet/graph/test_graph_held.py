"""What a structure holds fast is read from it, written back, and never dropped in silence."""

import ase.constraints as ase_constraints
import numpy as np
import pytest
from ase.build import bulk
from pymatgen.core import Lattice, Structure

from facet.errors import InvalidStructure
from facet.golden import GoldenBatch
from facet.graph.convert import atoms_from, crystal_from, structure_from

HEX = Lattice.hexagonal(3.0, 5.0)
PARTLY = np.array([[True, True, True], [True, False, True], [False] * 3, [True, False, True]])


def structure(may_move=None):
    sites = [[0, 0, 0], [0.3, 0.3, 0.2], [0.5, 0, 0.5], [0, 0.5, 0.8]]
    properties = None if may_move is None else {"selective_dynamics": may_move}
    return Structure(HEX, ["Na"] * 4, sites, site_properties=properties)


def slab(*constraints):
    atoms = bulk("Cu", "fcc", a=3.6).repeat((2, 2, 1))
    atoms.set_constraint(list(constraints))
    return atoms


def test_selective_dynamics_survives_the_round_trip_through_pymatgen():
    read = crystal_from(structure(~PARTLY))
    np.testing.assert_array_equal(read.is_held, PARTLY)
    again = crystal_from(crystal_from(structure_from(read)))
    np.testing.assert_array_equal(again.is_held, PARTLY)


def test_it_survives_the_round_trip_through_ase():
    read = crystal_from(atoms_from(crystal_from(structure(~PARTLY))))
    np.testing.assert_array_equal(read.is_held, PARTLY)


def test_a_structure_in_which_everything_may_move_holds_nothing():
    assert crystal_from(structure()).is_held is None
    assert crystal_from(structure(~np.zeros((4, 3), dtype=bool))).is_held is None
    assert "selective_dynamics" not in structure_from(crystal_from(structure())).site_properties
    assert not atoms_from(crystal_from(structure())).constraints


def test_sites_that_say_nothing_may_move():
    source = structure()
    source[1].properties["selective_dynamics"] = [False, True, True]
    np.testing.assert_array_equal(crystal_from(source).is_held.nonzero(), [[1], [0]])


def test_several_constraints_of_ase_add_up():
    fix = ase_constraints
    along = fix.FixScaled([1, 3], (True, False, False)), fix.FixScaled([1], (False, False, True))
    atoms = slab(fix.FixAtoms([0, -1]), *along)
    expected = np.zeros((4, 3), dtype=bool)
    expected[[0, 3]] = True
    expected[1] = [True, False, True]
    np.testing.assert_array_equal(crystal_from(atoms).is_held, expected)


def test_cartesian_directions_are_held_where_they_are_those_of_the_lattice():
    source = atoms_from(crystal_from(structure()))
    source.set_constraint(ase_constraints.FixCartesian([2], (False, False, True)))
    np.testing.assert_array_equal(crystal_from(source).is_held[2], [False, False, True])
    source.set_constraint(ase_constraints.FixCartesian([2], (True, True, False)))
    np.testing.assert_array_equal(crystal_from(source).is_held[2], [True, True, False])


@pytest.mark.parametrize(
    ("constraint", "words"),
    [
        (ase_constraints.FixBondLengths([(0, 1)]), "FixBondLengths has no counterpart"),
        (ase_constraints.FixedPlane([0], (1, 0, 0)), "FixedPlane has no counterpart"),
        (ase_constraints.FixCartesian([0], (True, False, False)), "FixCartesian holds a dir"),
    ],
)
def test_a_constraint_that_cannot_be_kept_is_refused(constraint, words):
    with pytest.raises(InvalidStructure, match=rf"^mp-7: .*{words}.*\.$"):
        crystal_from(slab(constraint), "mp-7")


@pytest.mark.parametrize("marks", [np.ones((4, 3)), np.ones(4, dtype=bool)])
def test_marks_that_make_no_sense_are_refused(marks):
    crystal = crystal_from(structure())._replace(is_held=marks)
    with pytest.raises(InvalidStructure, match=r"^mp-7: what is held .*\.$"):
        crystal_from(crystal, "mp-7")


def test_selective_dynamics_that_makes_no_sense_is_refused():
    with pytest.raises(InvalidStructure, match=r"^mp-7: selective_dynamics must be .*\.$"):
        crystal_from(structure([[1, 2]] * 4), "mp-7")


def test_a_golden_batch_keeps_the_crystals_without_what_they_hold():
    crystal = crystal_from(structure(~PARTLY))
    (again,) = GoldenBatch.from_text(GoldenBatch((crystal,)).to_text()).crystals
    np.testing.assert_array_equal(again.positions, crystal.positions)
    assert again.is_held is None
