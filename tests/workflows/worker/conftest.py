"""Real worker processes on the database of a test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


class Workers:
    """Starts ``facet worker`` processes and ends those that are left."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._all = []

    def start(self, *options, **environment):
        command = [sys.executable, "-m", "workflows.cli.main", "worker", *options]
        log = (self._folder / f"worker-{len(self._all)}.log").open("w+")
        paths = f"{ROOT}{os.pathsep}{HERE}"
        process = subprocess.Popen(
            command,
            cwd=self._folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": paths, **environment},
        )
        self._all.append((process, log))
        return process

    def log_of(self, process) -> str:
        (log,) = [each for found, each in self._all if found is process]
        return Path(log.name).read_text()

    def end(self) -> None:
        for process, log in self._all:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()
            log.close()


@pytest.fixture
def workers(facet_environment, tmp_path):
    folder = tmp_path / "workers"
    folder.mkdir()
    started = Workers(folder)
    yield started
    started.end()


def wait_until(condition, seconds=60.0):
    """Wait for something that a worker does; False when it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture(name="wait_until")
def _wait_until():
    return wait_until
