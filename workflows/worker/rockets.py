"""Launching one Firework after the other in this process."""

from __future__ import annotations

import io
import logging
import os
import re
import shutil
import tempfile
import threading
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fireworks import FWorker
from fireworks.core import rocket

from db.documents import CampaignDoc
from db.errors import DatabaseFullError
from db.patience import refuse_when_full
from workflows.progress import listening
from workflows.worker.logs import redacted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflows.duty import Duty
    from workflows.patient_launchpad import LaunchEnded, PatientLaunchPad
    from workflows.worker.metrics import Tally

PINGS_PER_LEASE = 4.0
RESTING = ("paused", "cancelled")
"""What users want of campaigns whose Fireworks are left alone."""

PRINTING_LOGGERS = ("jobflow", "rocket.launcher")
AN_ERROR = re.compile(
    r"^[A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit)?(?:: .*)?$", re.MULTILINE
)

log = logging.getLogger(__name__)


class Rockets:
    """Takes Fireworks of one category and runs them here.

    Args:
        pad: Where they are taken from.
        duty: Of this worker.
        category: Kind of Fireworks that it takes.
        tally: Counts them.
    """

    def __init__(self, pad: PatientLaunchPad, duty: Duty, category: str, tally: Tally) -> None:
        self._pad = pad
        self._duty = duty
        self._category = category
        self._tally = tally

    @contextmanager
    def prepared(self) -> Iterator[None]:
        """Let rockets ping as often as a lease demands and leave no files, while the block runs."""
        before = rocket.PING_TIME_SECS, rocket.PRINT_FW_JSON
        # FireWorks reads both from a file when it is first imported; this is the only other way.
        rocket.PING_TIME_SECS = self._duty.lease_seconds / PINGS_PER_LEASE
        rocket.PRINT_FW_JSON = False
        try:
            yield
        finally:
            rocket.PING_TIME_SECS, rocket.PRINT_FW_JSON = before

    def launch(self) -> bool:
        """Run the next Firework that is ready; False when there is none.

        Raises:
            DatabaseFullError: The job found the server's disk full.
        """
        fworker = FWorker(self._duty.worker, category=self._category, query=self._not_resting())
        ready = self._pad.fireworks.find_one({**fworker.query, "state": "READY"}, {"name": 1})
        if ready is None:
            return False
        self._pad.last_ended = None
        with _launch_folder(), self._tally.working(), listening(self._tally.crystal_ended):
            has_run = bool(_run_quietly(self._pad, fworker))
        ended = self._pad.last_ended
        if ended is not None:
            self._tell(ended, str(ready.get("name", "")))
        return has_run

    def is_anything_left(self) -> bool:
        """Whether Fireworks are ready or run, here or elsewhere; others can only follow those."""
        where = {
            "spec._category": self._category,
            "state": {"$in": ["READY", "RESERVED", "RUNNING"]},
            **self._not_resting(),
        }
        return self._pad.fireworks.find_one(where, {"_id": 1}) is not None

    def _not_resting(self) -> dict[str, Any]:
        """Leave the Fireworks of paused and canceled campaigns alone."""
        resting = self._pad.db[CampaignDoc.collection].find(
            {"control": {"$in": list(RESTING)}}, {"_id": 1}
        )
        ids = [each["_id"] for each in resting]
        return {"spec.campaign_id": {"$nin": ids}} if ids else {}

    def _tell(self, ended: LaunchEnded, name: str) -> None:
        """Count and log how a launch ended."""
        self._tally.firework_ended(ended.state)
        if ended.state == "COMPLETED":
            log.info("Launch %d is done.", ended.launch_id, extra={"launch_id": ended.launch_id})
            return
        reason = last_error(ended.traceback)
        log.error(
            "Launch %d (%s) failed: %s",
            ended.launch_id,
            name,
            reason,
            extra={"launch_id": ended.launch_id, "reason": reason},
        )
        if DatabaseFullError.__name__ in reason:
            raise DatabaseFullError(reason.partition(": ")[2])
        refuse_when_full(RuntimeError(reason))


class Logged(io.TextIOBase):
    """Takes what a job prints as errors, so that logs stay one format without passwords."""

    def __init__(self) -> None:
        super().__init__()
        self._own = threading.local()

    def write(self, text: str) -> int:
        """Log each line that is complete."""
        if getattr(self._own, "is_logging", False):  # a log that fails prints its failure
            return len(text)
        *lines, self._own.rest = (getattr(self._own, "rest", "") + text).split("\n")
        self._own.is_logging = True
        try:
            for line in filter(str.strip, lines):
                log.info("%s", line)
        finally:
            self._own.is_logging = False
        return len(text)


def last_error(traceback: str) -> str:
    """Return the last error of a traceback, as one line without secrets."""
    errors = AN_ERROR.findall(traceback)
    return redacted(errors[-1] if errors else "no reason was given")


def _run_quietly(pad: PatientLaunchPad, fworker: FWorker) -> bool:
    """Run a rocket without what FireWorks and jobflow print, which they log too."""
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(Logged()):
        try:
            has_run: bool = rocket.Rocket(pad, fworker, None).run(err_file=io.StringIO())
        finally:
            for name in PRINTING_LOGGERS:  # their handlers hold on to what is closed now
                logging.getLogger(name).handlers.clear()
    return has_run


@contextmanager
def _launch_folder() -> Iterator[None]:
    """Work in a folder that is gone afterwards."""
    before = Path.cwd()
    folder = tempfile.mkdtemp(prefix="facet-launch-")
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
        shutil.rmtree(folder, ignore_errors=True)
