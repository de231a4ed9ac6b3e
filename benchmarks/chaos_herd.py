"""Worker processes that are replaced when they die."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from pathlib import Path

SECONDS_TO_DRAIN = 60.0


@dataclass
class Herd:
    """Worker processes, each replaced when it dies.

    Attributes:
        folder: Where they run and log.
        number: How many.
        lease: In seconds.
        num_starts: Processes started so far.
    """

    folder: Path
    number: int
    lease: float
    num_starts: int = 0
    _alive: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def keep_full(self) -> None:
        """Replace those that died."""
        self._alive = [each for each in self._alive if each.poll() is None]
        while len(self._alive) < self.number:
            self._alive.append(self._start())

    def kill(self, pids: list[int], rng: random.Random) -> int | None:
        """Kill one of some processes that are ours, and return its id."""
        ours = [each for each in self._alive if each.pid in pids and each.poll() is None]
        if not ours:
            return None
        victim = rng.choice(ours)
        victim.kill()
        victim.wait()
        return victim.pid

    @property
    def pids(self) -> list[int]:
        """Process ids of those that live."""
        return [each.pid for each in self._alive if each.poll() is None]

    def drain(self) -> float:
        """Tell all to stop, and return how long the last one took, in seconds."""
        started = time.monotonic()
        for each in self._alive:
            with suppress(ProcessLookupError):
                each.send_signal(signal.SIGTERM)
        for each in self._alive:
            each.wait(SECONDS_TO_DRAIN)
        return time.monotonic() - started

    def end(self) -> None:
        """Kill whoever is left."""
        for each in self._alive:
            if each.poll() is None:
                each.kill()
            each.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        self.num_starts += 1
        command = [sys.executable, "-m", "workflows.cli.main", "worker", "--lease", str(self.lease)]
        with (self.folder / f"worker-{self.num_starts}.log").open("wb") as log:
            return subprocess.Popen(  # noqa: S603  our own program
                command, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )
