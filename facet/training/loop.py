"""The training loop: read, step, measure, save, and go on exactly where a killed run stopped."""

from __future__ import annotations

import json
import platform
import time
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from facet.checkpoint import fingerprint, read_checkpoint, save_checkpoint
from facet.config import ModelConfig
from facet.derivatives import energy_forces_stress
from facet.errors import DataError
from facet.facet_potential import ENERGY_SCHEME, FacetPotential
from facet.graph.neighbors import build_batch
from facet.nn.network import FacetNetwork
from facet.training.evaluate import Errors, measure
from facet.training.labels import FrameSet, read_shards
from facet.training.loss import Targets, total_loss
from facet.training.optimizers import build_optimizers, schedule
from facet.training.references import fit_species_shift, mean_neighbors, rms_force
from facet.training.split import validation_mask
from facet.training.state import TrainState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from facet.graph.batch import GraphBatch
    from facet.training.labels import Frame
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
        self.frames = read_shards(_matching(settings.shards))
        self.training, self.validation = divide(self.frames, settings)
        torch.manual_seed(settings.seed)
        self.config, network = self._initial_network()
        self.state = TrainState(
            network=network,
            optimizers=build_optimizers(network, settings),
            average={k: v.detach().clone() for k, v in network.state_dict().items()},
        )

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
        losses: list[float] = []
        while self.state.step < self.settings.num_steps:
            started = time.perf_counter()
            losses.append(self._step())
            self.state.seconds += time.perf_counter() - started
            step = self.state.step
            if step % self.settings.save_every == 0 or step == self.settings.num_steps:
                self.state.save(self.state_path)
                report(self._progress(losses))
                losses.clear()
            if step % self.settings.evaluate_every == 0:
                report(self._log(self.evaluate(self.validation[: self.settings.validation_frames])))
        report(self._log(self.evaluate(self.validation), name="final"))
        return self.folder / "final.safetensors"

    def evaluate(self, indices: np.ndarray) -> Errors:
        """Measure the averaged weights on frames."""
        network = FacetNetwork(self.config)
        network.load_state_dict(self.state.average)
        return measure(FacetPotential(network, "", {}), self.frames.frames(indices))

    def _initial_network(self) -> tuple[ModelConfig, FacetNetwork]:
        if self.settings.start_from:
            config, weights, _ = read_checkpoint(Path(self.settings.start_from))
            network = FacetNetwork(config)
            network.load_state_dict(weights)
            return config, network
        sample = np.random.default_rng(0).permutation(self.training)[:1000]
        frames = list(self.frames.frames(sample))
        values = self.settings.model.to_dict()
        values["mean_neighbors"] = mean_neighbors(frames, self.settings.model.cutoff)
        config = ModelConfig.from_dict(values)
        network = FacetNetwork(config)
        shift = fit_species_shift(self.frames, self.training, config.species)
        network.readout.rescale(rms_force(frames), torch.as_tensor(shift))
        return config, network

    def _step(self) -> float:
        settings, state = self.settings, self.state
        state.set_learning_rate(settings.learning_rate * schedule(state.step, settings))
        batch, targets = _collate(list(self.frames.frames(self._indices())), self.config.cutoff)
        prediction = energy_forces_stress(state.network, batch, create_graph=True)
        loss = total_loss(prediction, targets, batch, settings.loss)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(state.network.parameters(), settings.clip)
        state.advance(settings.ema, is_sound=bool(torch.isfinite(norm)))
        return float(loss.detach())

    def _indices(self) -> np.ndarray:
        """Frames of the present step: a permutation per pass that only the seed decides."""
        size = self.settings.batch_size
        steps_per_pass = max(1, len(self.training) // size)
        epoch, place = divmod(self.state.step, steps_per_pass)
        order = _order(self.settings.seed, epoch, len(self.training))
        chosen: np.ndarray = self.training[order[place * size : (place + 1) * size]]
        return chosen

    def _progress(self, losses: Sequence[float]) -> dict[str, Any]:
        return {
            "step": self.state.step,
            "loss": round(float(np.mean(losses)), 4) if losses else None,
            "seconds": round(self.state.seconds, 1),
        }

    def _log(self, errors: Errors, name: str = "last") -> dict[str, Any]:
        """Append errors to the log and write a checkpoint with its training card."""
        entry = {**self._progress([]), **errors.to_dict()}
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps(entry) + "\n")
        card = {
            "energy_scheme": ENERGY_SCHEME,
            "settings": self.settings.to_dict(),
            "data_sha256": self.data_sha256,
            "num_training_frames": len(self.training),
            "validation": entry,
            "hardware": platform.processor() or platform.machine(),
            "torch": torch.__version__,
            "weights_sha256": fingerprint(self.config, self.state.average),
        }
        path = self.folder / f"{name}.safetensors"
        save_checkpoint(path, self.config, self.state.average, card)
        return entry


def divide(frames: FrameSet, settings: TrainSettings) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of training and validation frames; validation in a fixed random order.

    Raises:
        DataError: A frame has a formula that the settings exclude, or one side is empty.
    """
    formulas = frames.formulas()
    if settings.excluded_formulas:
        _refuse_excluded(formulas, Path(settings.excluded_formulas))
    parents = [str(each) for each in frames.id]
    is_validation = validation_mask(formulas, parents, settings.validation_fraction)
    if is_validation.all() or not is_validation.any():
        raise DataError(
            f"With validation_fraction {settings.validation_fraction} all frames fall on one side "
            "of the split; choose another fraction, or label frames of more formulas."
        )
    order = np.random.default_rng(1).permutation(np.flatnonzero(is_validation))
    return np.flatnonzero(~is_validation), order


@lru_cache(maxsize=1)
def _order(seed: int, epoch: int, num_frames: int) -> np.ndarray:
    """Order of the frames in one pass, kept for all its steps."""
    return np.random.default_rng((seed, epoch)).permutation(num_frames)


def _refuse_excluded(formulas: Sequence[tuple[tuple[int, int], ...]], path: Path) -> None:
    excluded = set(path.read_text().split())
    for formula in set(formulas):
        name = "".join(f"{number}-{count};" for number, count in formula)
        if name in excluded:
            raise DataError(
                f"A training frame has the formula {name} (atomic number-count), which {path} "
                "keeps for testing; remove such frames from the shards."
            )


def _collate(frames: Sequence[Frame], cutoff: float) -> tuple[GraphBatch, Targets]:
    batch = build_batch([each.crystal for each in frames], cutoff, torch.get_default_dtype())
    dtype = batch.positions.dtype
    targets = Targets(
        energy=torch.tensor([each.energy for each in frames], dtype=torch.float64),
        forces=torch.as_tensor(np.concatenate([each.forces for each in frames])).to(dtype),
        stress=torch.as_tensor(np.stack([each.stress for each in frames])).to(dtype),
    )
    return batch, targets


def _matching(pattern: str) -> list[Path]:
    """Files whose names match a pattern, sorted; the folder is taken as it is written."""
    path = Path(pattern)
    return sorted(path.parent.glob(path.name))
