"""The budget grows to what memory allows and never beyond, and is remembered."""

import json
from dataclasses import dataclass, field

import pytest
import torch
from relax_samples import crystal, lennard_jones

from facet.relaxation import evaluate
from facet.relaxation.budget import FIRST_BUDGET, NO_LIMIT, Budget
from facet.relaxation.evaluate import Evaluator, evaluator_for
from facet.relaxation.memory import MemoryBook, Usage, cache_folder
from facet.relaxation.relaxer import relax
from facet.relaxation.result import StopReason
from facet.testing import Wrapper

BYTES_PER_EDGE = 1000


@dataclass
class Device:
    """A device whose evaluations take memory by the edge, and fail where there is none."""

    total: int
    key: str = "toy device"
    taken: int = 0
    edges: list = field(default_factory=list)

    def limit(self):
        return self.total

    def start(self):
        self.taken = 0

    def peak(self):
        return self.taken


@dataclass(frozen=True)
class OnDevice(Wrapper):
    device_: Device = None

    def __call__(self, batch):
        self.device_.taken = BYTES_PER_EDGE * batch.num_edges
        self.device_.edges.append(batch.num_edges)
        if self.device_.taken > self.device_.total:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return self.inner(batch)


@pytest.fixture
def device():
    return Device(total=120_000 * BYTES_PER_EDGE)


def evaluator(device, path):
    potential = OnDevice(lennard_jones(), device)
    return Evaluator(potential, NO_LIMIT, MemoryBook(potential, device, path))


def many(count):
    return [(f"{seed}", crystal(seed % 7, repeats=4)) for seed in range(count)]


def run(device, path, monkeypatch, count=260):
    ours = evaluator(device, path)
    monkeypatch.setattr("facet.relaxation.relaxer.evaluator_for", lambda *_: ours)
    results = list(relax(many(count), ours.potential))
    assert len({each.name for each in results}) == count
    assert {each.stop_reason for each in results} == {StopReason.CONVERGED}
    return ours


def test_the_budget_grows_without_ever_running_out(device, tmp_path, monkeypatch):
    ours = run(device, tmp_path / "memory.json", monkeypatch)
    assert max(device.edges) <= device.total / BYTES_PER_EDGE
    assert max(device.edges) > 1.5 * FIRST_BUDGET.edges
    assert ours.budget.edges <= 0.8 * device.total / BYTES_PER_EDGE


def test_what_was_learned_is_there_at_the_next_start(device, tmp_path, monkeypatch):
    path = tmp_path / "cache" / "memory.json"
    ours = run(device, path, monkeypatch)
    ours.remember()
    assert evaluator(device, path).budget.edges == pytest.approx(ours.budget.edges, rel=0.1)
    other = Device(total=device.total, key="another device")
    assert evaluator(other, path).budget == FIRST_BUDGET


def test_a_spoilt_memory_file_is_no_reason_to_stop(device, tmp_path):
    path = tmp_path / "memory.json"
    for text in ("{", "[]", json.dumps({"toy device": 3})):
        path.write_text(text)
        assert evaluator(device, path).budget == FIRST_BUDGET
    path.unlink()
    path.mkdir()
    ours = evaluator(device, path)
    ours.remember()
    assert ours.budget == FIRST_BUDGET


def test_after_running_out_half_of_the_failure_is_the_limit():
    usage = Usage(10.0, 50.0, Budget(1000, 50_000)).after_failure(40_000)
    assert usage.budget(10**12).edges == 20_000
    assert usage.after(400, 20_000, 200_000).budget(10**12).edges == 20_000


def test_small_batches_teach_nothing():
    usage = Usage(10.0, 50.0, Budget(1000, 50_000))
    assert usage.after(10, 500, 10**9) == usage


def test_a_cpu_has_a_fixed_budget_and_wishes_are_obeyed(monkeypatch):
    assert evaluator_for(lennard_jones()).budget == FIRST_BUDGET
    assert evaluator_for(lennard_jones(), 1000).budget == Budget(1000, FIRST_BUDGET.edges)
    monkeypatch.setattr(evaluate, "gauge_of", lambda _: Device(total=10**12))
    assert evaluator_for(lennard_jones(), 10, 70).budget == Budget(10, 70)


def test_the_cache_folder_is_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "facet"
