"""Promises that every optimizer keeps."""

import numpy as np
import pytest
import torch
from optimizer_samples import Walk
from relax_samples import COPPER, crystal, lennard_jones

from facet.graph.neighbors import Crystal
from facet.relaxation.relaxer import relax
from facet.relaxation.rows import sum_per_crystal
from facet.relaxation.settings import OPTIMIZERS, RelaxSettings

pytestmark = pytest.mark.parametrize("optimizer", OPTIMIZERS)
NUM_STEPS = 8
ROUNDING = 1e-7
"""Angstrom; L-BFGS divides differences of energies, last digits and all, by squares of steps."""

STARTS = [crystal(1), crystal(2, repeats=2), crystal(3), crystal(4, repeats=4)]


def tight(optimizer, **changes):
    return RelaxSettings(optimizer=optimizer, fmax=1e-3, smax=1e-2, **changes)


def test_rattled_and_strained_crystals_all_converge(optimizer):
    starts = {str(seed): crystal(seed, repeats=1 + seed % 3) for seed in range(40)}
    results = list(relax(starts.items(), lennard_jones(), tight(optimizer)))
    assert sorted(each.name for each in results) == sorted(starts)
    assert {str(each.stop_reason) for each in results} == {"converged"}


def test_the_minimum_is_that_of_fire(optimizer):
    starts = {str(seed): crystal(seed) for seed in range(4)}
    found = {each.name: each for each in relax(starts.items(), lennard_jones(), tight(optimizer))}
    for reference in relax(starts.items(), lennard_jones(), tight("fire")):
        energy = found[reference.name].energy
        assert energy == pytest.approx(reference.energy, abs=1e-4)


def test_a_batch_walks_as_its_crystals_do_alone(optimizer):
    settings = RelaxSettings(optimizer=optimizer)
    together = Walk(STARTS, lennard_jones(), settings)
    alone = [Walk([each], lennard_jones(), settings) for each in STARTS]
    for _ in range(NUM_STEPS):
        atoms, cells = together.step()
        single = [each.step() for each in alone]
        torch.testing.assert_close(
            atoms, torch.cat([each[0] for each in single]), rtol=0, atol=ROUNDING
        )
        torch.testing.assert_close(
            cells, torch.cat([each[1] for each in single]), rtol=0, atol=ROUNDING
        )


def test_who_enters_late_changes_nothing_for_the_others(optimizer):
    settings = RelaxSettings(optimizer=optimizer)
    visited, quiet = (Walk(STARTS[:2], lennard_jones(), settings) for _ in range(2))
    late = Walk(STARTS[3:], lennard_jones(), settings)
    for step in range(NUM_STEPS):
        if step == 5:
            visited.enter(STARTS[3])
        atoms, cells = visited.step()
        expected_atoms, expected_cells = quiet.step()
        if step >= 5:
            more_atoms, more_cells = late.step()
            expected_atoms = torch.cat([expected_atoms, more_atoms])
            expected_cells = torch.cat([expected_cells, more_cells])
        torch.testing.assert_close(atoms, expected_atoms, rtol=0, atol=ROUNDING)
        torch.testing.assert_close(cells, expected_cells, rtol=0, atol=ROUNDING)


def test_no_step_is_longer_than_allowed(optimizer):
    settings = RelaxSettings(optimizer=optimizer, max_step=0.02, max_strain=0.004)
    walk = Walk(STARTS, lennard_jones(), settings)
    for _ in range(NUM_STEPS):
        before = walk.state.coordinates
        atoms, cells = walk.step()
        ways = torch.linalg.vector_norm(atoms - before.undeformed, dim=1)
        # One that went uphill is taken back, and the next one starts where it had started.
        assert ways.max() <= 2 * settings.max_step
        if optimizer != "fire":
            assert (cells - before.log_deformation).abs().max() <= 2 * settings.max_strain


@pytest.mark.parametrize("cell", ["fixed", "fixed-volume", "fixed-shape"])
def test_what_is_held_of_the_cell_stays(optimizer, cell):
    settings = RelaxSettings(optimizer=optimizer, cell=cell)
    walk = Walk(STARTS, lennard_jones(), settings)
    for _ in range(NUM_STEPS):
        _, cells = walk.step()
    if cell == "fixed":
        assert not cells.any()
    elif cell == "fixed-volume":
        assert cells.diagonal(dim1=1, dim2=2).sum(dim=1).abs().max() < 1e-12
    else:
        mean = cells.diagonal(dim1=1, dim2=2).mean(dim=1)
        assert (cells - mean[:, None, None] * torch.eye(3)).abs().max() < 1e-12
    results = list(relax(STARTS, lennard_jones(), tight(optimizer, cell=cell)))
    assert {str(each.stop_reason) for each in results} == {"converged"}


def test_a_crystal_without_forces_stays_where_it_is(optimizer):
    far = Crystal(np.full(2, COPPER), np.array([[0.0, 0, 0], [6, 6, 6]]), 12 * np.eye(3))
    walk = Walk([far], lennard_jones(), RelaxSettings(optimizer=optimizer))
    for _ in range(4):
        atoms, cells = walk.step()
    torch.testing.assert_close(atoms, torch.tensor(far.positions), rtol=0, atol=1e-12)
    assert cells.abs().max() < 1e-12


def test_a_symmetric_crystal_stays_symmetric(optimizer):
    cubic = 3.3 * np.array([[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    walk = Walk(
        [Crystal(np.array([COPPER]), np.zeros((1, 3)), cubic)],
        lennard_jones(),
        RelaxSettings(optimizer=optimizer),
    )
    for _ in range(NUM_STEPS):
        _, cells = walk.step()
    mean = cells.diagonal(dim1=1, dim2=2).mean(dim=1)
    assert mean.abs() > 0.01
    assert (cells - mean[:, None, None] * torch.eye(3)).abs().max() < 1e-12


def test_the_center_of_mass_rests(optimizer):
    walk = Walk(STARTS, lennard_jones(), RelaxSettings(optimizer=optimizer))
    index = walk.state.structure_index
    first = sum_per_crystal(walk.state.coordinates.undeformed[:, 0], index, len(STARTS))
    for _ in range(NUM_STEPS):
        atoms, _ = walk.step()
    last = sum_per_crystal(atoms[:, 0], index, len(STARTS))
    torch.testing.assert_close(last, first, rtol=0, atol=1e-8)
