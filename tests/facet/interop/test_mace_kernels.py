"""Fast kernels are used only where they are installed and say what plain MACE says."""

import math
from dataclasses import dataclass

import pytest
import torch

from facet.interop.mace_kernels import disagreement, with_fast_kernels
from facet.potential import Prediction
from facet.testing.fakes import LennardJones, Wrapper


@dataclass(frozen=True)
class Off(Wrapper):
    """Says energies that are off by some electronvolts an atom."""

    by: float = 0.0

    def __call__(self, batch):
        said = self.inner(batch)
        return Prediction(
            said.energy + self.by * batch.atoms_per_structure, said.forces, said.stress
        )


def off(by):
    return Off(LennardJones(), by)


def test_a_potential_agrees_with_itself():
    assert disagreement(LennardJones(), LennardJones()) == (0.0, 0.0)


def test_a_kernel_that_is_off_is_seen_by_as_much_as_it_is_off():
    energy, force = disagreement(off(0.25), LennardJones())
    assert energy == pytest.approx(0.25)
    assert force == 0.0


def test_a_kernel_that_says_no_number_is_as_wrong_as_can_be():
    assert disagreement(off(math.nan), LennardJones()) == (math.inf, math.inf)


def test_what_is_no_mace_on_a_gpu_stays_as_it_is():
    potential = LennardJones()
    same, told = with_fast_kernels(potential)
    assert same is potential
    assert told.startswith("plain")
    assert potential.device == torch.device("cpu")
