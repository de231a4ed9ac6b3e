"""A potential in a process of its own, spoken to by JSON lines."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from machine import ROOT

from workflows.lines import LineProcess, ProcessLostError

if TYPE_CHECKING:
    from collections.abc import Mapping

WORKER = ROOT / "benchmarks" / "worker.py"
MODELS = ("facet", "mace", "sevennet", "mattersim")
WEIGHTS = {"mace": "mace_mp_small.model", "mattersim": "mattersim-v1.0.0-5M.pth"}
"""Files that ``make`` puts into the environment of a potential."""

ENVIRONMENT = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}


class Remote:
    """A potential in a process of its own.

    Attributes:
        name: Which potential.
        about: Its versions, parameters and cutoff.

    Args:
        name: Which potential.
        command: Interpreter, worker and options.

    Raises:
        ProcessLostError: The potential could not be loaded.
    """

    def __init__(self, name: str, command: list[str]) -> None:
        self.name = name
        self._process = LineProcess(command, os.environ | ENVIRONMENT)
        self.about = self._process.first

    def ask(self, do: str, **values: object) -> dict[str, Any]:
        """Send a request and wait for its answer.

        Raises:
            ProcessLostError: The worker ended, or answered with an error.
        """
        self._process.send({"do": do, **values})
        return self._process.reply()

    def close(self) -> None:
        """End the process."""
        self._process.close()


def start(
    name: str, options: list[str], pythons: Mapping[str, Path], weights: Mapping[str, Path]
) -> Remote:
    """Start the worker of a potential in its environment.

    Args:
        name: One of ``MODELS``.
        options: Options that all workers share.
        pythons: Interpreters that were named on the command line.
        weights: Files that were named on the command line.

    Raises:
        ProcessLostError: It is not installed, or does not load.
    """
    folder = ROOT / f".venv-{name}"
    python = pythons.get(name, sys.executable if name == "facet" else folder / "bin" / "python")
    file = weights.get(name, folder / WEIGHTS[name] if name in WEIGHTS else None)
    for each in (python, file):
        if each is not None and not Path(each).exists():
            raise ProcessLostError(f"{each} does not exist; `make {name}` installs it")
    command = [str(python), str(WORKER), name, *options]
    return Remote(name, command if file is None else [*command, "--weights", str(file)])
