"""The training loop: read, step, measure, save, and go on exactly where a killed run stopped."""

from __future__ import annotations

import time
from copy import deepcopy
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from facet.checkpoint import fingerprint, read_checkpoint, resolve, save_checkpoint
from facet.config import ModelConfig
from facet.derivatives import energy_forces_stress
from facet.errors import DataError
from facet.facet_potential import ENERGY_SCHEME, FacetPotential
from facet.graph.elements import symbol
from facet.graph.neighbors import build_batch
from facet.nn.network import FacetNetwork
from facet.training.card import run_card, write_card
from facet.training.evaluate import measure
from facet.training.journal import Journal
from facet.training.labels import read_shards, reduced_formula
from facet.training.loss import Targets, total_loss
from facet.training.optimizers import build_optimizers, schedule
from facet.training.references import fit_species_shift, mean_neighbors, rms_force
from facet.training.replay import choose_batches, fit_offset, open_replay, shifted
from facet.training.sources import shard_paths
from facet.training.split import divide
from facet.training.state import TrainState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from facet.graph.batch import GraphBatch
    from facet.training.evaluate import Errors
    from facet.training.labels import Frame, FrameSet
    from facet.training.replay import Replay
    from facet.training.settings import TrainSettings


class Trainer:
    """One training run in its output folder.

    Args:
        settings: What the run does.

    Raises:
        DataError: Labels are missing or a frame is not allowed.
        CheckpointError: The checkpoint to start from cannot be read.
    """

    def __init__(self, settings: TrainSettings) -> None:
        self.settings = settings
        self.folder = Path(settings.output)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.journal = Journal(self.folder)
        self.device = torch.device(settings.device)
        self.frames = read_shards(shard_paths(settings))
        self.training, self.validation = divide(self.frames, settings)
        torch.manual_seed(settings.seed)
        self.config, network = self._initial_network()
        self.replay = self._replay(network)
        share = 1 - settings.replay_share if self.replay else 1.0
        self.batches = choose_batches(
            self.frames, self.training, settings, self.config.cutoff, share=share
        )
        network.to(self.device)
        self.state = TrainState(
            network=network,
            optimizers=build_optimizers(network, settings),
            average={k: v.detach().clone() for k, v in network.state_dict().items()},
        )
        self.card = run_card(settings, self.device)

    @property
    def state_path(self) -> Path:
        """File that a killed run goes on from."""
        return self.folder / "state.safetensors"

    @cached_property
    def data_sha256(self) -> str:
        """Name of the data in training cards; hashed once a run."""
        return self.frames.digest()

    def resume(self) -> bool:
        """Take over the last saved state; return whether there was one."""
        if not self.state_path.is_file():
            return False
        self.state.restore(self.state_path)
        return True

    def run(self, report: Callable[[dict[str, Any]], None]) -> Path:
        """Train to the last step and return the path of the final checkpoint.

        Args:
            report: Called with plain values after every evaluation and every save.
        """
        torch.set_float32_matmul_precision(self.settings.matmul_precision)
        self.journal.forget_after(self.state.step)
        self._write_card()
        losses: list[float] = []
        while self.state.step < self.settings.num_steps:
            started = time.perf_counter()
            losses.append(self.step())
            self.state.seconds += time.perf_counter() - started
            step = self.state.step
            if step % self.settings.save_every == 0 or step == self.settings.num_steps:
                self.state.save(self.state_path)
                report(self._log(self._progress(losses)))
                losses.clear()
            if step % self.settings.evaluate_every == 0:
                report(self._measure(self.validation[: self.settings.validation_frames], "last"))
        report(self._measure(self.validation, "final"))
        return self.folder / "final.safetensors"

    def evaluate(self, indices: np.ndarray) -> Errors:
        """Measure the averaged weights on frames."""
        return measure(self._averaged(), self.frames.frames(indices))

    def _averaged(self) -> FacetPotential:
        network = FacetNetwork(self.config)
        network.load_state_dict(self.state.average)
        return FacetPotential(network.to(self.device), "", {})

    def _initial_network(self) -> tuple[ModelConfig, FacetNetwork]:
        if self.settings.start_from:
            config, weights, _ = read_checkpoint(resolve(self.settings.start_from))
            network = FacetNetwork(config)
            network.load_state_dict(weights)
            _refuse_unknown(self.frames, config)
            return config, network
        _refuse_unknown(self.frames, self.settings.model)
        sample = np.random.default_rng(0).permutation(self.training)[:1000]
        frames = list(self.frames.frames(sample))
        values = self.settings.model.to_dict()
        values["mean_neighbors"] = mean_neighbors(frames, self.settings.model.cutoff)
        config = ModelConfig.from_dict(values)
        network = FacetNetwork(config)
        shift = fit_species_shift(self.frames, self.training, config.species)
        network.readout.rescale(rms_force(frames), torch.as_tensor(shift))
        return config, network

    def _replay(self, network: FacetNetwork) -> Replay | None:
        """Open what is replayed; on request, first bring both sets of energies to one origin."""
        settings, species = self.settings, self.config.species
        replay = None
        if settings.replay:
            held = {reduced_formula(f.crystal.species) for f in self.frames.frames(self.validation)}
            replay = open_replay(settings, self.config.cutoff, held)
            _refuse_unknown(replay.frames, self.config)
        if settings.start_from and settings.refit_energies:
            potential = FacetPotential(deepcopy(network), "", {})
            offset = fit_offset(potential, self.frames, self.training, species)
            with torch.no_grad():
                network.readout.species_shift[: len(species)] += torch.as_tensor(offset)
            if replay:
                replay = replace(replay, frames=shifted(replay.frames, offset, species))
        return replay

    def step(self) -> float:
        """Take one step and return its loss."""
        settings, state = self.settings, self.state
        state.set_learning_rate(settings.learning_rate * schedule(state.step, settings))
        frames = list(self.frames.frames(self.batches.at(state.step)))
        if self.replay:
            frames += self.replay.frames.frames(self.replay.batches.at(state.step))
        batch, targets = _collate(frames, self.config.cutoff, self.device)
        prediction = energy_forces_stress(state.network, batch, create_graph=True)
        loss = total_loss(prediction, targets, batch, settings.loss)
        weights = [*state.network.parameters()]
        # Left to itself, the backward pass would go on to the slopes of the loss by edge vectors.
        loss.backward(inputs=weights)
        norm = torch.nn.utils.clip_grad_norm_(weights, settings.clip)
        state.advance(settings.ema, is_sound=bool(torch.isfinite(norm)))
        return float(loss.detach())

    def _progress(self, losses: Sequence[float]) -> dict[str, Any]:
        return {
            "step": self.state.step,
            "loss": round(float(np.mean(losses)), 4) if losses else None,
            "seconds": round(self.state.seconds, 1),
        }

    def _measure(self, indices: np.ndarray, name: str) -> dict[str, Any]:
        """Measure errors, log and draw them, and write a checkpoint with its training card."""
        entry = self._progress([])
        if len(indices):
            entry |= self.evaluate(indices).to_dict()
        if self.replay and len(self.replay.validation):
            chosen = self.replay.validation[: self.settings.validation_frames]
            errors = measure(self._averaged(), self.replay.frames.frames(chosen))
            entry |= {f"replay_{key}": value for key, value in errors.to_dict().items()}
        self._log(entry)
        self.journal.draw_curves()
        card = {**self._write_card(), "energy_scheme": ENERGY_SCHEME, "validation": entry}
        card["weights_sha256"] = fingerprint(self.config, self.state.average)
        path = self.folder / f"{name}.safetensors"
        save_checkpoint(path, self.config, self.state.average, card)
        return entry

    def _log(self, entry: dict[str, Any]) -> dict[str, Any]:
        self.journal.append(entry)
        return entry

    def _write_card(self) -> dict[str, Any]:
        """Write how far the run is beside what it was made of, and return both."""
        card = {
            **self.card,
            "data_sha256": self.data_sha256,
            "num_training_frames": len(self.training),
            "step": self.state.step,
            "seconds": round(self.state.seconds, 1),
        }
        if self.replay:
            card["replay_sha256"] = self.replay.sha256
        write_card(self.folder, card)
        return card


def _refuse_unknown(frames: FrameSet, config: ModelConfig) -> None:
    unknown = set(np.unique(np.asarray(frames.Z)).tolist()) - set(config.species)
    if unknown:
        raise DataError(
            f"The labels hold {', '.join(map(symbol, sorted(unknown)))}, which the network does "
            "not know; remove these frames, or train a network with these elements."
        )


def _collate(
    frames: Sequence[Frame], cutoff: float, device: torch.device
) -> tuple[GraphBatch, Targets]:
    crystals = [each.crystal for each in frames]
    batch = build_batch(crystals, cutoff, torch.get_default_dtype(), device)
    dtype = batch.positions.dtype
    targets = Targets(
        energy=torch.tensor([each.energy for each in frames], dtype=torch.float64, device=device),
        forces=torch.as_tensor(np.concatenate([each.forces for each in frames])).to(device, dtype),
        stress=torch.as_tensor(np.stack([each.stress for each in frames])).to(device, dtype),
    )
    return batch, targets
