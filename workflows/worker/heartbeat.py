"""A thread that tells the database how its worker fares, and waits for it when it is away."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Self

import pymongo
from pymongo.errors import PyMongoError

from db.documents.worker import WorkerDoc
from db.errors import DbError
from db.patience import Wait, is_away, refuse_when_full
from db.transactions import server_time
from db.workers import save_heartbeat

if TYPE_CHECKING:
    from collections.abc import Callable

    from db.client import MongoDatabase
    from db.documents.worker import WorkerStatus
    from workflows.duty import Duty
    from workflows.worker.metrics import Tally

BEATS_PER_LEASE = 4.0
LONGEST_PAUSE_SECONDS = 15.0
SECONDS_FOR_A_BEAT = 5.0
SECONDS_FOR_THE_LAST_BEAT = 2.0

log = logging.getLogger(__name__)


class Heartbeat:
    """Beats while the block runs. It is also the one who revives a private server that died.

    Args:
        database: Hears the beats.
        duty: Of this worker.
        category: Kind of Fireworks that it takes.
        tally: What it has done.
        give_up: Ends the worker when there is no point in going on.
    """

    def __init__(
        self,
        database: MongoDatabase,
        duty: Duty,
        category: str,
        tally: Tally,
        give_up: Callable[[], None],
    ) -> None:
        self._database = database
        self._duty = duty
        self._category = category
        self._tally = tally
        self._give_up = give_up
        self._started_at = server_time(database)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self.message = ""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join(timeout=SECONDS_FOR_A_BEAT + SECONDS_FOR_THE_LAST_BEAT)
        with suppress(PyMongoError), pymongo.timeout(SECONDS_FOR_THE_LAST_BEAT):
            save_heartbeat(self._database, self._now("stopped"))

    def _beat(self) -> None:
        pause = min(self._duty.lease_seconds / BEATS_PER_LEASE, LONGEST_PAUSE_SECONDS)
        wait = Wait(self._database, self._is_over.is_set)
        while not self._is_over.is_set():
            try:
                with pymongo.timeout(SECONDS_FOR_A_BEAT):  # the client's own patience is longer
                    save_heartbeat(self._database, self._now(self._status()))
            except PyMongoError as error:
                if not self._goes_on_after(error, wait, pause):
                    return
                continue
            wait.done()
            self._tally.heartbeat_stored()
            self._is_over.wait(pause)

    def _goes_on_after(self, error: PyMongoError, wait: Wait, pause: float) -> bool:
        """Wait for the database; False when there is no point in it."""
        since = time.monotonic()
        try:
            refuse_when_full(error)
            if is_away(error):
                wait.once(error)
            else:
                log.warning("The database refused a heartbeat: %s", type(error).__name__)
                self._is_over.wait(pause)
        except DbError as end:  # the disk is full, or the worker is over
            if not self._is_over.is_set():
                log.error("%s", end)  # noqa: TRY400  a sentence, not a traceback
                self.message = str(end)
                self._give_up()
            return False
        finally:
            self._tally.database_was_away(time.monotonic() - since)
        return True

    def _status(self) -> WorkerStatus:
        if self._duty.stop.is_set():
            return "draining"
        return "working" if self._tally.is_working else "idle"

    def _now(self, status: WorkerStatus) -> WorkerDoc:
        return WorkerDoc(
            worker_id=self._duty.worker,
            host=socket.gethostname(),
            pid=os.getpid(),
            device=self._duty.device,
            category=self._category,
            status=status,
            lease_seconds=self._duty.lease_seconds,
            started_at=self._started_at,
            ends=self._tally.ends,
            num_fireworks=self._tally.num_fireworks,
            structures_per_second=round(self._tally.rate(), 3),
            message=self.message,
        )
