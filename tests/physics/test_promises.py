"""What the physics promises, whatever the weights: tested on random ones in double precision."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import CONFIGS, awake_potential
from scipy.spatial.transform import Rotation

from facet.config import SphereMixing
from facet.errors import UnsupportedElement
from facet.graph.neighbors import Crystal, build_batch

EXACT = 1e-8


def evaluate(potential, crystals):
    return potential(build_batch(crystals, potential.cutoff, potential.dtype))


def energy(potential, crystal):
    return float(evaluate(potential, [crystal]).energy[0])


def assert_same(a, b, relative=EXACT):
    a, b = np.asarray(a), np.asarray(b)
    assert np.abs(a - b).max() <= relative * max(1.0, np.abs(a).max())


def moved(crystal, matrix):
    return Crystal(crystal.species, crystal.positions @ matrix.T, crystal.cell @ matrix.T)


def octahedral_rotations():
    for axes in itertools.permutations(range(3)):
        for signs in itertools.product((1, -1), repeat=3):
            matrix = np.zeros((3, 3))
            matrix[range(3), axes] = signs
            if np.linalg.det(matrix) > 0:
                yield matrix


def test_forces_and_stress_are_the_derivatives_of_the_energy(potential, crystals):
    step = 1e-4
    for crystal in crystals:
        prediction = evaluate(potential, [crystal])
        for atom, axis in itertools.product(range(len(crystal.species)), range(3)):
            shift = np.zeros_like(crystal.positions)
            shift[atom, axis] = step
            ahead = energy(potential, crystal._replace(positions=crystal.positions + shift))
            behind = energy(potential, crystal._replace(positions=crystal.positions - shift))
            slope = (ahead - behind) / (2 * step)
            assert abs(float(prediction.forces[atom, axis]) + slope) <= 1e-5
        volume = abs(np.linalg.det(crystal.cell))
        for row, column in itertools.product(range(3), range(3)):
            strain = np.zeros((3, 3))
            strain[row, column] += step / 2
            strain[column, row] += step / 2
            ahead = energy(potential, moved(crystal, np.eye(3) + strain))
            behind = energy(potential, moved(crystal, np.eye(3) - strain))
            slope = (ahead - behind) / (2 * step * volume)
            assert abs(float(prediction.stress[0, row, column]) - slope) <= 1e-5


def test_moving_all_atoms_changes_nothing(potential, crystals):
    for crystal in crystals:
        shifted = crystal._replace(positions=crystal.positions + np.array([1.7, -9.3, 0.4]))
        before, after = evaluate(potential, [crystal]), evaluate(potential, [shifted])
        assert_same(before.energy, after.energy)
        assert_same(before.forces, after.forces)


def test_the_order_of_atoms_does_not_matter(potential, crystals):
    for crystal in crystals:
        order = np.random.default_rng(0).permutation(len(crystal.species))
        shuffled = Crystal(crystal.species[order], crystal.positions[order], crystal.cell)
        before, after = evaluate(potential, [crystal]), evaluate(potential, [shuffled])
        assert_same(before.energy, after.energy)
        assert_same(before.forces[order], after.forces)


def test_a_mirror_image_has_the_same_energy(potential, crystals):
    for crystal in crystals:
        before, after = (
            evaluate(potential, [crystal]),
            evaluate(potential, [moved(crystal, -np.eye(3))]),
        )
        assert_same(before.energy, after.energy)
        assert_same(before.forces, -after.forces)
        assert_same(before.stress, after.stress)


def test_octahedral_rotations_are_exact(potential, crystals):
    for matrix in octahedral_rotations():
        turned = evaluate(potential, [moved(crystals[0], matrix)])
        before = evaluate(potential, [crystals[0]])
        turn = torch.tensor(matrix)
        assert_same(before.energy, turned.energy)
        assert_same(before.forces @ turn.T, turned.forces)
        assert_same(turn @ before.stress @ turn.T, turned.stress)


@pytest.mark.parametrize(
    "config",
    # The published shape feeds the grid amplitudes of any size, and needs more points for them.
    [
        CONFIGS["facet-s"],
        replace(CONFIGS["paper-o3"], mixing=SphereMixing(points=590, amplitude=0.0)),
    ],
    ids=["facet-s", "paper-o3-590"],
)
def test_any_rotation_moves_the_energy_by_less_than_a_tenth_of_a_mev_per_atom(config, crystals):
    potential = awake_potential(config)
    for matrix in Rotation.random(10, rng=np.random.default_rng(5)).as_matrix():
        for crystal in crystals:
            difference = energy(potential, crystal) - energy(potential, moved(crystal, matrix))
            assert abs(difference) / len(crystal.species) <= 1e-4


def test_a_doubled_cell_has_twice_the_energy(potential, crystals):
    for crystal in crystals:
        doubled = Crystal(
            np.tile(crystal.species, 2),
            np.concatenate([crystal.positions, crystal.positions + crystal.cell[0]]),
            crystal.cell * np.array([[2], [1], [1]]),
        )
        single, double = evaluate(potential, [crystal]), evaluate(potential, [doubled])
        assert_same(2 * single.energy, double.energy)
        assert_same(single.stress, double.stress)
        assert_same(single.forces, double.forces[: len(crystal.species)])


def test_a_crystal_has_the_same_energy_in_any_company(potential, crystals):
    alone = [evaluate(potential, [crystal]) for crystal in crystals]
    for order in itertools.permutations(range(len(crystals))):
        together = evaluate(potential, [crystals[i] for i in order])
        assert_same([float(alone[i].energy[0]) for i in order], together.energy)
        assert_same(torch.cat([alone[i].forces for i in order]), together.forces)
        assert_same(torch.cat([alone[i].stress for i in order]), together.stress)


def test_single_precision_agrees_with_double_to_its_rounding(crystals):
    for config in CONFIGS.values():
        fine, coarse = awake_potential(config), awake_potential(config, torch.float32)
        exact, rounded = evaluate(fine, crystals), evaluate(coarse, crystals)
        assert_same(exact.energy, rounded.energy, 1e-5)
        assert_same(exact.forces, rounded.forces, 1e-5)
        assert_same(exact.stress, rounded.stress, 1e-5)


def test_a_lone_atom_has_its_own_energy_and_no_force(potential):
    isolated = potential.isolated_energies()
    for number in (1, 8, 92):
        crystal = Crystal(np.array([number]), np.zeros((1, 3)), 30 * np.eye(3))
        prediction = evaluate(potential, [crystal])
        assert float(prediction.energy[0]) == pytest.approx(isolated[number], abs=1e-10)
        assert prediction.forces.abs().max() == 0
        assert prediction.stress.abs().max() == 0


def test_energy_force_and_curvature_are_continuous_where_a_neighbor_leaves(potential):
    def on_axis(length):
        positions = np.array([[0.0, 0.0, 0.0], [length, 0.0, 0.0]])
        return evaluate(potential, [Crystal(np.array([14, 8]), positions, 40 * np.eye(3))])

    radius, step = potential.cutoff, 1e-3
    inside, outside = on_axis(radius - step), on_axis(radius + step)
    assert abs(float(inside.energy[0] - outside.energy[0])) < 1e-7
    assert float((inside.forces - outside.forces).abs().max()) < 1e-4
    slope = (on_axis(radius - 2 * step).forces - inside.forces).abs().max() / step
    assert float(slope) < 0.1


def test_an_unknown_element_is_named(potential):
    crystal = Crystal(np.array([86]), np.zeros((1, 3)), 5 * np.eye(3))
    with pytest.raises(UnsupportedElement, match="86"):
        evaluate(potential, [crystal])
