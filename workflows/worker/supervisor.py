"""Several workers on one machine: one process for each GPU or core, started again when it dies."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from facet.errors import ConfigError
from workflows.worker.logs import set_up_logs
from workflows.worker.settings import visible_gpus
from workflows.worker.stopping import SIGNALS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflows.worker.settings import WorkerSettings

POLL_SECONDS = 0.2
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
SECONDS_OF_A_GOOD_LIFE = 60.0
MOST_EARLY_DEATHS = 8
LONG_NAMES = ("GPU-", "MIG-")
"""Beginnings of names that NVIDIA gives GPUs and parts of them."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """Where one child works.

    Attributes:
        label: Its name in the log.
        device: Where its potentials run, as it sees it.
        environment: Variables that differ from ours.
    """

    label: str
    device: str | None
    environment: dict[str, str] = field(default_factory=dict)


def places_on_gpus(devices: str, processes: int) -> list[Place]:
    """Return places that see one GPU each.

    Args:
        devices: ``all``, or GPUs as ``CUDA_VISIBLE_DEVICES`` names them, joined by commas.
        processes: Workers on each.

    Raises:
        ConfigError: No GPU is visible, or not one of those that are named.
    """
    visible = visible_gpus()
    named = visible if devices == "all" else [each.strip() for each in devices.split(",")]
    unknown = [each for each in named if each not in visible and not each.startswith(LONG_NAMES)]
    if unknown:
        raise ConfigError(
            f"GPU {', '.join(unknown)} is not visible here; give all, or some of "
            f"{', '.join(visible)}."
        )
    return [
        Place(f"gpu{gpu}.{index}", "cuda:0", {"CUDA_VISIBLE_DEVICES": gpu})
        for gpu in named
        for index in range(processes)
    ]


def places_on_cpu(processes: int, device: str | None) -> list[Place]:
    """Return places that share the cores of this machine."""
    threads = max(1, len(os.sched_getaffinity(0)) // processes) if processes > 1 else None
    shared = {} if threads is None or "OMP_NUM_THREADS" in os.environ else _threads(threads)
    return [Place(f"cpu.{index}", device, shared) for index in range(processes)]


def supervise(settings: WorkerSettings, places: Sequence[Place]) -> bool:
    """Keep a worker running at each place until all have ended by themselves.

    Signals are passed on. A child that dies is replaced, later and later; one that dies at once
    again and again is given up.

    Returns:
        Whether all ended in order.
    """
    set_up_logs(settings.log_format, f"supervisor-{os.getpid()}", "supervisor")
    children = [_Child(settings, place, index) for index, place in enumerate(places)]
    stop = threading.Event()

    def pass_on(number: int, _frame: object) -> None:
        stop.set()
        for child in children:
            child.send(number)

    before = {number: signal.signal(number, pass_on) for number in SIGNALS}
    try:
        # A list, not a generator: each child has to be looked after each time.
        while sum([child.is_wanted(is_stopping=stop.is_set()) for child in children]):
            time.sleep(POLL_SECONDS)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for child in children:
            child.send(signal.SIGTERM)
    return not any(child.is_given_up for child in children)


class _Child:
    """One worker process and its successors."""

    def __init__(self, settings: WorkerSettings, place: Place, index: int) -> None:
        self._settings = settings
        self._place = place
        self._index = index
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._pause = FIRST_PAUSE_SECONDS
        self._next_start = 0.0
        self._num_early_deaths = 0
        self._is_done = False
        self.is_given_up = False

    def is_wanted(self, *, is_stopping: bool) -> bool:
        """Look after the process; False when it has ended for good."""
        if self._process is not None and self._process.poll() is not None:
            self._bury(self._process.returncode, is_stopping=is_stopping)
        if self._process is None and (is_stopping or self.is_given_up):
            self._is_done = True
        if self._process is None and not self._is_done and time.monotonic() >= self._next_start:
            self._start()
        return not self._is_done

    def send(self, number: int) -> None:
        """Pass a signal on."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    def _start(self) -> None:
        self._started = time.monotonic()
        self._process = subprocess.Popen(  # noqa: S603  our own program with our own options
            [sys.executable, "-m", "workflows.cli.main", "worker", *self._options()],
            env={**os.environ, **self._place.environment},
            start_new_session=True,  # Ctrl-C at the terminal reaches it through us, once
        )

    def _bury(self, code: int, *, is_stopping: bool) -> None:
        """Decide what follows the end of the process."""
        self._process = None
        lived = time.monotonic() - self._started
        if code == 0:
            self._is_done = True
            return
        log.warning("Worker %s died (%s) after %.0f s.", self._place.label, _cause(code), lived)
        if lived > SECONDS_OF_A_GOOD_LIFE:
            self._pause, self._num_early_deaths = FIRST_PAUSE_SECONDS, 0
        self._num_early_deaths += 1
        self._next_start = time.monotonic() + self._pause
        self._pause = min(2.0 * self._pause, LONGEST_PAUSE_SECONDS)
        if self._num_early_deaths >= MOST_EARLY_DEATHS and not is_stopping:
            self.is_given_up = True
            log.error("Worker %s is given up: it dies again and again.", self._place.label)

    def _options(self) -> list[str]:
        """The command line that gives a child our settings."""
        told = self._settings
        options = ["--label", self._place.label, "--supervisor", str(os.getpid())]
        options += ["--category", told.category, "--lease", str(told.lease_seconds)]
        options += ["--log-format", told.log_format, "--margin", str(told.margin_seconds)]
        if self._place.device is not None:
            options += ["--device", self._place.device]
        if told.until is not None:
            options += ["--until", told.until.isoformat()]
        if told.exit_when_idle:
            options.append("--exit-when-idle")
        if told.max_idle_seconds is not None:
            options += ["--max-idle", str(told.max_idle_seconds)]
        if told.metrics_port is not None:
            port = told.metrics_port + self._index if told.metrics_port else 0
            options += ["--metrics-port", str(port), "--metrics-host", told.metrics_host]
        return options


def _threads(number: int) -> dict[str, str]:
    return {"OMP_NUM_THREADS": str(number)}


def _cause(code: int) -> str:
    """Say in words how a process ended."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
