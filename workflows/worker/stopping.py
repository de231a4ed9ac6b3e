"""When a worker stops: a signal, the end of its allocation, the end of its supervisor."""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from workflows.worker.settings import seconds_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflows.worker.settings import WorkerSettings

SIGNALS = (signal.SIGTERM, signal.SIGINT)
KILLED_BY_SIGNAL = 128
OVERDUE = 70
"""Exit code of a worker whose job did not return in time; its work returns by itself."""
POLL_SECONDS = 0.25
SIGNALS_AT_ONCE = 64

log = logging.getLogger(__name__)


class Stopping:
    """Tells the job to hand its work back, and ends the process when it does not.

    Args:
        settings: When that is, and how long it may take.
        stop: The event that the job watches.
    """

    def __init__(self, settings: WorkerSettings, stop: threading.Event) -> None:
        self._settings = settings
        self._stop = stop
        self._is_over = threading.Event()
        self._deadline: float | None = None

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Heed signals and clocks while the block runs; for the main thread only."""
        heard, told = socket.socketpair()
        with heard, told:
            told.setblocking(False)  # noqa: FBT003  a method of the standard library
            # The main thread may be deep in a computation when a signal comes: the interpreter
            # writes its number here at once, and the watcher heeds it.
            descriptor = signal.set_wakeup_fd(told.fileno())
            before = {number: signal.signal(number, _left_to_the_watcher) for number in SIGNALS}
            watcher = threading.Thread(target=self._watch, args=(heard,), name="stopping")
            watcher.start()
            try:
                yield
            finally:
                self._is_over.set()
                watcher.join()
                for number, handler in before.items():
                    signal.signal(number, handler)
                signal.set_wakeup_fd(descriptor)

    def ask(self, why: str) -> None:
        """Ask the job to hand its work back and return."""
        if not self._stop.is_set():
            self._stop.set()
            log.warning("Stopping: %s.", why)

    def ask_urgently(self) -> None:
        """Ask as a signal does: who has not returned after the grace is ended."""
        self._deadline = self._deadline or time.monotonic() + self._settings.grace_seconds
        self._stop.set()

    def _watch(self, heard: socket.socket) -> None:
        while not self._is_over.is_set():
            ready, _, _ = select.select([heard], [], [], POLL_SECONDS)
            for number in heard.recv(SIGNALS_AT_ONCE) if ready else b"":
                self._heed(number)
            drain_at = self._settings.drain_at
            if drain_at is not None and seconds_until(drain_at) < 0.0:
                self.ask("the end of its time is near")
            if self._is_orphan():
                self.ask("its supervisor is gone")
            if self._is_overdue():
                log.error("The job did not return in time; what it held returns by itself.")
                logging.shutdown()
                os._exit(OVERDUE)

    def _heed(self, number: int) -> None:
        """Stop in order at the first signal, and at once at the second."""
        if number not in SIGNALS:
            return
        if self._deadline is not None:
            os._exit(KILLED_BY_SIGNAL + number)
        self.ask_urgently()
        log.warning("Stopping: %s asks for it.", signal.Signals(number).name)

    def _is_orphan(self) -> bool:
        return self._settings.supervisor is not None and os.getppid() != self._settings.supervisor

    def _is_overdue(self) -> bool:
        until = self._settings.until
        is_late = self._deadline is not None and time.monotonic() > self._deadline
        return is_late or (until is not None and seconds_until(until) < 0.0)


def _left_to_the_watcher(_number: int, _frame: object) -> None:
    """Keep a signal from ending the process; the watcher hears of it."""
