"""Convergence is said of double precision, whatever precision the relaxation ran in."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
import torch
from relax_samples import crystal, lennard_jones

from facet.graph.neighbors import build_batch
from facet.potential import Prediction
from facet.relaxation.relaxer import relax
from facet.relaxation.result import StopReason
from facet.relaxation.settings import RelaxSettings
from facet.testing import Wrapper


@dataclass(frozen=True)
class Counted(Wrapper):
    calls: list = field(default_factory=list)

    def __call__(self, batch):
        self.calls.append((self.dtype, batch.num_structures))
        return self.inner(batch)


@dataclass(frozen=True)
class Flattering(Wrapper):
    """Says in single precision that there are no forces where they are still small."""

    threshold: float = 0.3

    def __call__(self, batch):
        said = self.inner(batch)
        if self.dtype == torch.float64:
            return said
        small = said.forces.norm(dim=1).amax() < self.threshold
        factor = 0.0 if small else 1.0
        return Prediction(said.energy, said.forces * factor, said.stress * factor)


def single():
    return lennard_jones(dtype=torch.float32)


def test_a_converged_result_holds_what_double_precision_says():
    (result,) = relax([crystal(3)], single())
    again = lennard_jones()(build_batch([result.crystal], 4.2))
    assert result.stop_reason is StopReason.CONVERGED
    assert result.energy == pytest.approx(again.energy.item(), abs=1e-12)
    np.testing.assert_allclose(result.forces, again.forces, atol=1e-12)
    assert result.num_evaluations == result.num_steps + 2


def test_single_precision_flattery_is_found_out_and_the_crystal_goes_on():
    settings = RelaxSettings(fmax=0.01, smax=0.02)
    (result,) = relax([crystal(3)], Flattering(single()), settings)
    assert result.stop_reason is StopReason.CONVERGED
    assert result.fmax <= 0.01
    again = lennard_jones()(build_batch([result.crystal], 4.2))
    assert again.forces.norm(dim=1).max() <= 0.01
    (honest,) = relax([crystal(3)], lennard_jones(), settings)
    assert result.energy == pytest.approx(honest.energy, abs=1e-3)


def test_crystals_that_cannot_converge_in_double_precision_run_out_of_steps():
    settings = RelaxSettings(fmax=0.001, smax=0.001, max_steps=3)
    (result,) = relax([crystal(3)], Flattering(single(), threshold=5.0), settings)
    assert result.stop_reason is StopReason.MAX_STEPS
    assert result.fmax > 0.001


def test_last_looks_are_taken_together():
    potential = Counted(single())
    results = list(relax([crystal(seed) for seed in range(12)], potential))
    assert all(result.stop_reason is StopReason.CONVERGED for result in results)
    looks = [size for dtype, size in potential.calls if dtype == torch.float64]
    assert sum(looks) == 12
    assert len(looks) < 12


def test_double_precision_needs_no_second_look():
    potential = Counted(lennard_jones())
    (result,) = relax([crystal(3)], potential)
    assert result.num_evaluations == result.num_steps + 1 == len(potential.calls)


def test_a_failed_last_look_fails_that_crystal_alone():
    @dataclass(frozen=True)
    class Brittle(Wrapper):
        def __call__(self, batch):
            if self.dtype == torch.float64 and (batch.species == 2).any():
                raise RuntimeError("no such kernel in double precision")
            return self.inner(batch)

    inputs = {"sound": crystal(1), "odd": crystal(1, species=2)}
    results = {r.name: r for r in relax(inputs.items(), Brittle(single()))}
    assert results["sound"].stop_reason is StopReason.CONVERGED
    assert results["odd"].stop_reason is StopReason.FAILED
    assert "no such kernel" in results["odd"].message
    assert np.isfinite(results["odd"].energy)


def test_wrapping_again_in_double_precision_keeps_the_wrapper():
    doubled = replace(Counted(single())).in_double()
    assert isinstance(doubled, Counted)
    assert doubled.dtype == torch.float64


def test_a_crystal_far_from_the_origin_relaxes_as_it_does_near_it():
    near = crystal(3)
    far = near._replace(positions=near.positions + 1e6)
    results = {r.name: r for r in relax({"near": near, "far": far}.items(), single())}
    assert results["far"].stop_reason is StopReason.CONVERGED
    assert results["far"].num_steps == results["near"].num_steps
    assert results["far"].energy == pytest.approx(results["near"].energy, abs=1e-5)
