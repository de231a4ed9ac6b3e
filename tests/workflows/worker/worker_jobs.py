"""Trivial jobs for tests of the worker; they leave a trace in the database of the test."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from jobflow import Flow, Response, job

from db.client import open_database
from workflows.duty import current_duty


def trace(name: str, **more: object) -> None:
    with open_database() as database:
        left = {"name": name, "pid": os.getpid(), "at": time.time_ns(), **more}
        database["traces"].insert_one(left)


@job
def leave_trace(name, *_):
    trace(name)
    return {"name": name}


@job
def fail(name):
    trace(name)
    raise ValueError("this job is wrong")


@job
def fail_once_as_if_the_database_were_away(name):
    from pymongo.errors import AutoReconnect

    trace(name)
    with open_database() as database:
        if database["traces"].count_documents({"name": name}) < 2:
            raise AutoReconnect("the server went away")
    return {}


@job
def kill_the_worker_once(name):
    trace(name)
    with open_database() as database:
        if database["traces"].count_documents({"name": name}) < 2:
            os.kill(os.getpid(), signal.SIGKILL)
    return {}


@job
def take_seconds(name, seconds):
    """Know nothing of the database while it works."""
    trace(name)
    time.sleep(seconds)
    return {}


@job
def kill_the_server(home):
    """Leave the worker to store the end of this job without a database."""
    from db.embedded.folder import ServerFolder

    trace("server killed")
    os.kill(ServerFolder(Path(home) / "mongo").pid(), signal.SIGKILL)
    return {}


@job
def work_until_told(name):
    """Hand the work back when the worker has to stop, as a shard of crystals does."""
    trace(name)
    duty = current_duty()
    while not duty.stop.is_set():
        time.sleep(0.05)
    return Response(replace=leave_trace(f"{name} continued"))


def chain(*jobs) -> Flow:
    """All jobs, then one that leaves a trace when they are done."""
    return Flow([*jobs, leave_trace("end", [each.output for each in jobs])], name="chain")


def traces(database) -> list[str]:
    return [each["name"] for each in database["traces"].find().sort("at", 1)]
