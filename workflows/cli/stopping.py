"""Stopping in order at the first signal, and at once at the second."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager, suppress
from threading import Event
from typing import TYPE_CHECKING

from workflows.duty import Duty, new_worker_name, on_duty

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNALS = (signal.SIGTERM, signal.SIGINT)
KILLED_BY_SIGNAL = 128
HANDING_BACK = "Stopping: crystals in flight are handed back; once more to leave at once.\n"


@contextmanager
def stopping_in_order(device: str | None = None) -> Iterator[Event]:
    """Let a signal tell the jobs that run inside the block to hand their crystals back.

    Args:
        device: Where potentials run; None where they would by themselves.

    Yields:
        What is set by the first signal; the second one raises ``SystemExit``.
    """
    stop = Event()

    def heed(number: int, _frame: object) -> None:
        if stop.is_set():
            sys.exit(KILLED_BY_SIGNAL + number)
        stop.set()
        with suppress(RuntimeError):  # the signal came in the midst of another line
            sys.stderr.write(HANDING_BACK)

    before = {number: signal.signal(number, heed) for number in SIGNALS}
    try:
        with on_duty(Duty(new_worker_name(), device, stop=stop)):
            yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
