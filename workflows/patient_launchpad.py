"""A LaunchPad for workers that are killed at any line and for databases that go away.

It works through a client that is connected already, so it knows no password and can tell none.
"""

from __future__ import annotations

import logging
import random
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import gridfs
from fireworks import LaunchPad
from pymongo.errors import PyMongoError

from db.errors import DbError
from db.locks import give_lock_back, take_lock
from db.transactions import server_time

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from bson import ObjectId
    from fireworks import FWAction

    from db.client import MongoDatabase

NO_HOST = "mongodb://connected-already/"
GRIDFS_BUCKET = "fw_gridfs"
LOCK_SECONDS = 15.0
"""Longer than any update of a workflow takes; a worker that died with a lock blocks no longer."""
SECONDS_FOR_FOREIGN_LOCKS = 5.0
SECONDS_FOR_THE_WORKFLOW = 5.0

log = logging.getLogger(__name__)


class LaunchEnded(NamedTuple):
    """How the last launch of this process ended.

    Attributes:
        launch_id: Of the launch.
        state: ``COMPLETED`` or ``FIZZLED``.
        traceback: What went wrong; empty when nothing did.
    """

    launch_id: int
    state: str
    traceback: str


class PatientLaunchPad(LaunchPad):
    """FireWorks' LaunchPad in our database, on our connection.

    Args:
        database: The database that holds everything of ours.
    """

    connection: Any

    def __init__(self, database: MongoDatabase) -> None:
        super().__init__(
            host=NO_HOST,
            name=database.name,
            uri_mode=True,
            strm_lvl="CRITICAL",
            mongoclient_kwargs={"connect": False},
        )
        self.connection.close()  # never used: it would need the password again
        self.connection = database.client
        self.db = database
        for name in ("fireworks", "launches", "offline_runs", "fw_id_assigner", "workflows"):
            setattr(self, name, database[name])
        self.gridfs_fallback = gridfs.GridFS(database, GRIDFS_BUCKET)
        self.last_ended: LaunchEnded | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what may be known of it: the name of the database."""
        return {"host": NO_HOST, "name": self.name, "uri_mode": True}

    def seconds_ahead(self) -> float:
        """How far this machine's clock is ahead of the server's."""
        server: datetime = server_time(self.db)
        return time.time() - server.timestamp()

    def ping_launch(
        self,
        launch_id: int,
        ptime: datetime | None = None,
        checkpoint: dict[str, Any] | None = None,
    ) -> None:
        """Say that a launch is alive, by the server's clock; a lost ping is no harm."""
        try:
            super().ping_launch(launch_id, ptime or server_time(self.db), checkpoint=checkpoint)
        except PyMongoError as error:
            log.debug("A ping of launch %d was lost: %s", launch_id, type(error).__name__)

    def complete_launch(
        self, launch_id: int, action: FWAction | None = None, state: str = "COMPLETED"
    ) -> dict[str, Any]:
        """Store how a launch ended, and remember it here."""
        stored = action.stored_data if action is not None else {}
        text = str(((stored or {}).get("_exception") or {}).get("_stacktrace", ""))
        self.last_ended = LaunchEnded(launch_id, state, text)
        completed: dict[str, Any] = super().complete_launch(launch_id, action, state)
        return completed

    def rerun_fw(self, fw_id: int, *_: object, **__: object) -> list[int]:
        """Make a Firework ready to run again; we have neither duplicates nor recoveries."""
        with self.alone_with_workflow_of(fw_id):
            rerun: list[int] = super().rerun_fw(fw_id, rerun_duplicates=False)
        return rerun

    def _refresh_wf(self, fw_id: int) -> None:
        with self.alone_with_workflow_of(fw_id):
            super()._refresh_wf(fw_id)

    def refresh_as_if_running(self, fw_id: int) -> None:
        """Do again what follows from the end of a Firework; call it alone with its workflow."""
        self.fireworks.update_one({"fw_id": fw_id}, {"$set": {"state": "RUNNING"}})
        super()._refresh_wf(fw_id)

    @contextmanager
    def alone_with_workflow_of(self, fw_id: int) -> Iterator[None]:
        """Hold the lock of a workflow.

        FireWorks' own lock has no end: a worker killed with it blocks the workflow for ever. Ours
        ends by itself, and whoever holds it may remove what a dead worker left of the other.
        """
        workflow_id = self._workflow_of(fw_id)
        name, holder = f"workflow/{workflow_id}", uuid4().hex
        pause = 0.01
        while not take_lock(self.db, name, holder, LOCK_SECONDS):
            time.sleep(pause * (0.5 + random.random()))  # noqa: S311  no secret
            pause = min(2 * pause, 0.5)
        try:
            self._free_of_foreign_lock(workflow_id)
            yield
        finally:
            give_lock_back(self.db, name, holder)

    def _workflow_of(self, fw_id: int) -> ObjectId:
        """Key of the workflow of a Firework; it is stored a moment after its Fireworks."""
        deadline = time.monotonic() + SECONDS_FOR_THE_WORKFLOW
        while True:
            found = self.workflows.find_one({"nodes": fw_id}, {"_id": 1})
            if found is not None:
                workflow_id: ObjectId = found["_id"]
                return workflow_id
            if time.monotonic() > deadline:
                raise DbError(
                    f"Firework {fw_id} belongs to no workflow: its submission was cut off; it is "
                    "removed by itself, submit again what is missing."
                )
            time.sleep(0.1)

    def _free_of_foreign_lock(self, workflow_id: ObjectId) -> None:
        """Wait for another tool's lock, or for what is left of a dead worker's."""
        deadline = time.monotonic() + SECONDS_FOR_FOREIGN_LOCKS
        locked = {"_id": workflow_id, "locked": {"$exists": True}}
        while self.workflows.find_one(locked, {"_id": 1}) is not None:
            if time.monotonic() > deadline:
                self.workflows.update_one({"_id": workflow_id}, {"$unset": {"locked": ""}})
                return
            time.sleep(0.2)
