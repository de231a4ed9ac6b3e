"""Symmetry is found, made exact, and kept."""

import sys

import numpy as np
import pytest
import spglib
import torch
from relax_samples import crystal, pair_apart
from symmetric_samples import SYMMETRIC, random_push, symmetric, walked

from facet.errors import ConfigError
from facet.graph.neighbors import Crystal, build_batch
from facet.relaxation import symmetry as module
from facet.relaxation.cell import Geometry
from facet.relaxation.constraints import (
    constrained,
    constraints_of,
    free_forces,
    free_stress,
)
from facet.relaxation.primitive import reduced, space_group
from facet.relaxation.symmetry import symmetry_of
from facet.testing import LennardJones

NAMES = list(SYMMETRIC)


def symmetry_and_constraints(name, noise=0.0):
    symmetry = symmetry_of(symmetric(name, noise))
    return symmetry, constraints_of(symmetry.crystal, symmetry)


@pytest.mark.parametrize("name", NAMES)
def test_a_crystal_is_made_exactly_as_symmetric_as_it_nearly_is(name):
    number = SYMMETRIC[name][1]
    noisy = symmetric(name, noise=0.001)
    assert space_group(noisy, 1e-5) == 1
    found = symmetry_of(noisy)
    exact = found.crystal
    assert space_group(exact, 1e-6) == number == found.number
    assert np.abs(exact.positions - noisy.positions).max() < 0.01
    assert np.abs(exact.cell - noisy.cell).max() < 0.01
    assert exact.species.tolist() == noisy.species.tolist()


@pytest.mark.parametrize("name", NAMES)
def test_random_symmetric_steps_leave_the_space_group_as_it_was(name):
    symmetry, constraints = symmetry_and_constraints(name, noise=0.001)
    end = walked(symmetry.crystal, constraints)
    assert np.abs(end.cell - symmetry.crystal.cell).max() > 0.01
    assert space_group(end, 1e-5) == SYMMETRIC[name][1]


@pytest.mark.parametrize(
    ("name", "atoms", "cells"),
    [("trigonal", 4, 2), ("hexagonal", 2, 2), ("monoclinic", 9, 5), ("centered supercell", 1, 1)],
)
def test_what_symmetry_leaves_free_is_what_the_tables_say(name, atoms, cells):
    """Wurtzite may also slide along its axis, and a monoclinic cell turn about its own."""
    _, constraints = symmetry_and_constraints(name)
    squares = constraints.freedom.square().sum()
    assert squares.item() == pytest.approx(atoms)
    assert constraints.cell_freedom.diagonal(dim1=1, dim2=2).sum().item() == pytest.approx(cells)


@pytest.mark.parametrize("name", NAMES)
def test_symmetric_forces_and_stress_stay_what_they_are(name):
    symmetry, constraints = symmetry_and_constraints(name)
    sound = walked(symmetry.crystal, constraints, num_steps=2)
    batch = build_batch([sound], 6.0)
    said = LennardJones()(batch)
    unit = torch.eye(3, dtype=torch.float64)[None]
    geometry = Geometry(batch.positions, batch.cells, unit)
    forces = free_forces(said.forces, geometry, constraints, batch.structure_index)
    size = said.forces.abs().max().item()
    torch.testing.assert_close(forces, said.forces, rtol=0, atol=1e-9 * (1 + size))
    torch.testing.assert_close(free_stress(said.stress, constraints, "free"), said.stress)


def test_forces_stay_symmetric_in_a_deformed_cell():
    symmetry, constraints = symmetry_and_constraints("trigonal")
    stretch = constraints.cell_freedom @ random_push([9]).cells.reshape(1, 9, 1)
    deformation = torch.linalg.matrix_exp(0.1 * stretch.reshape(1, 3, 3))
    cells = torch.as_tensor(symmetry.crystal.cell) @ deformation.mT
    positions = torch.as_tensor(symmetry.crystal.positions) @ deformation[0].T
    index = torch.zeros(9, dtype=torch.int64)
    now = Crystal(symmetry.crystal.species, positions.numpy(), cells[0].numpy())
    said = LennardJones()(build_batch([now], 6.0))
    geometry = Geometry(positions, cells, deformation)
    forces = free_forces(said.forces, geometry, constraints, index)
    assert said.forces.abs().max() > 0.01
    torch.testing.assert_close(forces, said.forces)


@pytest.mark.parametrize("name", NAMES)
def test_a_random_force_becomes_symmetric(name):
    symmetry, constraints = symmetry_and_constraints(name)
    start = symmetry.crystal
    push = random_push([len(start.species)])
    force = constrained(push, constraints, "free")
    moved = start._replace(positions=start.positions + 0.02 * force.atoms.numpy())
    assert space_group(moved, 1e-6) == SYMMETRIC[name][1]
    asymmetric = start._replace(positions=start.positions + 0.02 * push.atoms.numpy())
    assert space_group(asymmetric, 1e-6) != SYMMETRIC[name][1]
    again = constrained(force, constraints, "free")
    torch.testing.assert_close(again.atoms, force.atoms)
    torch.testing.assert_close(again.cells, force.cells)


def test_a_crystal_without_symmetry_stays_as_it_is():
    assert symmetry_of(crystal()) is None


@pytest.mark.parametrize("is_old", [True, False])
def test_a_crystal_of_which_no_symmetry_can_be_told_has_none(monkeypatch, is_old):
    monkeypatch.setattr(spglib.error, "OLD_ERROR_HANDLING", is_old)
    overlapping = pair_apart(1e-4)
    assert space_group(overlapping) is None
    assert symmetry_of(overlapping) is None


@pytest.mark.parametrize("symprec", [0.03, 0.1, 0.3])
def test_a_coarse_tolerance_gives_an_exact_symmetry_or_none(symprec):
    for name in NAMES:
        symmetry = symmetry_of(symmetric(name, noise=symprec / 3), symprec)
        if symmetry is not None:
            assert space_group(symmetry.crystal, 1e-5) == symmetry.number


def test_operations_that_do_not_hold_are_no_symmetry(monkeypatch):
    start = symmetric("trigonal")
    primitive, group = reduced(start, 0.01)
    translations = group.translations.copy()
    translations[1] += 1e-4
    wrong = primitive, group._replace(translations=translations)
    monkeypatch.setattr(module, "reduced", lambda *_: wrong)
    assert symmetry_of(start) is None


def fractions(of):
    return np.linalg.solve(of.cell.T, of.positions.T).T


def assert_kept(start, symmetry):
    end = walked(start, constraints_of(start, symmetry))
    assert np.abs(end.positions - start.positions).max() > 0.05
    assert space_group(end, 1e-5) == symmetry.number
    mask = start.is_held
    np.testing.assert_allclose(fractions(end)[mask], fractions(start)[mask], atol=1e-12)


@pytest.mark.parametrize("directions", [[0, 1, 2], [1], [0, 2]])
def test_what_is_held_of_one_atom_is_held_of_its_orbit(directions):
    symmetry = symmetry_of(symmetric("trigonal"))
    oxygen = (symmetry.crystal.species == 8).nonzero()[0]
    is_held = np.zeros((9, 3), dtype=bool)
    is_held[oxygen[2], directions] = True
    start = symmetry.crystal._replace(is_held=is_held)
    assert_kept(start, symmetry)
    push = constrained(random_push([9]), constraints_of(start, symmetry), "fixed")
    assert (push.atoms[oxygen].abs().amax() < 1e-12) == (len(directions) == 3)
    assert torch.linalg.matrix_rank(push.atoms[oxygen]) == 3 * (len(directions) < 3)


def test_atoms_of_an_orbit_that_are_held_differently_hold_each_other():
    cell = np.array([[4.0, 0, 0], [3.2, 2.3, 0], [0.3, 0.4, 5.0]])
    sites = np.array([[0.1, 0.2, 0.3], [-0.1, -0.2, -0.3], [0, 0, 0]])
    is_held = np.array([[True, False, False], [False, True, False], [False] * 3])
    symmetry = symmetry_of(Crystal(np.array([8, 8, 22]), sites @ cell, cell, is_held))
    assert symmetry.number == 2
    assert_kept(symmetry.crystal, symmetry)


def test_without_the_library_symmetry_is_refused_in_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "spglib", None)
    with pytest.raises(ConfigError, match=r"needs spglib, which is not installed; .*\.$"):
        symmetry_of(symmetric("cubic"))
