"""What workers do for one another: find what dead ones left behind and make it ready again.

FireWorks changes a job's documents one after the other, and a worker can be killed between any two
of them. Each step here mends one such place. All of them may run at any time and any number of
times; one worker at a time runs them.
"""

from __future__ import annotations

import logging
import re
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from db.errors import DbError
from db.locks import take_lock
from db.patience import AWAY_CODES
from db.transactions import server_time
from db.workers import forget_workers
from workflows.launch import ENDED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workflows.patient_launchpad import PatientLaunchPad

ROUNDS_PER_LEASE = 4.0
ACTIVE = ("READY", "WAITING", "RESERVED", "RUNNING", "FIZZLED")
MOST_RERUNS = 20
LONGEST_PAUSE_SECONDS = 300.0
SECONDS_TO_REMEMBER_WORKERS = 7 * 86_400.0
RERUNS = "spec._facet_reruns"
FAULT_OF_THE_DATABASE = re.compile(
    r"^(?:pymongo\.errors\.(?:AutoReconnect|ServerSelectionTimeoutError|NetworkTimeout|"
    r"NotPrimaryError|ConnectionFailure|WaitQueueTimeoutError|ExecutionTimeout|WTimeoutError)"
    r"|db\.errors\.(?:DatabaseUnreachableError|DatabaseFullError|EmbeddedServerError))\b"
    rf"|^pymongo\.errors\.\w+: .*'code': (?:{'|'.join(map(str, sorted(AWAY_CODES)))})\b",
    re.MULTILINE,
)

log = logging.getLogger(__name__)


class Upkeep:
    """Mends, a few times in every lease, what dead workers left behind.

    Args:
        pad: Where the Fireworks are.
        worker: Name of this worker.
        category: Kind of Fireworks that it looks after; others may be pinged more rarely.
        lease_seconds: Silence after which a run is lost.

    Attributes:
        is_waiting_to_rerun: Whether something that failed will be made ready after a pause.
    """

    def __init__(
        self, pad: PatientLaunchPad, worker: str, category: str, lease_seconds: float
    ) -> None:
        self._pad = pad
        self._worker = worker
        self._category = category
        self._lease = lease_seconds
        self._next = 0.0
        self.is_waiting_to_rerun = False

    def when_due(self) -> None:
        """Look after everything, if it is time and no other worker does."""
        now = time.monotonic()
        if now < self._next:
            return
        interval = self._lease / ROUNDS_PER_LEASE
        self._next = now + interval
        if take_lock(self._pad.db, f"upkeep/{self._category}", self._worker, 0.9 * interval):
            self.once()

    def once(self) -> None:
        """Look after everything now; one step that fails does not stop the others."""
        steps: tuple[Callable[[], None], ...] = (
            self.remove_those_without_workflow,
            self.rerun_lost,
            self.return_reserved,
            self.finish_updates,
            self.rerun_faults_of_the_database,
            self.forget_workers,
        )
        for step in steps:
            try:
                step()
            # FireWorks raises whatever a damaged workflow makes it stumble over.
            except (DbError, ValueError, RuntimeError, KeyError) as error:
                log.warning("Upkeep could not %s: %s", step.__name__, error)

    def remove_those_without_workflow(self) -> None:
        """Delete Fireworks whose workflow was never stored; nothing would ever follow them."""
        cutoff = (server_time(self._pad.db) - timedelta(seconds=self._lease)).isoformat()
        old = self._ours(state={"$in": list(ACTIVE)}, created_on={"$lt": cutoff})
        ids = [each["fw_id"] for each in self._pad.fireworks.find(old, {"fw_id": 1})]
        known = self._pad.workflows.find({"nodes": {"$in": ids}}, {"nodes": 1})
        alone = set(ids).difference(*(each["nodes"] for each in known))
        if alone:
            log.warning("%d Fireworks of a submission that was cut off are removed.", len(alone))
            self._pad.fireworks.delete_many({"fw_id": {"$in": sorted(alone)}})

    def rerun_lost(self) -> None:
        """Make ready what runs with a worker that is not heard of any more."""
        expiration = self._lease + self._pad.seconds_ahead()
        _, lost, inconsistent = self._pad.detect_lostruns(
            expiration_secs=expiration, rerun=True, refresh=True, query=self._ours(state="RUNNING")
        )
        if lost:
            log.warning("Fireworks %s were lost with their workers and run again.", lost)
        if inconsistent:
            log.info("Fireworks %s had ended unnoticed.", inconsistent)

    def return_reserved(self) -> None:
        """Make ready what a worker took in the moment in which it died."""
        cutoff = server_time(self._pad.db) - timedelta(seconds=self._lease)
        taken = self._ours(state="RESERVED", updated_on={"$lt": cutoff})
        for each in list(self._pad.fireworks.find(taken, {"fw_id": 1})):
            log.warning("Firework %d was taken by a worker that died.", each["fw_id"])
            self._pad.rerun_fw(each["fw_id"])

    def finish_updates(self) -> None:
        """Do again what was cut off between an end and what follows from it."""
        for workflow in list(
            self._pad.workflows.find({"state": {"$nin": list(ENDED)}}, {"nodes": 1, "fw_states": 1})
        ):
            for fw_id in self._ended_unknown_to(workflow):
                with self._pad.alone_with_workflow_of(fw_id):
                    fresh = self._pad.workflows.find_one({"nodes": fw_id})
                    if fw_id in self._ended_unknown_to(fresh):
                        log.warning("Firework %d had ended, but what follows it had not.", fw_id)
                        self._pad.refresh_as_if_running(fw_id)

    def rerun_faults_of_the_database(self) -> None:
        """Run again, later and later, what failed only because the database was away."""
        self.is_waiting_to_rerun = False
        for firework in list(self._pad.fireworks.find(self._ours(state="FIZZLED"))):
            num_reruns = int(firework["spec"].get("_facet_reruns", 0))
            launch = self._pad.launches.find_one({"launch_id": {"$in": firework["launches"]}})
            if num_reruns >= MOST_RERUNS or launch is None or not is_fault_of_the_database(launch):
                continue
            if self._silence(launch) < min(2.0**num_reruns, LONGEST_PAUSE_SECONDS):
                self.is_waiting_to_rerun = True
                continue
            self._pad.rerun_fw(firework["fw_id"])
            counted = {"$set": {RERUNS: num_reruns + 1}}
            self._pad.fireworks.update_one({"fw_id": firework["fw_id"]}, counted)
            log.warning("Firework %d runs again.", firework["fw_id"])

    def forget_workers(self) -> None:
        """Delete what was said by workers that are long gone."""
        forget_workers(self._pad.db, SECONDS_TO_REMEMBER_WORKERS)

    def _silence(self, launch: dict[str, Any]) -> float:
        """Seconds since anything was heard of a launch."""
        heard = max(str(each.get("updated_on") or "") for each in launch["state_history"])
        if not heard:
            return float("inf")
        return (server_time(self._pad.db) - datetime.fromisoformat(heard)).total_seconds()

    def _ended_unknown_to(self, workflow: dict[str, Any] | None) -> list[int]:
        """Fireworks that are completed and that their workflow takes for something else."""
        if workflow is None:
            return []
        open_ids = [
            int(key) for key, state in workflow["fw_states"].items() if state != "COMPLETED"
        ]
        ended = self._pad.fireworks.find(
            {"fw_id": {"$in": open_ids}, "state": "COMPLETED"}, {"fw_id": 1}
        )
        return [each["fw_id"] for each in ended]

    def _ours(self, **conditions: object) -> dict[str, Any]:
        return {"spec._category": self._category, **conditions}


def is_fault_of_the_database(launch: Mapping[str, Any]) -> bool:
    """Whether a launch failed for no reason of its own: with its worker, or for want of a server.

    Args:
        launch: A stored launch that is ``FIZZLED``.
    """
    stored = ((launch.get("action") or {}).get("stored_data")) or {}
    traceback = str((stored.get("_exception") or {}).get("_stacktrace", ""))
    return not traceback or FAULT_OF_THE_DATABASE.search(traceback) is not None
