"""One worker process: takes Fireworks until it is told to stop or nothing is left."""

from __future__ import annotations

import importlib
import logging
import time
from contextlib import ExitStack
from threading import Event
from typing import TYPE_CHECKING

from pymongo.errors import PyMongoError

from db.client import open_database
from db.errors import DatabaseFullError, DatabaseUnreachableError, DbError
from db.patience import Wait, is_away, refuse_when_full
from db.settings import settings_from_environment
from workflows.duty import Duty, new_worker_name, on_duty
from workflows.launch import job_store, launchpad, use_job_store
from workflows.worker.heartbeat import Heartbeat
from workflows.worker.logs import set_up_logs
from workflows.worker.metrics import Tally, metrics_served
from workflows.worker.rockets import Rockets
from workflows.worker.settings import keep_paths
from workflows.worker.stopping import Stopping
from workflows.worker.upkeep import Upkeep

if TYPE_CHECKING:
    from db.client import MongoDatabase
    from workflows.worker.settings import WorkerSettings

PATIENCE_SECONDS = 900.0
"""How long one read or write of FireWorks is repeated; what fails after it is mended by upkeep."""
MODULES_OF_JOBS = ("workflows.campaign",)
"""Imported at the start: to end one job FireWorks reads all of its workflow, maybe in a hurry."""
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0

log = logging.getLogger(__name__)


def run_worker(settings: WorkerSettings) -> None:
    """Be a worker of the database of the environment until there is a reason to stop.

    Raises:
        DbError: The database cannot be used, or has no disk space left.
        ConfigError: Metrics cannot be served where they should be.
    """
    duty = Duty(
        new_worker_name(), settings.device, settings.lease_seconds, can_requeue=True, stop=Event()
    )
    set_up_logs(settings.log_format, duty.worker, settings.label)
    db_settings = settings_from_environment()
    keep_paths(db_settings)
    for name in MODULES_OF_JOBS:
        importlib.import_module(name)
    tally = Tally()
    with ExitStack() as stack:
        stopping = Stopping(settings, duty.stop)
        stack.enter_context(stopping.watched())
        port = stack.enter_context(
            metrics_served(tally, settings.metrics_host, settings.metrics_port)
        )
        if port is not None:
            log.info("Metrics are at http://%s:%d/metrics.", settings.metrics_host, port)
        database = stack.enter_context(open_database(db_settings, PATIENCE_SECONDS))
        stack.enter_context(on_duty(duty))
        stack.enter_context(use_job_store(job_store(database)))
        heart = stack.enter_context(
            Heartbeat(database, duty, settings.category, tally, stopping.ask_urgently)
        )
        log.info("Worker %s takes %r jobs.", duty.worker, settings.category)
        Shift(database, duty, settings, tally).work()
    if heart.message:
        raise DatabaseFullError(heart.message)
    log.info("Worker %s has stopped.", duty.worker)


class Shift:
    """The time that a worker spends with one database.

    Args:
        database: Holds the LaunchPad.
        duty: Of this worker.
        settings: How it behaves.
        tally: Counts what it does.
    """

    def __init__(
        self, database: MongoDatabase, duty: Duty, settings: WorkerSettings, tally: Tally
    ) -> None:
        pad = launchpad(database)
        self._duty = duty
        self._settings = settings
        self._rockets = Rockets(pad, duty, settings.category, tally)
        self._upkeep = Upkeep(pad, duty.worker, settings.category, settings.lease_seconds)
        self._wait = Wait(database, duty.stop.is_set)
        self._pause = FIRST_PAUSE_SECONDS
        self._last_job = time.monotonic()

    def work(self) -> None:
        """Take one Firework after the other; return when it is time to stop."""
        with self._rockets.prepared():
            while not self._duty.stop.is_set():
                try:
                    is_over = self._once()
                except (PyMongoError, DbError, RuntimeError) as error:
                    is_over = not self._goes_on_after(error)
                if is_over:
                    return

    def _once(self) -> bool:
        """Look after others, run a Firework or rest; True when there is a reason to leave."""
        self._upkeep.when_due()
        has_run = self._rockets.launch()
        self._wait.done()
        if has_run:
            self._pause = FIRST_PAUSE_SECONDS
            self._last_job = time.monotonic()
            return False
        if self._is_time_to_leave():
            return True
        self._duty.stop.wait(self._pause)
        self._pause = min(1.5 * self._pause, LONGEST_PAUSE_SECONDS)
        return False

    def _is_time_to_leave(self) -> bool:
        limit = self._settings.max_idle_seconds
        if limit is not None and time.monotonic() - self._last_job >= limit:
            log.info("Nothing to do for %.0f s; leaving.", limit)
            return True
        if self._settings.exit_when_idle and self._is_nothing_left():
            log.info("Nothing is left to run; leaving.")
            return True
        return False

    def _is_nothing_left(self) -> bool:
        """Whether nothing can run any more, here or elsewhere, even after all is looked after.

        The last worker may not leave work behind that a dead one left half done.
        """
        if self._rockets.is_anything_left():
            return False
        self._upkeep.once()
        return not (self._upkeep.is_waiting_to_rerun or self._rockets.is_anything_left())

    def _goes_on_after(self, error: Exception) -> bool:
        """Wait while the database is away; False when the worker stops meanwhile.

        Raises:
            DatabaseFullError: The server has no disk space left.
            PyMongoError: The server refuses.
        """
        refuse_when_full(error)
        try:
            if is_away(error):
                self._wait.once(error)
            elif isinstance(error, PyMongoError | DatabaseFullError):
                raise error
            else:  # FireWorks stumbled over one workflow; others go on, and upkeep mends it
                log.error("A launch was cut off: %s", _first_line(error))
                self._duty.stop.wait(self._pause)
        except DatabaseUnreachableError:
            return False
        return True


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[-1]
