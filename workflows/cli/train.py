"""``facet train``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from facet.training.loop import Trainer
from facet.training.settings import read_settings
from workflows.cli.tables import print_json

if TYPE_CHECKING:
    from pathlib import Path


def run_train(config: Path, *, resume: bool, as_json: bool) -> int:
    """Train as a config file says and return the exit code."""
    trainer = Trainer(read_settings(config))
    if resume and trainer.resume():
        sys.stderr.write(f"Going on from step {trainer.state.step}.\n")
    history: list[dict[str, Any]] = []

    def report(values: dict[str, Any]) -> None:
        history.append(values)
        sys.stderr.write("  ".join(f"{k} {v}" for k, v in values.items() if v is not None) + "\n")

    path = trainer.run(report)
    if as_json:
        print_json({"checkpoint": str(path), "history": history})
    else:
        sys.stdout.write(f"The checkpoint is {path}\n")
    return 0
