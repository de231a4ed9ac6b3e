"""Energy and largest force of every evaluation are kept of every crystal."""

import numpy as np
import pytest
from relax_samples import COPPER, crystal, lennard_jones

from facet.graph.neighbors import Crystal
from facet.relaxation.relaxer import Relaxation, relax
from facet.relaxation.settings import RelaxSettings
from facet.relaxation.suspended import Suspended


def test_a_curve_is_what_a_trajectory_says_of_every_evaluation():
    settings = RelaxSettings(trajectory_every=1)
    for result in relax([crystal(seed) for seed in range(3)], lennard_jones(), settings):
        assert result.curve.dtype == np.float32
        assert result.curve.shape == (result.num_evaluations, 2)
        np.testing.assert_allclose(result.curve, result.trajectory.scalars[:, :2], rtol=1e-6)


def test_it_ends_at_the_result_and_nobody_has_the_curve_of_another():
    alone = [next(relax([crystal(seed)], lennard_jones())) for seed in range(3)]
    settings = RelaxSettings(max_batch_atoms=8)
    together = relax([(f"{at}", crystal(at)) for at in range(3)], lennard_jones(), settings)
    for result in together:
        assert result.curve[-1].tolist() == pytest.approx([result.energy, result.fmax], rel=1e-6)
        np.testing.assert_allclose(result.curve, alone[int(result.name)].curve, rtol=1e-4)


def test_what_was_passed_before_it_was_suspended_is_kept():
    settings = RelaxSettings(fmax=0.01)
    wholes = {
        each.name: each for each in relax([crystal(1), crystal(2)], lennard_jones(), settings)
    }
    relaxation = Relaxation([crystal(1), crystal(2)], lennard_jones(), settings)
    next(iter(relaxation))
    (handed,) = (Suspended.from_bytes(each.to_bytes()) for each in relaxation.suspend())
    (result,) = relax([handed], lennard_jones(), settings)
    assert handed.num_steps > 1
    np.testing.assert_allclose(result.curve, wholes[result.name].curve, rtol=1e-6)


def test_a_crystal_that_was_rattled_shows_both_of_its_ways():
    half = 2.85 / 2
    cell = half * (np.ones((3, 3)) - 2 * np.eye(3))
    saddle = Crystal(np.array([COPPER]), np.zeros((1, 3)), cell)
    (result,) = relax([saddle], lennard_jones(), RelaxSettings(rattle=0.05))
    assert len(result.curve) == result.num_evaluations
    assert result.curve[-1, 0] == pytest.approx(result.energy, rel=1e-6)
    assert result.curve[:, 0].max() > result.symmetric_energy


def test_who_was_never_evaluated_has_none():
    (result,) = relax(["nothing"], lennard_jones())
    assert result.curve is None
