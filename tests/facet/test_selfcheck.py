"""A potential whose fast path says something else is not handed out."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from facet import load
from facet.checkpoint import read_checkpoint, read_golden, save_checkpoint
from facet.config import FACET_S
from facet.errors import CheckpointError, FacetError, SelfCheckError
from facet.facet_potential import FacetPotential
from facet.golden import GoldenBatch, golden_crystals
from facet.nn.network import FacetNetwork
from facet.selfcheck import golden_with_record, self_check

SMALL = replace(FACET_S, channels=(8, 4, 2))


def weights(seed=0):
    torch.manual_seed(seed)
    network = FacetNetwork(SMALL)
    for name, value in network.named_parameters():
        if ".norm." in name:
            value.data.normal_(std=0.5)
    return network.state_dict()


class Fused(FacetPotential):
    """A fast path that is off by so much in energy (per structure), force and stress."""

    path = "fused"
    error = (0.0, 0.0, 0.0)

    def __call__(self, batch):
        said = super().__call__(batch)
        energy, force, stress = self.error
        return replace(
            said,
            energy=said.energy + energy,
            forces=said.forces + force,
            stress=said.stress + stress,
        )


def fused(*error):
    network = FacetNetwork(SMALL)
    network.load_state_dict(weights())
    potential = Fused(network, "", {})
    potential.error = error
    return potential


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "small.safetensors"
    save_checkpoint(path, SMALL, weights(), {})
    return path


def rewrite(path, **changes):
    """Change the metadata of a checkpoint; None removes an entry."""
    with safe_open(path, framework="pt") as file:
        metadata = {k: v for k, v in (file.metadata() | changes).items() if v is not None}
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no dict)
    save_file(tensors, path, metadata=metadata)


def test_the_bundled_potential_passes_in_single_precision():
    found = self_check(load("facet-s", check=False))
    assert found.path == "eager float32 on cpu"
    assert 0 < found.energy_difference < 0.05
    assert 0 < found.force_difference < 0.5
    assert 0 < found.stress_difference < 0.005
    assert found.seconds > 0


def test_a_right_fused_path_passes():
    assert self_check(fused(0.0, 0.0, 0.0)).is_passed
    assert self_check(fused(5e-5, 5e-4, 1e-5)).is_passed


@pytest.mark.parametrize(
    ("error", "number"),
    [
        ((1.5e-4, 0.0, 0.0), "0.15 meV/atom"),
        ((0.0, 2e-3, 0.0), "2 meV/A"),
        ((0.0, 0.0, 1e-4), "0.016 GPa"),
        ((float("nan"), 0.0, 0.0), "nan meV/atom"),
    ],
)
def test_a_wrong_path_is_named_with_its_numbers(error, number):
    with pytest.raises(SelfCheckError, match="The path fused float32 on cpu differs by") as caught:
        self_check(fused(*error))
    assert number in str(caught.value)
    assert "allowed 0.1 meV/atom, 1 meV/A" in str(caught.value)
    assert isinstance(caught.value, FacetError)


def test_weights_that_were_rounded_are_refused():
    network = FacetNetwork(SMALL)
    network.load_state_dict({name: value.half().float() for name, value in weights().items()})
    rounded = FacetPotential(network, "", {}, golden_with_record(SMALL, weights()))
    with pytest.raises(SelfCheckError, match="not what it was"):
        self_check(rounded)


def test_a_checkpoint_carries_its_golden_batch(checkpoint):
    golden = read_golden(checkpoint)
    assert golden.record.energy.dtype == torch.float64
    potential = load(checkpoint)
    assert potential.golden.to_text() == golden.to_text()
    assert self_check(potential).is_passed


def test_the_golden_batch_is_no_weight(checkpoint):
    _, stored, _ = read_checkpoint(checkpoint)
    assert set(stored) == set(weights())
    before = load(checkpoint).fingerprint
    rewrite(checkpoint, golden=None)
    assert load(checkpoint).fingerprint == before


def test_files_from_before_are_held_to_the_built_in_crystals(checkpoint):
    rewrite(checkpoint, golden=None)
    assert read_golden(checkpoint) is None
    assert self_check(load(checkpoint)).is_passed


def test_code_that_no_longer_gives_the_recorded_numbers_is_refused(checkpoint):
    golden = read_golden(checkpoint)
    record = replace(golden.record, energy=golden.record.energy + 0.01)
    rewrite(checkpoint, golden=replace(golden, record=record).to_text())
    with pytest.raises(SelfCheckError, match="eager float64 on cpu differs by 10 meV/atom"):
        load(checkpoint)
    assert isinstance(load(checkpoint, check=False), FacetPotential)


def test_double_precision_loses_nothing(checkpoint):
    found = self_check(load(checkpoint, dtype=torch.float64))
    assert found.energy_difference < 1e-9
    assert found.force_difference < 1e-9


def test_golden_batches_survive_writing_exactly():
    golden = golden_with_record(SMALL, weights())
    again = GoldenBatch.from_text(golden.to_text())
    assert torch.equal(again.record.forces, golden.record.forces)
    for one, other in zip(again.crystals, golden.crystals, strict=True):
        for mine, theirs in zip(one[:3], other[:3], strict=True):
            assert np.array_equal(mine, theirs)
            assert mine.dtype == theirs.dtype
    without = GoldenBatch(golden.crystals)
    assert GoldenBatch.from_text(without.to_text()).record is None


def test_golden_crystals_are_made_of_known_elements():
    everything = frozenset(range(1, 119))
    assert {11, 17, 26, 92} <= {int(z) for c in golden_crystals(everything) for z in c.species}
    few = frozenset({3, 8})
    assert {int(z) for c in golden_crystals(few) for z in c.species} == few
    assert any(np.linalg.det(each.cell) < 0 for each in golden_crystals(few))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"format": "facet-0"}, "layout 'facet-0'"),
        ({"format": None}, "layout 'unknown'"),
    ],
)
def test_another_layout_is_refused(checkpoint, change, sentence):
    rewrite(checkpoint, **change)
    with pytest.raises(CheckpointError, match=sentence):
        load(checkpoint)


def test_what_is_no_checkpoint_is_refused(tmp_path):
    path = tmp_path / "notes.safetensors"
    path.write_text("not weights")
    with pytest.raises(CheckpointError, match="cannot be read as a safetensors checkpoint"):
        load(path)
    with pytest.raises(CheckpointError, match="There is no potential 'nothing'"):
        load("nothing")


def test_weights_of_another_shape_are_refused(tmp_path):
    path = tmp_path / "odd.safetensors"
    save_checkpoint(path, SMALL, weights(), {})
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    save_file({"embedding": torch.zeros(3, 3)}, path, metadata=metadata)
    with pytest.raises(CheckpointError, match="do not fit its config"):
        load(path)
