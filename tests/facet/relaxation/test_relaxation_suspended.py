"""A relaxation can stop anywhere and go on elsewhere."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from relax_samples import crystal, lennard_jones

from facet.errors import InvalidStructure
from facet.relaxation.relaxer import Relaxation, relax
from facet.relaxation.result import StopReason
from facet.relaxation.settings import OPTIMIZERS, RelaxSettings
from facet.relaxation.suspended import Suspended


def inputs():
    return [(f"{seed}", crystal(seed, repeats=1 + seed % 2)) for seed in range(6)]


def interrupted(structures, potential, settings):
    """Results until after the second one, and whoever was still in flight."""
    relaxation = Relaxation(structures, potential, settings)
    running = iter(relaxation)
    results = [next(running), next(running)]
    handed = relaxation.suspend()
    return {each.name: each for each in [*results, *running]}, handed


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_whoever_is_handed_on_ends_as_if_never_interrupted(optimizer, dtype):
    settings = RelaxSettings(optimizer=optimizer, fmax=0.01, smax=0.02)
    potential = lennard_jones(dtype=dtype)
    whole = {each.name: each for each in relax(inputs(), potential, settings)}
    results, handed = interrupted(inputs(), potential, settings)
    handed = [Suspended.from_bytes(each.to_bytes()) for each in handed]
    assert {each.optimizer for each in handed} <= {optimizer}
    assert handed or dtype == torch.float32  # where all may wait for their last look together
    results |= {each.name: each for each in relax(handed, potential, settings)}
    assert sorted(results) == sorted(whole)
    tolerance = 1e-9 if dtype == torch.float64 else 1e-4
    for name, result in results.items():
        assert result.stop_reason is StopReason.CONVERGED
        assert result.energy == pytest.approx(whole[name].energy, abs=tolerance)
        assert result.initial_volume == whole[name].initial_volume
        if dtype == torch.float64:
            assert result.num_steps == whole[name].num_steps
            np.testing.assert_allclose(result.positions, whole[name].positions, atol=1e-8)


def test_nobody_is_left_behind_and_nobody_is_relaxed_twice():
    structures = iter(inputs())
    results, handed = interrupted(structures, lennard_jones(), RelaxSettings(max_batch_atoms=12))
    unread = [name for name, _ in structures]
    assert handed
    assert unread
    assert sorted([*results, *(each.name for each in handed), *unread]) == list("012345")


def test_what_is_not_a_suspended_crystal_is_refused():
    with pytest.raises(InvalidStructure, match="no suspended crystal"):
        Suspended.from_bytes(b"something else")


def test_another_optimizer_cannot_use_the_memory():
    relaxation = Relaxation(inputs(), lennard_jones(), RelaxSettings(optimizer="fire"))
    next(iter(relaxation))
    handed = relaxation.suspend()
    strange = replace(handed[0], optimizer="walk")
    (result,) = relax([strange], lennard_jones(), RelaxSettings(optimizer="fire"))
    assert result.stop_reason is StopReason.UNSUPPORTED
    assert "walk" in result.message


def test_a_state_that_lacks_something_says_so():
    relaxation = Relaxation(inputs(), lennard_jones())
    next(iter(relaxation))
    first = relaxation.suspend()[0]
    arrays = {key: each for key, each in first.arrays.items() if key != "ledger.num_steps"}
    (result,) = relax([replace(first, arrays=arrays)], lennard_jones())
    assert result.stop_reason is StopReason.UNSUPPORTED
    assert "lacks 'ledger.num_steps'" in result.message
