"""One step of training."""

import pytest
import torch
from training_samples import write_config

from facet.derivatives import energy_forces_stress
from facet.training import loop
from facet.training.loop import Trainer
from facet.training.loss import total_loss
from facet.training.settings import read_settings


@pytest.fixture
def trainer(tmp_path, monkeypatch):
    trainer = Trainer(read_settings(write_config(tmp_path, "run")))
    monkeypatch.setattr(trainer.state, "advance", lambda *_, **__: None)
    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", lambda *_: torch.tensor(0.0))
    return trainer


def test_a_step_finds_the_slopes_that_a_whole_backward_pass_finds(trainer):
    trainer.step()
    weights = dict(trainer.state.network.named_parameters())
    found = {name: each.grad.clone() for name, each in weights.items()}
    trainer.state.network.zero_grad()
    frames = list(trainer.frames.frames(trainer.batches.at(0)))
    batch, targets = loop._collate(frames, trainer.config.cutoff, trainer.device)
    prediction = energy_forces_stress(trainer.state.network, batch, create_graph=True)
    total_loss(prediction, targets, batch, trainer.settings.loss).backward()
    assert any(each.grad.abs().max() > 0 for each in weights.values())
    for name, each in weights.items():
        torch.testing.assert_close(found[name], each.grad, rtol=1e-6, atol=1e-9, msg=name)


def test_a_step_spends_nothing_on_slopes_by_edge_vectors(trainer, monkeypatch):
    visited = []

    def watched(network, batch, **options):
        def energies(species, vectors, edge_index):
            vectors.register_hook(visited.append)
            return network(species, vectors, edge_index)

        prediction = energy_forces_stress(energies, batch, **options)
        visited.clear()  # the forces are slopes by edge vectors, and wanted
        return prediction

    monkeypatch.setattr(loop, "energy_forces_stress", watched)
    trainer.step()
    assert not visited
