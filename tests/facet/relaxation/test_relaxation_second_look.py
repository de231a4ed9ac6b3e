"""Symmetry is kept where asked, and left where it costs energy."""

import numpy as np
import pytest
from relax_samples import COPPER, lennard_jones

from facet.graph.neighbors import Crystal
from facet.relaxation.relaxer import relax
from facet.relaxation.result import StopReason
from facet.relaxation.settings import RelaxSettings

BODY_CENTERED, FACE_CENTERED = 229, 225


def body_centered(edge=2.85):
    """At rest by symmetry, and unstable against the strain that leads to close packing."""
    half = edge / 2
    return Crystal(np.array([COPPER]), np.zeros((1, 3)), half * (np.ones((3, 3)) - 2 * np.eye(3)))


def only(results):
    (result,) = results
    return result


@pytest.mark.parametrize("optimizer", ["fire", "lbfgs-springs"])
def test_a_crystal_held_on_a_saddle_by_its_symmetry_is_freed_and_tells_what_it_gained(optimizer):
    settings = RelaxSettings(optimizer=optimizer, rattle=0.05)
    held = only(relax([body_centered()], lennard_jones(), RelaxSettings(optimizer=optimizer)))
    freed = only(relax([body_centered()], lennard_jones(), settings))
    assert held.space_group is held.initial_space_group is None
    assert freed.stop_reason is StopReason.CONVERGED
    assert freed.initial_space_group == BODY_CENTERED
    assert freed.space_group == FACE_CENTERED
    assert freed.symmetric_energy == pytest.approx(held.energy, abs=1e-6)
    assert freed.energy < held.energy - 0.005
    assert "gained" in freed.message
    assert freed.num_evaluations > held.num_evaluations


def test_a_true_minimum_stays_what_it_is():
    fcc = Crystal(np.array([COPPER]), np.zeros((1, 3)), 1.75 * (np.ones((3, 3)) - np.eye(3)))
    plain = only(relax([fcc], lennard_jones()))
    again = only(relax([fcc], lennard_jones(), RelaxSettings(rattle=0.05)))
    assert again.energy == pytest.approx(plain.energy, abs=1e-9)
    assert again.space_group == FACE_CENTERED
    assert "found nothing lower" in again.message


@pytest.mark.parametrize("optimizer", ["fire", "fire2", "lbfgs", "lbfgs-springs"])
def test_kept_symmetry_survives_where_noise_would_break_it(optimizer):
    start = Crystal(
        np.full(2, COPPER), np.array([[0, 0, 0], [1.25, 1.25, 1.275]]), np.diag([2.5, 2.5, 2.55])
    )
    settings = RelaxSettings(symmetry="keep", fmax=1e-3, smax=1e-3, optimizer=optimizer)
    result = only(relax([start], lennard_jones(), settings))
    assert result.stop_reason is StopReason.CONVERGED
    assert result.initial_space_group == 139
    assert result.space_group in {139, BODY_CENTERED, FACE_CENTERED}
    angles = result.structure.lattice.angles
    np.testing.assert_allclose(angles, 90, atol=1e-9)
    assert result.cell[0, 0] == pytest.approx(result.cell[1, 1], abs=1e-9)


def test_crystals_without_symmetry_are_not_rattled():
    rng = np.random.default_rng(0)
    positions = rng.normal(0, 0.1, (4, 3)) + 1.75 * np.array(
        [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]
    )
    start = Crystal(np.full(4, COPPER), positions, np.diag([3.4, 3.5, 3.6]))
    settings = RelaxSettings(rattle=0.05, cell="fixed")
    result = only(relax([start], lennard_jones(), settings))
    if result.space_group == 1:
        assert result.symmetric_energy is None
    else:
        assert "Of space group" in result.message
