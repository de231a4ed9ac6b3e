"""What the physics promises, whatever the weights: tested on random ones."""

from dataclasses import replace

import pytest
import torch
from conftest import CONFIGS, awake_potential

from facet import load
from facet.parts import SiluActivation, SphereMixing
from facet.testing import HarmonicBonds, LennardJones, assert_is_a_potential
from facet.testing.crystals import crystals_for
from facet.testing.measures import Tolerance, ask, require_same
from facet.testing.symmetry import assert_random_rotations_barely_change_the_energy


def keep_promises(potential):
    config = potential.network.config
    activation = getattr(config.mixing, "activation", None)
    assert_is_a_potential(
        potential,
        is_rotation_exact=not isinstance(activation, SiluActivation),
        is_mirror_invariant=config.is_mirror_invariant,
        isolated_energies=potential.isolated_energies(),
    )


@pytest.mark.parametrize("name", sorted(CONFIGS))
def test_networks_keep_their_promises(name):
    keep_promises(awake_potential(CONFIGS[name]))


@pytest.mark.parametrize("name", ["facet-s", "nequip"])
def test_networks_keep_their_promises_in_single_precision(name):
    keep_promises(awake_potential(CONFIGS[name], torch.float32))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["fp64", "fp32"])
def test_the_shipped_weights_keep_their_promises(dtype):
    keep_promises(load("facet-s", dtype=dtype))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["fp64", "fp32"])
@pytest.mark.parametrize("fake", [LennardJones, HarmonicBonds])
def test_fakes_keep_their_promises(fake, dtype):
    free = dict.fromkeys(range(1, 119), 0.0)
    assert_is_a_potential(fake(dtype=dtype), isolated_energies=free)


@pytest.mark.parametrize("species", [{29}, {2, 10, 29}], ids=["one", "three"])
def test_a_potential_of_few_elements_can_be_tried(species):
    assert_is_a_potential(LennardJones(species=frozenset(species)))


def test_the_published_grid_width_rotates_well_on_590_points():
    config = replace(CONFIGS["paper-o3"], mixing=SphereMixing(points=590, amplitude=0.0))
    assert_random_rotations_barely_change_the_energy(awake_potential(config))


@pytest.mark.parametrize("name", ["facet-s", "paper-o3"])
def test_single_precision_agrees_with_double_to_its_rounding(name):
    fine, coarse = awake_potential(CONFIGS[name]), awake_potential(CONFIGS[name], torch.float32)
    crystals = crystals_for(fine)
    rounding = Tolerance(1e-5, 0, 0, 0, 0)
    exact = ask(fine, list(crystals.values()))
    rounded = ask(coarse, list(crystals.values()))
    for cell, expected, found in zip(crystals, exact, rounded, strict=True):
        require_same(expected, found, rounding, f"Rounding in the {cell}")
