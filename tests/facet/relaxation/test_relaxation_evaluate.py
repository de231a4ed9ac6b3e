"""The evaluator finds culprits and its size."""

import numpy as np
import pytest
import torch
from relax_samples import HELIUM, crystal, lennard_jones

from facet.graph.neighbors import build_batch
from facet.relaxation.budget import Budget
from facet.relaxation.evaluate import Evaluator, part_of
from facet.relaxation.guard import is_out_of_memory
from facet.testing import RaisesOn, SmallMemory

LARGE = Budget(10**6, 10**9)


@pytest.fixture
def batch():
    return build_batch([crystal(seed, repeats=1 + seed % 2) for seed in range(6)], 4.2)


def test_parts_of_a_batch_give_what_the_whole_gives(batch):
    whole = lennard_jones()(batch)
    part = lennard_jones()(part_of(batch, 2, 5))
    np.testing.assert_allclose(part.energy, whole.energy[2:5], atol=1e-12)
    np.testing.assert_allclose(part.stress, whole.stress[2:5], atol=1e-12)
    rows = (batch.structure_index >= 2) & (batch.structure_index < 5)
    np.testing.assert_allclose(part.forces, whole.forces[rows], atol=1e-12)


def test_a_batch_beyond_the_budget_is_evaluated_in_parts(batch):
    potential = SmallMemory(lennard_jones(), max_atoms=10**6)
    answer = Evaluator(potential, Budget(12, 10**9))(batch)
    np.testing.assert_allclose(answer.energy, lennard_jones()(batch).energy, atol=1e-12)
    assert max(potential.sizes) <= 12
    assert sum(potential.sizes) == batch.num_atoms


def test_out_of_memory_shrinks_the_budget_to_what_fits(batch):
    potential = SmallMemory(lennard_jones(), max_atoms=20)
    evaluator = Evaluator(potential, LARGE)
    assert evaluator(batch).failures == {}
    assert 8 <= evaluator.budget.atoms <= 20
    potential.sizes.clear()
    evaluator(batch)
    assert max(potential.sizes) <= 20


def test_one_crystal_that_fails_for_memory_leaves_the_budget_of_the_others_alive():
    batch = build_batch([crystal(i, species=HELIUM if i == 5 else 29) for i in range(16)], 4.2)
    greedy = RaisesOn(lennard_jones(), marker=HELIUM, error=MemoryError())
    evaluator = Evaluator(greedy, LARGE)
    assert list(evaluator(batch).failures) == [5]
    assert evaluator.budget.atoms == batch.num_atoms // 2


def test_an_error_that_is_not_for_memory_leaves_the_budget_alone(batch):
    evaluator = Evaluator(RaisesOn(lennard_jones(), marker=29), LARGE)
    assert len(evaluator(batch).failures) == 6
    assert evaluator.budget == LARGE


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 MiB"),
        RuntimeError("Warp error: Failed to allocate 1024 bytes on device 'cuda:0'"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 800 bytes"),
        RuntimeError("CUDA driver error: CUDA_ERROR_OUT_OF_MEMORY"),
        RuntimeError("cuBLAS error: CUBLAS_STATUS_ALLOC_FAILED"),
        RuntimeError("std::bad_alloc"),
    ],
)
def test_a_lack_of_memory_is_recognized_by_type_or_text(error):
    assert is_out_of_memory(error)


def test_other_errors_are_no_lack_of_memory():
    assert not is_out_of_memory(RuntimeError("index out of range"))
