"""One training of an experiment, from its description to a line of results."""

from __future__ import annotations

import time
from copy import deepcopy
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from census import Census

from facet.graph.neighbors import build_batch
from facet.training.labels import FrameSet, read_shards
from facet.training.loop import Trainer
from facet.training.replay import choose_batches
from facet.training.settings import TrainSettings
from facet.training.sources import matching

if TYPE_CHECKING:
    from experiment_runs import Run, Subset

NUM_VALIDATION = 400
MEAN = 0.99
"""Decay of the running mean of weights that every run is measured with."""
COUNTED_STEPS = 8


class ExperimentTrainer(Trainer):
    """A trainer that knows what a run asks beyond the settings, and counts its CPU time.

    Args:
        settings: Of the training.
        asked: What the run asks for.
    """

    def __init__(self, settings: TrainSettings, asked: Run) -> None:
        super().__init__(settings)
        self.asked = asked
        self.cpu_seconds = 0.0
        self.means = {decay: deepcopy(self.state.average) for decay in asked.other_means}
        self.validation = self.validation[:NUM_VALIDATION]
        if asked.num_frames:
            order = np.random.default_rng(asked.seed).permutation(self.training)
            self.training = np.sort(order[: asked.num_frames])
            self.batches = choose_batches(self.frames, self.training, settings, self.config.cutoff)

    def step(self) -> float:
        """Take one step, on energies alone at first where the run asks for it."""
        started = time.process_time()
        is_early = self.state.step < self.asked.energy_steps
        loss = self.energy_step() if is_early else super().step()
        self.cpu_seconds += time.process_time() - started
        for decay, mean in self.means.items():
            rate = 1 - min(decay, (1 + self.state.step) / (10 + self.state.step))
            for name, value in self.state.network.state_dict().items():
                mean[name].lerp_(value.detach(), rate)
        return loss

    def energy_step(self) -> float:
        """Take a step that looks at energies only: no derivative by positions, half the cost."""
        settings, state = self.settings, self.state
        state.set_learning_rate(settings.learning_rate * min(1.0, (state.step + 1) / 50))
        frames = list(self.frames.frames(self.batches.at(state.step)))
        crystals = [each.crystal for each in frames]
        batch = build_batch(crystals, self.config.cutoff, torch.get_default_dtype(), self.device)
        per_atom = state.network(batch.species, batch.edge_vectors, batch.edge_index)
        energy = per_atom.new_zeros(len(frames)).index_add(0, batch.structure_index, per_atom)
        labels = energy.new_tensor([each.energy for each in frames])
        error = ((energy - labels) / batch.atoms_per_structure).abs().mean()
        loss: torch.Tensor = settings.loss.energy * error
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(state.network.parameters(), settings.clip)
        state.advance(settings.ema, is_sound=bool(torch.isfinite(norm)))
        return float(loss.detach())

    def gflop(self) -> float:
        """Arithmetic of the matrix products of a step as it comes next, the mean of a few."""
        kept, spent, means = deepcopy(self.state), self.cpu_seconds, deepcopy(self.means)
        with Census() as census:
            for _ in range(COUNTED_STEPS):
                self.step()
        self.state, self.cpu_seconds, self.means = kept, spent, means
        return float(census.flop) / COUNTED_STEPS / 1e9


def train(run: Run, shards: str) -> list[dict[str, Any]]:
    """Train and measure; plain values for lines of the results.

    Args:
        run: What to train.
        shards: Pattern of the label shards.
    """
    with TemporaryDirectory() as folder:
        trainer = ExperimentTrainer(_settings(run, shards, Path(folder)), run)
        steps, gflop = _plan(trainer)
        first = run.energy_steps
        trainer.settings = replace(
            trainer.settings,
            num_steps=first + steps,
            warmup_steps=max(1, steps // 20),
            decay_steps=steps // 2,
        )
        reports: list[dict[str, Any]] = []
        trainer.run(reports.append)
        lines = [_line(trainer, gflop, run.name, reports[-1])]
        for decay, mean in trainer.means.items():
            trainer.state.average = mean
            errors = trainer.evaluate(trainer.validation).to_dict()
            lines.append(_line(trainer, gflop, f"{run.name}, mean {decay:g}", errors))
    return lines


def _settings(run: Run, shards: str, folder: Path) -> TrainSettings:
    """Settings of a run; the numbers of steps are placeholders."""
    model = run.model
    fraction = 0.04
    if run.subset:
        model = replace(model, species=run.subset.elements)
        fraction = run.subset.validation_fraction
        np.savez(folder / "subset.npz", allow_pickle=False, **_subset(run.subset, shards))
        shards = str(folder / "subset.npz")
    return TrainSettings(
        model=model,
        shards=shards,
        output=str(folder),
        batch_size=run.batch_size,
        num_steps=2,
        warmup_steps=1,
        decay_steps=1,
        learning_rate=3e-3,
        weight_decay=0.01,
        ema=MEAN,
        validation_fraction=fraction,
        seed=run.seed,
        evaluate_every=10**9,
        save_every=10**9,
    )


@cache
def _subset(subset: Subset, shards: str) -> dict[str, np.ndarray]:
    """Arrays of the frames that belong to a subset."""
    frames = read_shards(matching(shards))
    is_known = np.logical_and.reduceat(np.isin(frames.Z, subset.elements), frames.starts)
    chosen = is_known & np.isin(frames.kind, subset.kinds) & (frames.n <= subset.max_atoms)
    atoms = np.repeat(chosen, frames.n.astype(np.int64))
    arrays = {each.name: np.asarray(getattr(frames, each.name)) for each in fields(FrameSet)}
    return {
        name: values[atoms if len(values) == len(atoms) else chosen]
        for name, values in arrays.items()
    }


def _plan(trainer: ExperimentTrainer) -> tuple[int, float]:
    """Full steps of a run, and the arithmetic of all its steps in Gflop."""
    asked = trainer.asked
    early = trainer.gflop() if asked.energy_steps else 0.0
    trainer.asked = replace(asked, energy_steps=0)
    full = trainer.gflop()
    trainer.asked = asked
    steps = asked.num_steps or max(20, round(asked.gflop / full))
    return steps, steps * full + asked.energy_steps * early


def _line(
    trainer: ExperimentTrainer, gflop: float, name: str, errors: dict[str, Any]
) -> dict[str, Any]:
    run = trainer.asked
    measured = ("energy_mae", "energy_median", "energy_bias", "force_mae", "stress_mae")
    return {
        "key": replace(run, name=name).key,
        "experiment": run.experiment,
        "name": name,
        "seed": run.seed,
        "num_steps": trainer.state.step,
        "batch_size": run.batch_size,
        "parameters": sum(each.numel() for each in trainer.state.network.parameters()),
        "gflop": round(gflop, 1),
        "seconds": round(trainer.state.seconds, 1),
        "cpu_seconds": round(trainer.cpu_seconds, 1),
        "num_frames": errors["num_frames"],
        **{key: errors[key] for key in measured},
        "num_training_frames": len(trainer.training),
    }
