"""Promises of checkpoints."""

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from facet.checkpoint import fingerprint, load, read_checkpoint, save_checkpoint
from facet.config import FACET_S
from facet.errors import CheckpointError, ConfigError
from facet.graph.neighbors import Crystal, build_batch
from facet.nn.network import FacetNetwork

SMALL = replace(FACET_S, channels=(8, 4), num_layers=2)


@pytest.fixture
def stored(tmp_path):
    torch.manual_seed(0)
    weights = FacetNetwork(SMALL).state_dict()
    path = tmp_path / "small.safetensors"
    save_checkpoint(path, SMALL, weights, {"energy_scheme": "PBE+U uncorrected", "note": "n"})
    return path, weights


def test_what_is_saved_is_what_is_loaded(stored):
    path, weights = stored
    config, read, card = read_checkpoint(path)
    assert config == SMALL
    assert card["note"] == "n"
    assert all(torch.equal(read[name], weights[name]) for name in weights)
    crystal = Crystal(np.array([11, 17]), np.array([[0.0, 0, 0], [2.8, 0, 0]]), 4.2 * np.eye(3))
    batch = build_batch([crystal], SMALL.cutoff, torch.float32)
    first, second = load(path)(batch), load(path)(batch)
    assert torch.equal(first.energy, second.energy)
    assert torch.equal(first.forces, second.forces)


def test_the_fingerprint_is_that_of_weights_and_config_alone(stored, tmp_path):
    path, weights = stored
    other = tmp_path / "other.safetensors"
    save_checkpoint(other, SMALL, weights, {"note": "another card"})
    assert load(path).fingerprint == load(other).fingerprint == fingerprint(SMALL, weights)
    changed = {**weights, "readout.head": weights["readout.head"] + 1e-6}
    assert fingerprint(SMALL, changed) != fingerprint(SMALL, weights)
    assert fingerprint(replace(SMALL, cutoff=5.1), weights) != fingerprint(SMALL, weights)


def test_a_pickle_is_refused_unread(tmp_path):
    path = tmp_path / "evil.safetensors"

    class Evil:
        def __reduce__(self):
            return (print, ("unpickled",))

    path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(CheckpointError, match="cannot be read as a safetensors checkpoint"):
        load(path)


def test_an_unknown_name_lists_the_bundled_ones():
    with pytest.raises(CheckpointError, match="facet-s"):
        load("cheddar")


def test_another_layout_is_refused(stored, tmp_path):
    path, _ = stored
    strange = tmp_path / "strange.safetensors"
    save_file(load_file(path), strange, metadata={"format": "facet-99"})
    with pytest.raises(CheckpointError, match="facet-99"):
        load(strange)


def test_weights_that_do_not_fit_their_config_are_refused(stored, tmp_path):
    _, weights = stored
    damaged = tmp_path / "damaged.safetensors"
    config = replace(SMALL, channels=(6, 4)).to_dict()
    metadata = {"format": "facet-1", "config": json.dumps(config), "card": "{}"}
    save_file(weights, damaged, metadata=metadata)
    with pytest.raises(CheckpointError, match="do not fit"):
        load(damaged)


def test_a_config_from_the_future_is_refused(stored, tmp_path):
    _, weights = stored
    future = tmp_path / "future.safetensors"
    metadata = {"format": "facet-1", "config": '{"telepathy": true}', "card": "{}"}
    save_file(weights, future, metadata=metadata)
    with pytest.raises(ConfigError, match="telepathy"):
        load(future)


def test_the_bundled_potential_is_small_and_says_how_it_was_made():
    potential = load("facet-s")
    assert potential.network.count_parameters() <= 400_000
    assert potential.energy_scheme == "PBE+U uncorrected"
    assert len(potential.species) == 89
    assert {"data_sha256", "settings", "validation", "errors", "hardware"} <= potential.card.keys()
