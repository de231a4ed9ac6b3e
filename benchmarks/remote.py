"""A potential in a process of its own, spoken to by JSON lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from machine import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

WORKER = ROOT / "benchmarks" / "worker.py"
MODELS = ("facet", "mace", "sevennet", "mattersim")
WEIGHTS = {"mace": "mace_mp_small.model", "mattersim": "mattersim-v1.0.0-5M.pth"}
"""Files that ``make`` puts into the environment of a potential."""

ENVIRONMENT = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}


class WorkerLost(Exception):  # noqa: N818 (says what happened)
    """A worker ended or could not go on; the message says why."""


class Remote:
    """A potential in a process of its own.

    Attributes:
        name: Which potential.
        about: Its versions, parameters and cutoff.

    Args:
        name: Which potential.
        command: Interpreter, worker and options.

    Raises:
        WorkerLost: The potential could not be loaded.
    """

    def __init__(self, name: str, command: list[str]) -> None:
        self.name = name
        self._folder = tempfile.TemporaryDirectory()
        self._log = Path(self._folder.name, "stderr")
        with self._log.open("w") as log:
            # The command is made of the options of the one who runs the benchmark.
            self._process = subprocess.Popen(  # noqa: S603
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=os.environ | ENVIRONMENT,
            )
        self.about = self._reply()

    def ask(self, do: str, **values: object) -> dict[str, Any]:
        """Send a request and wait for its answer.

        Raises:
            WorkerLost: The worker ended, or answered with an error.
        """
        requests = self._process.stdin
        with suppress(BrokenPipeError):  # the missing reply will say why
            if requests is not None:
                requests.write(json.dumps({"do": do, **values}) + "\n")
                requests.flush()
        return self._reply()

    def close(self) -> None:
        """End the process."""
        with suppress(BrokenPipeError):
            self._process.communicate()
        self._folder.cleanup()

    def _reply(self) -> dict[str, Any]:
        replies = self._process.stdout
        line = replies.readline() if replies else ""
        if not line:
            self._process.wait()
            said = self._log.read_text().strip().splitlines() or ["it ended without a word"]
            raise WorkerLost(said[-1])
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            raise WorkerLost(reply["error"])
        return reply


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
        WorkerLost: It is not installed, or does not load.
    """
    folder = ROOT / f".venv-{name}"
    python = pythons.get(name, sys.executable if name == "facet" else folder / "bin" / "python")
    file = weights.get(name, folder / WEIGHTS[name] if name in WEIGHTS else None)
    for each in (python, file):
        if each is not None and not Path(each).exists():
            raise WorkerLost(f"{each} does not exist; `make {name}` installs it")
    command = [str(python), str(WORKER), name, *options]
    return Remote(name, command if file is None else [*command, "--weights", str(file)])
