"""Renewing the leases of a running job, and noticing that it has to stop."""

from __future__ import annotations

import time
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING, Self, TypeVar

from db.errors import DatabaseUnreachableError
from db.patience import patiently

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from db.client import MongoDatabase
    from db.leases import Leases
    from workflows.duty import Duty

Answer = TypeVar("Answer")

BEATS_PER_LEASE = 4
POLL_SECONDS = 0.1
GRACE_SECONDS = 6.0
"""How long a job that has to stop still tries to reach a database that is away."""


class Heartbeat:
    """A thread that keeps the leases of a job alive while the block runs.

    Args:
        database: Holds the leases.
        leases: What is renewed.
        duty: Says when this process has to stop.
        is_wanted: Whether anybody still waits for the job; asked of the database at every beat.
    """

    def __init__(
        self,
        database: MongoDatabase,
        leases: Leases,
        duty: Duty,
        is_wanted: Callable[[], bool],
    ) -> None:
        self._database = database
        self._leases = leases
        self._duty = duty
        self._is_wanted = is_wanted
        self._interrupts: tuple[Callable[[], None], ...] = ()
        self._has_ended = Event()
        self._stopped_at: float | None = None
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._has_ended.set()
        self._thread.join()

    @property
    def must_stop(self) -> bool:
        """Whether the job has to hand back what it has.

        Raises:
            Exception: Why the leases cannot be renewed.
        """
        if self._failure is not None:
            raise self._failure
        if self._duty.stop.is_set():
            self._stop()
        return self._stopped_at is not None

    def is_over(self) -> bool:
        """Whether there is no more time to wait for a database that is away."""
        since = self._stopped_at
        return self._failure is not None or (
            since is not None and time.monotonic() - since > GRACE_SECONDS
        )

    def ask(self, operation: Callable[[], Answer]) -> Answer:
        """Ask the database, and wait for it while there is time.

        Raises:
            DatabaseUnreachableError: There is no more time.
        """
        return patiently(operation, self._database, self.is_over)

    def watch(self, *interrupts: Callable[[], None]) -> None:
        """Call functions, from any thread, when the job has to stop."""
        self._interrupts = interrupts
        if self._stopped_at is not None:
            self._stop()

    @contextmanager
    def hurrying_on_errors(self) -> Iterator[None]:
        """Once something is wrong in the block, wait for a database that is away no longer."""
        try:
            yield
        except BaseException:
            self._stop()
            raise

    def pause(self, seconds: float) -> None:
        """Wait a while, less if the job has to stop."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self.must_stop:
            time.sleep(POLL_SECONDS)

    def _run(self) -> None:
        interval = self._duty.lease_seconds / BEATS_PER_LEASE
        beat_at = time.monotonic() + interval
        while not self._has_ended.wait(POLL_SECONDS):
            if self._duty.stop.is_set():
                self._stop()
            if time.monotonic() >= beat_at:
                self._beat()
                beat_at = time.monotonic() + interval

    def _beat(self) -> None:
        try:
            patiently(self._leases.renew, self._database, self._is_over_for_thread)
            if not patiently(self._is_wanted, self._database, self._is_over_for_thread):
                self._stop()
        except DatabaseUnreachableError:  # the job has ended or has to stop: nothing to renew
            return
        except Exception as error:  # noqa: BLE001 (raised again in the job's own thread)
            self._failure = error
            self._stop()

    def _is_over_for_thread(self) -> bool:
        return self._has_ended.is_set() or self._duty.stop.is_set()

    def _stop(self) -> None:
        if self._stopped_at is None:
            self._stopped_at = time.monotonic()
        for interrupt in self._interrupts:
            interrupt()
