"""What must not move does not, in a batch as alone."""

import numpy as np
import pytest
import torch
from relax_samples import crystal, lennard_jones
from symmetric_samples import random_push, symmetric, walked

from facet.graph.neighbors import build_batch
from facet.relaxation.cell import (
    Coordinates,
    Geometry,
    Push,
    deform,
    move,
    push_on_cells,
    push_on_positions,
    turn_rows,
)
from facet.relaxation.constraints import (
    CELL_MODES,
    constrained,
    constraints_of,
    free_forces,
    free_stress,
    held_projectors,
)
from facet.relaxation.rows import join_rows, keep_rows
from facet.relaxation.settings import CELLS
from facet.relaxation.symmetry import symmetry_of
from facet.testing import ALL_SPECIES


def held(seed=0, repeats=1):
    """A crystal whose first atom is held, and whose second may move in one direction only."""
    start = crystal(seed, repeats)
    is_held = np.zeros(start.positions.shape, dtype=bool)
    is_held[0] = True
    is_held[1] = [True, False, True]
    is_held[2] = [False, False, True]
    return start._replace(is_held=is_held)


def fractions(of):
    return np.linalg.solve(of.cell.T, of.positions.T).T


def parts():
    """Crystals with and without constraints, and what constrains them."""
    symmetry = symmetry_of(symmetric("trigonal", 0.001))
    crystals = [crystal(1), held(2), symmetry.crystal, crystal(3, repeats=2), held(4)]
    return crystals, [
        constraints_of(each, symmetry if each is symmetry.crystal else None) for each in crystals
    ]


def test_the_settings_and_the_engine_know_the_same_modes():
    assert tuple(CELL_MODES) == CELLS


@pytest.mark.parametrize("mode", CELL_MODES)
def test_projecting_twice_is_projecting_once(mode):
    crystals, each = parts()
    constraints = join_rows(each)
    once = constrained(random_push([len(c.species) for c in crystals]), constraints, mode)
    twice = constrained(once, constraints, mode)
    torch.testing.assert_close(twice.atoms, once.atoms)
    torch.testing.assert_close(twice.cells, once.cells)


def test_fixed_volume_keeps_the_determinant():
    start = crystal()
    end = walked(start, constraints_of(start), "fixed-volume")
    assert np.abs(end.cell - start.cell).max() > 0.05
    ratio = np.linalg.det(end.cell) / np.linalg.det(start.cell)
    assert ratio == pytest.approx(1, abs=1e-12)


def test_fixed_shape_keeps_angles_and_ratios():
    start = crystal()
    end = walked(start, constraints_of(start), "fixed-shape")
    scale = (np.linalg.det(end.cell) / np.linalg.det(start.cell)) ** (1 / 3)
    assert abs(scale - 1) > 0.001
    np.testing.assert_allclose(end.cell, scale * start.cell, rtol=1e-12)


def test_a_fixed_cell_stays_where_it_is_while_its_atoms_move():
    start = crystal()
    end = walked(start, constraints_of(start), "fixed")
    np.testing.assert_array_equal(end.cell, start.cell)
    assert np.abs(end.positions - start.positions).max() > 0.05


def test_held_coordinates_stay_where_they_are_in_a_cell_that_moves():
    start = held(repeats=2)
    end = walked(start, constraints_of(start))
    before, after = fractions(start), fractions(end)
    assert np.abs(end.cell - start.cell).max() > 0.05
    np.testing.assert_allclose(after[start.is_held], before[start.is_held], atol=1e-12)
    assert np.abs(after - before)[~start.is_held].min() > 1e-4


def test_in_a_batch_each_crystal_is_held_as_alone():
    crystals, each = parts()
    sizes = [len(one.species) for one in crystals]
    push = random_push(sizes)
    joined = constrained(push, join_rows(each), "free")
    for i, atoms in enumerate(torch.split(torch.arange(sum(sizes)), sizes)):
        alone = constrained(Push(push.atoms[atoms], push.cells[i : i + 1]), each[i], "free")
        assert torch.equal(joined.atoms[atoms], alone.atoms)
        assert torch.equal(joined.cells[i], alone.cells[0])


def test_a_crystal_with_broken_numbers_does_not_reach_the_others():
    crystals, each = parts()
    constraints = join_rows(each)
    sizes = torch.tensor([len(one.species) for one in crystals])
    owner = torch.repeat_interleave(sizes)
    push = random_push(sizes.tolist())
    deformation = torch.eye(3, dtype=torch.float64).repeat(5, 1, 1)
    geometry = Geometry(push.atoms, push.cells, deformation)
    sound = free_forces(push.atoms, geometry, constraints, owner)
    push.atoms[owner == 2], push.cells[2], deformation[2] = torch.nan, torch.nan, 0.0
    broken = free_forces(push.atoms, geometry, constraints, owner)
    assert torch.equal(broken[owner != 2], sound[owner != 2])
    assert constrained(push, constraints, "fixed-volume").cells[[0, 1, 3, 4]].isfinite().all()


def test_crystals_that_stay_keep_their_constraints_when_others_leave():
    crystals, each = parts()
    owner = torch.repeat_interleave(torch.tensor([len(one.species) for one in crystals]))
    stay = torch.tensor([1, 2, 4])
    atoms = torch.isin(owner, stay).nonzero().squeeze(1)
    kept = keep_rows(join_rows(each), stay, atoms)
    expected = join_rows([each[i] for i in stay.tolist()])
    for name, value in vars(expected).items():
        assert torch.equal(getattr(kept, name), value), name


def test_where_nothing_is_constrained_nothing_is_computed():
    start = crystal()
    push = random_push([4])
    same = constrained(push, constraints_of(start), "free")
    assert same.atoms is push.atoms
    assert same.cells is push.cells


def deformed(start):
    deformation = torch.linalg.matrix_exp(0.1 * random_push([4], seed=8).cells)
    cells = torch.as_tensor(start.cell) @ deformation.mT
    positions = torch.as_tensor(start.positions) @ deformation[0].T
    return Geometry(positions, cells, deformation)


def test_the_force_on_what_may_move_is_never_made_smaller():
    start = held()
    index = torch.zeros(4, dtype=torch.int64)
    geometry = deformed(start)
    forces = random_push([4]).atoms
    free = free_forces(forces, geometry, constraints_of(start), index)
    assert not free[0].any()
    torch.testing.assert_close(free[3], forces[3])
    now = start._replace(positions=geometry.positions.numpy(), cell=geometry.cells[0].numpy())
    along = torch.einsum("aij,aj->ai", torch.as_tensor(held_projectors(now)), forces)
    least = torch.linalg.vector_norm(along, dim=1)
    assert (torch.linalg.vector_norm(free, dim=1) >= least - 1e-12).all()
    assert (torch.linalg.vector_norm(free, dim=1) <= 2 * least + 1e-12).all()


def test_free_forces_vanish_with_the_forces_on_the_coordinates():
    """A force that does no work along any allowed way is no force on what may move."""
    start = held()
    constraints, geometry = constraints_of(start), deformed(start)
    index = torch.zeros(4, dtype=torch.int64)
    push = constrained(random_push([4]), constraints, "fixed").atoms
    blocked = random_push([4]).atoms - push
    forces = turn_rows(blocked, torch.linalg.inv(geometry.deformation), index)
    assert forces.abs().max() > 0.1
    assert free_forces(forces, geometry, constraints, index).abs().max() < 1e-12


def test_only_the_stress_that_the_cell_can_follow_counts():
    stress = random_push([4]).cells
    stress = stress + stress.mT
    free = {mode: free_stress(stress, constraints_of(crystal()), mode) for mode in CELL_MODES}
    torch.testing.assert_close(free["free"], stress)
    assert not free["fixed"].any()
    torch.testing.assert_close(free["fixed-volume"] + free["fixed-shape"], stress)
    assert free["fixed-volume"][0].trace().abs() < 1e-12
    mean = stress[0].trace() / 3
    torch.testing.assert_close(free["fixed-shape"][0], mean * torch.eye(3, dtype=torch.float64))


def at_rest(start, constraints, mode):
    """Walk downhill with what may move; return the last answer, geometry and coordinates."""
    potential, count = lennard_jones(species=ALL_SPECIES), len(start.species)
    index, first = torch.zeros(count, dtype=torch.int64), torch.as_tensor(start.cell)[None]
    coordinates = Coordinates(torch.as_tensor(start.positions), torch.zeros_like(first), first)
    velocity = Push(torch.zeros(count, 3), torch.zeros(1, 3, 3))
    for _ in range(300):
        geometry = deform(coordinates, index)
        now = start._replace(positions=geometry.positions.numpy(), cell=geometry.cells[0].numpy())
        said = potential(build_batch([now], potential.cutoff))
        pull = push_on_cells(said.stress, geometry, coordinates.log_deformation, 0.0) / count
        push = Push(push_on_positions(said.forces, geometry, index).atoms, pull)
        push = constrained(push, constraints, mode)
        velocity = Push(0.8 * velocity.atoms + push.atoms, 0.8 * velocity.cells + push.cells)
        step = Push(0.015 * velocity.atoms, 0.015 * velocity.cells)
        coordinates = move(coordinates, step, torch.tensor([count]))
    return said, geometry, coordinates


@pytest.mark.parametrize("mode", ["free", "fixed-volume", "fixed-shape"])
@pytest.mark.parametrize("is_symmetric", [True, False])
def test_a_walk_downhill_ends_where_nothing_free_pulls(is_symmetric, mode):
    symmetry = symmetry_of(symmetric("hexagonal")) if is_symmetric else None
    start = symmetry.crystal if is_symmetric else held()
    constraints = constraints_of(start, symmetry)
    said, geometry, coordinates = at_rest(start, constraints, mode)
    index = torch.zeros(len(start.species), dtype=torch.int64)
    assert coordinates.log_deformation.abs().max() > 0.01
    assert free_forces(said.forces, geometry, constraints, index).abs().max() < 1e-5
    assert free_stress(said.stress, constraints, mode).abs().max() < 1e-6
    is_pulled = (not is_symmetric) or mode != "free"
    assert (max(said.forces.abs().max(), said.stress.abs().max()) > 1e-4) == is_pulled
