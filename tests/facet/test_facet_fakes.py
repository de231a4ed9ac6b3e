"""The fake potentials are potentials: consistent, size-consistent, smooth at the cutoff."""

import numpy as np
import pytest
import torch

from facet.graph.neighbors import Crystal, build_batch
from facet.potential import Potential
from facet.testing import HarmonicBonds, LennardJones, NanOn, RaisesOn, SmallMemory

FAKES = [LennardJones(), HarmonicBonds()]
START = Crystal(
    np.array([29, 29, 8]),
    np.array([[0.1, 0, 0], [1.9, 1.7, 0.2], [0.2, 1.8, 1.6]]),
    np.array([[3.4, 0.2, 0], [0, 3.5, 0.3], [0.1, 0, -3.6]]),
)


def energy(potential, crystal):
    return potential(build_batch([crystal], potential.cutoff)).energy.item()


@pytest.mark.parametrize("potential", FAKES)
def test_forces_and_stress_are_the_slopes_of_the_energy(potential):
    said = potential(build_batch([START], potential.cutoff))
    step = 1e-5
    for atom, axis in np.ndindex(3, 3):
        nudge = np.zeros((3, 3))
        nudge[atom, axis] = step
        rise = energy(potential, START._replace(positions=START.positions + nudge)) - energy(
            potential, START._replace(positions=START.positions - nudge)
        )
        assert said.forces[atom, axis].item() == pytest.approx(-rise / (2 * step), abs=1e-5)
    volume = abs(np.linalg.det(START.cell))
    for row, column in np.ndindex(3, 3):
        rise = 0.0
        for sign in (1, -1):
            strain = np.eye(3)
            strain[row, column] += sign * step
            strained = Crystal(START.species, START.positions @ strain, START.cell @ strain)
            rise += sign * energy(potential, strained)
        slope = rise / (2 * step * volume)
        assert said.stress[0, row, column].item() == pytest.approx(slope, abs=1e-5)


@pytest.mark.parametrize("potential", FAKES)
def test_edges_beyond_the_cutoff_count_nothing(potential):
    more = potential(build_batch([START], potential.cutoff + 1))
    assert more.energy.item() == pytest.approx(energy(potential, START), abs=1e-12)


@pytest.mark.parametrize("potential", FAKES)
def test_wrappers_and_fakes_keep_the_protocol(potential):
    for each in (potential, RaisesOn(potential), NanOn(potential), SmallMemory(potential)):
        assert isinstance(each, Potential)
        assert each.fingerprint == potential.fingerprint
        assert each.cutoff == potential.cutoff
        assert each.energy_scheme == potential.energy_scheme


def test_fakes_with_other_parameters_have_other_fingerprints():
    assert LennardJones().fingerprint != LennardJones(epsilon=0.2).fingerprint


def test_a_crystal_of_isolated_atoms_has_no_energy():
    alone = Crystal(np.array([29]), np.zeros((1, 3)), 50 * np.eye(3))
    said = LennardJones()(build_batch([alone], 6.0))
    assert said.energy.item() == 0
    assert torch.count_nonzero(said.forces) == 0
