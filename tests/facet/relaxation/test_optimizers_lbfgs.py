"""L-BFGS solves bowls in few steps, and goes back where a step went uphill."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from optimizer_samples import LIMITS, Walk
from relax_samples import COPPER, crystal, lennard_jones

from facet.graph.neighbors import Crystal
from facet.relaxation.cell import Push, move
from facet.relaxation.optimizers import springs
from facet.relaxation.optimizers.fire import Fire
from facet.relaxation.optimizers.lbfgs import Lbfgs, Uniform
from facet.relaxation.optimizers.packs import matrices_of, six_of
from facet.relaxation.optimizers.registry import optimizer_named
from facet.relaxation.relaxer import relax
from facet.relaxation.settings import RelaxSettings

NEWTON = ("lbfgs", "lbfgs-springs")


class Bowl:
    """A quadratic energy of two atoms and their cell, with stiffnesses of 1 to 100 eV/A^2."""

    def __init__(self):
        generator = torch.Generator().manual_seed(0)
        options = {"generator": generator, "dtype": torch.float64}
        basis, _ = torch.linalg.qr(torch.randn((12, 12), **options))
        self.stiffness = basis * torch.logspace(0, 2, 12, dtype=torch.float64) @ basis.T
        self.bottom = 0.05 * torch.randn(12, **options)
        start = Crystal(np.full(2, COPPER), np.array([[0.0, 0, 0], [2, 2, 2]]), 4 * np.eye(3))
        self.here = Walk([start], lennard_jones(), RelaxSettings()).look()
        self.origin = self.here.coordinates.undeformed

    def look(self, coordinates):
        moved = (coordinates.undeformed - self.origin).flatten()
        away = torch.cat([moved, six_of(2 * coordinates.log_deformation)[0]]) - self.bottom
        slope = self.stiffness @ away
        push = Push(-slope[:6].view(2, 3), matrices_of(-slope[None, 6:]))
        energy = 0.5 * (away @ slope)[None]
        return replace(self.here, push=push, enthalpy=energy, coordinates=coordinates)


def depth_after(optimizer, num_steps):
    bowl = Bowl()
    coordinates, memory = bowl.here.coordinates, optimizer.start(2, torch.device("cpu"))
    for _ in range(num_steps):
        here = bowl.look(coordinates)
        memory, step = optimizer.step(memory, here, LIMITS)
        coordinates = move(coordinates, step, here.num_atoms)
    return bowl.look(coordinates).enthalpy.item(), bowl.look(bowl.here.coordinates).enthalpy.item()


def test_a_bowl_is_solved_in_few_steps():
    depth, first = depth_after(Lbfgs(Uniform()), 30)
    assert depth < 1e-9 * first
    depth, _ = depth_after(Fire(), 30)
    assert depth > 1e-9 * first


@pytest.mark.parametrize("optimizer", NEWTON)
def test_a_step_uphill_is_taken_back(optimizer):
    walk = Walk([crystal(1)], lennard_jones(), RelaxSettings(optimizer=optimizer))
    walk.step()
    best = walk.look()
    pretended = replace(best, enthalpy=best.enthalpy + 10.0, push=scaled(best.push, -2.0))
    chosen = optimizer_named(optimizer)
    memory, _ = chosen.step(walk.state.memory, best, LIMITS)
    after, back = chosen.step(memory, moved(pretended, 0.1), LIMITS)
    torch.testing.assert_close(after.best_place, best.coordinates.undeformed)
    assert after.reach < memory.reach.clamp_max(memory.length)
    way = best.coordinates.undeformed + 0.1 + back.atoms - best.coordinates.undeformed
    assert torch.linalg.vector_norm(way, dim=1).max() <= LIMITS.max_step * after.reach * (1 + 1e-9)


def scaled(push, factor):
    return Push(factor * push.atoms, factor * push.cells)


def moved(here, distance):
    at = here.coordinates
    return replace(here, coordinates=replace(at, undeformed=at.undeformed + distance))


@pytest.mark.parametrize("optimizer", NEWTON)
def test_the_noise_of_single_precision_is_no_step_uphill(optimizer):
    walk = Walk([crystal(1)], lennard_jones(), RelaxSettings(optimizer=optimizer))
    walk.step()
    here = walk.look()
    chosen = optimizer_named(optimizer)
    memory, step = chosen.step(walk.state.memory, here, LIMITS)
    arrived = replace(here, coordinates=move(here.coordinates, step, here.num_atoms))
    noisy = replace(arrived, enthalpy=here.enthalpy + 5e-5 * here.num_atoms)
    after, _ = chosen.step(memory, noisy, LIMITS)
    torch.testing.assert_close(after.best_place, arrived.coordinates.undeformed)


@pytest.mark.parametrize("optimizer", NEWTON)
def test_the_expected_drop_is_what_is_left_near_the_minimum(optimizer):
    walk = Walk([crystal(1), crystal(2)], lennard_jones(), RelaxSettings(optimizer=optimizer))
    energies, expected = [], []
    for _ in range(80):
        energies.append(walk.look().enthalpy)
        walk.step()
        expected.append(walk.state.memory.expected_drop)
    left = torch.stack(energies) - energies[-1]
    near = (left > 1e-4) & (left < 3e-2)
    assert near.any(dim=0).all()
    ratio = torch.stack(expected)[near] / left[near]
    assert 0.3 < ratio.median() < 3


def evaluations(optimizer):
    starts = [crystal(seed, repeats=1 + seed % 2) for seed in range(12)]
    settings = RelaxSettings(optimizer=optimizer)
    return sum(each.num_evaluations for each in relax(starts, lennard_jones(), settings))


def test_springs_save_evaluations_over_lbfgs_and_both_over_fire():
    counts = {name: evaluations(name) for name in ("fire", *NEWTON)}
    assert counts["lbfgs-springs"] < counts["lbfgs"] < 0.6 * counts["fire"]


def test_a_negative_curvature_does_not_turn_steps_uphill():
    walk = Walk([crystal(1)], lennard_jones(), RelaxSettings(optimizer="lbfgs"))
    here = walk.look()
    chosen = optimizer_named("lbfgs")
    memory, step = chosen.step(walk.state.memory, here, LIMITS)
    steeper = scaled(here.push, 1.5)  # as on a ridge: the farther, the steeper
    at = move(here.coordinates, step, here.num_atoms)
    ridge = replace(here, coordinates=at, push=steeper, enthalpy=here.enthalpy - 1.0)
    after, way = chosen.step(memory, ridge, LIMITS)
    assert (way.atoms * steeper.atoms).sum() + (way.cells * steeper.cells).sum() > 0
    assert after.expected_drop > 0


def test_a_crystal_too_large_for_the_whole_matrix_relaxes_beside_small_ones(monkeypatch):
    monkeypatch.setattr(springs, "MAX_DENSE_ATOMS", 12)
    starts = [crystal(1), crystal(2, repeats=4), crystal(3, repeats=3)]
    settings = RelaxSettings(optimizer="lbfgs-springs")
    for result in relax(starts, lennard_jones(), settings):
        assert str(result.stop_reason) == "converged"
        assert result.num_evaluations < 60
