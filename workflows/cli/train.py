"""``facet train``."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from facet.errors import ConfigError
from facet.training.loop import Trainer
from facet.training.settings import read_settings
from workflows.cli.tables import print_json
from workflows.fine_tuning import FineTuning, with_split
from workflows.training_data import prepare

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from facet.training.settings import TrainSettings


def run_train(
    job: Path | FineTuning, excluded: Sequence[Path], *, resume: bool, as_json: bool
) -> int:
    """Train as a config file or a request says, and return the exit code.

    Args:
        job: Config file, or what to fine-tune.
        excluded: Files of structures whose formulas must not be trained on.
        resume: Go on from the last saved state.
        as_json: Print JSON at the end.
    """
    settings = _settings(job, excluded)
    trainer = Trainer(settings)
    if resume and trainer.resume():
        _say(f"Going on from step {trainer.state.step}.")
    if not len(trainer.validation):
        _say("All new frames are trained on: no formula is held out to measure errors.")
    progress = _Progress(settings.num_steps, trainer.state.step, trainer.state.seconds)
    path = trainer.run(progress.report)
    if as_json:
        print_json({"checkpoint": str(path), "history": progress.history})
    else:
        sys.stdout.write(f"The checkpoint is {path}\n")
    return 0


def chosen_job(
    config: Path | None, tuning: FineTuning | None, *, is_tuning: bool
) -> Path | FineTuning:
    """Return what shall run.

    Args:
        config: Config file.
        tuning: Complete request for fine-tuning.
        is_tuning: Whether anything was said that only fine-tuning understands.

    Raises:
        ConfigError: Both are given, none, or a part of a request.
    """
    if config is not None and not is_tuning:
        return config
    if tuning is not None and config is None:
        return tuning
    raise ConfigError(
        "Give either a training config alone, or --from, --data and --out together (with --replay, "
        "--steps and --refit-energies if you like) to fine-tune a potential."
    )


def _settings(job: Path | FineTuning, excluded: Sequence[Path]) -> TrainSettings:
    """Settings of a run whose data is ready to be read."""
    settings = job.settings() if isinstance(job, FineTuning) else read_settings(job)
    more = tuple(str(path) for path in excluded)
    settings = replace(settings, excluded=(*settings.excluded, *more))
    prepare(settings, _say)
    return with_split(settings) if isinstance(job, FineTuning) else settings


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


@dataclass
class _Progress:
    """What a run reports, told as lines with the time that is left."""

    num_steps: int
    step: int
    seconds: float

    def __post_init__(self) -> None:
        self.history: list[dict[str, Any]] = []
        self.pace: float | None = None

    def report(self, values: dict[str, Any]) -> None:
        """Keep values and show them."""
        self.history.append(values)
        if values["step"] > self.step:
            self.pace = (values["seconds"] - self.seconds) / (values["step"] - self.step)
            self.step, self.seconds = values["step"], values["seconds"]
        shown = [f"step {self.step}/{self.num_steps}"]
        if self.pace is not None:
            left = self.pace * (self.num_steps - self.step) / 60
            shown.append(f"{self.pace:.2f} s/step, {left:.0f} min left")
        hidden = {"step", "seconds"}
        shown += [f"{k} {v}" for k, v in values.items() if v is not None and k not in hidden]
        _say("  ".join(shown))
