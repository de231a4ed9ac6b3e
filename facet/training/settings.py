"""What a training run does, read from a YAML file."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

import yaml

from facet.checkpoint import read_checkpoint, resolve
from facet.config import PRESETS, ModelConfig
from facet.errors import ConfigError
from facet.training.loss import LossWeights

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


PRECISIONS = ("highest", "high", "medium")
"""What torch calls single precision, TF32 and bfloat16 inside matrix products."""


@dataclass(frozen=True)
class TrainSettings:
    """Everything that decides the outcome of a training run.

    Attributes:
        model: Shape of the network; that of ``start_from`` where one is given.
        shards: Pattern of the label shards, relative to the config file; empty for none.
        data: Patterns of files of other formats (extended XYZ, ASE databases, JSON), which
            ``facet train`` converts to shards in the output folder.
        excluded_formulas: File with one reduced formula a line that no frame may have; empty for
            none.
        excluded: Files of structures whose reduced formulas no frame may have.
        output: Folder of checkpoints and logs, relative to the config file.
        loss: Weights of the loss.
        batch_size: Frames per step.
        batch_edges: Expected directed edges per step; if positive, a step takes as many frames as
            that allows instead of ``batch_size``.
        num_steps: Steps of the whole run, the final decay included.
        warmup_steps: Steps over which the learning rate rises.
        decay_steps: Last steps, over which the learning rate falls linearly to zero.
        learning_rate: Of AdamW, between warm-up and decay.
        weight_decay: Of matrices; vectors and tables are not decayed.
        ema: Decay per step of the running mean of weights that is evaluated and shipped.
        clip: Largest norm of the gradient.
        validation_fraction: Share of formula groups kept for validation; zero keeps none.
        validation_frames: Frames evaluated while training; the closing evaluation takes all.
        evaluate_every: Steps between evaluations.
        save_every: Steps between saved states.
        seed: Of weights and data order.
        start_from: Checkpoint or bundled name whose weights the run starts from; empty to start
            anew.
        replay: Pattern of shards mixed into every batch, so that a run that starts from a
            checkpoint does not forget what it knew; empty for none.
        replay_share: Share of replayed frames in a batch.
        refit_energies: Shift the energy of each element of ``start_from``, and of the replayed
            labels, by what explains the new energies best.
        device: Where the network runs, e.g. ``cpu`` or ``cuda``.
        matmul_precision: ``highest``, or ``high`` and ``medium`` for faster matrix products of
            less precision where the hardware has them.
    """

    model: ModelConfig
    shards: str = ""
    data: tuple[str, ...] = ()
    excluded_formulas: str = ""
    excluded: tuple[str, ...] = ()
    output: str = "runs/facet-s"
    loss: LossWeights = field(default_factory=LossWeights)
    batch_size: int = 16
    batch_edges: int = 0
    num_steps: int = 100_000
    warmup_steps: int = 500
    decay_steps: int = 10_000
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3
    ema: float = 0.999
    clip: float = 10.0
    validation_fraction: float = 0.04
    validation_frames: int = 512
    evaluate_every: int = 1000
    save_every: int = 250
    seed: int = 0
    start_from: str = ""
    replay: str = ""
    replay_share: float = 0.5
    refit_energies: bool = False
    device: str = "cpu"
    matmul_precision: str = "highest"

    def __post_init__(self) -> None:
        """Refuse nonsense before any work is done."""
        if min(self.batch_size, self.num_steps, self.evaluate_every, self.save_every) < 1:
            raise ConfigError("Batch size and step counts of a training run must be positive.")
        if not 0 <= self.validation_fraction < 1:
            raise ConfigError("validation_fraction must lie between 0 and 1.")
        if self.warmup_steps + self.decay_steps > self.num_steps:
            raise ConfigError("Warm-up and decay take more steps than the run has; lower them.")
        if not self.shards and not self.data:
            raise ConfigError("A training run needs labeled frames: name them as shards or data.")
        if self.replay and not 0 < self.replay_share < 1:
            raise ConfigError("replay_share must lie between 0 and 1.")
        if self.matmul_precision not in PRECISIONS:
            raise ConfigError(f"matmul_precision must be one of {', '.join(PRECISIONS)}.")

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


def read_settings(path: Path) -> TrainSettings:
    """Read a training config.

    Paths in it are relative to the folder of the file. ``model`` is a preset's name, or a mapping
    with ``preset`` and the values that differ from it.

    Raises:
        ConfigError: The file is missing, no YAML, or holds unknown keys.
    """
    try:
        values = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(
            f"The training config {path} cannot be read ({_reason(error)}): check that it is YAML."
        ) from error
    if not isinstance(values, dict) or not ({"model", "start_from"} & set(values)):
        raise ConfigError(f"The training config {path} needs at least `model` and `shards`.")
    unknown = sorted(set(values) - {each.name for each in fields(TrainSettings)})
    if unknown:
        raise ConfigError(f"The training config {path} holds unknown keys: {', '.join(unknown)}.")
    _place(values, path.parent)
    values["model"] = _model(values["model"]) if "model" in values else started(values)
    values["loss"] = LossWeights(**values.get("loss", {}))
    return TrainSettings(**{name: _number(value) for name, value in values.items()})


def _reason(error: Exception) -> str:
    """What is wrong with a file, in one line."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return str(getattr(error, "strerror", None) or error)


def _place(values: dict[str, Any], folder: Path) -> None:
    """Make paths relative to the folder of the config."""
    for key in ("shards", "excluded_formulas", "output", "replay"):
        if values.get(key):
            values[key] = str(folder / values[key])
    for key in ("data", "excluded"):
        given = values.get(key, ())
        names = [given] if isinstance(given, str) else given
        values[key] = tuple(str(folder / name) for name in names)
    if values.get("start_from"):
        beside = folder / values["start_from"]
        values["start_from"] = str(beside if beside.is_file() else values["start_from"])


def started(values: Mapping[str, Any]) -> ModelConfig:
    """Shape of the network that a run starts from.

    Raises:
        CheckpointError: The checkpoint cannot be read.
    """
    return read_checkpoint(resolve(values["start_from"]))[0]


def _number(value: object) -> Any:  # noqa: ANN401 (YAML values)
    """Read ``1e-3`` as a number: YAML 1.1 takes it for text."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _model(value: str | Mapping[str, Any]) -> ModelConfig:
    changes = {"preset": value} if isinstance(value, str) else dict(value)
    preset = changes.pop("preset", "facet-s")
    if preset not in PRESETS:
        raise ConfigError(f"There is no model preset {preset!r}; use one of {sorted(PRESETS)}.")
    base = PRESETS[preset]
    return ModelConfig.from_dict({**base.to_dict(), **changes})
