"""Flows as FireWorks workflows in our own database; campaigns held, released and canceled there.

Nothing stored here knows how to reach the database: workers bring their own connection.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import jobflow
from jobflow import JobStore
from jobflow.managers.fireworks import flow_to_workflow
from maggma.stores import MongoStore
from pymongo import ASCENDING, DESCENDING
from pymongo.errors import DuplicateKeyError

from db.errors import DbError
from db.locks import give_lock_back, take_lock
from workflows.makers import FACET_CATEGORY
from workflows.patient_launchpad import PatientLaunchPad

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobflow import Flow

    from db.client import MongoDatabase

JOB_OUTPUTS = "job_outputs"
ENDED = ("COMPLETED", "ARCHIVED", "DEFUSED")
SECONDS_TO_SUBMIT = 60.0


class Added(NamedTuple):
    """A campaign's workflow.

    Attributes:
        fw_id: One of its Fireworks, by which FireWorks' own tools find it.
        is_new: False when the campaign had an unfinished one already.
    """

    fw_id: int
    is_new: bool


def launchpad(database: MongoDatabase) -> PatientLaunchPad:
    """Return the LaunchPad of a database, with its counters and indexes; nothing is ever reset.

    Args:
        database: An open database; it stays the caller's to close.
    """
    pad = PatientLaunchPad(database)
    counters = database["fw_id_assigner"]
    if counters.find_one({}) is None:
        with suppress(DuplicateKeyError):  # another process was faster by a moment
            first = {"next_fw_id": 1, "next_launch_id": 1}
            counters.update_one({"_id": -1}, {"$setOnInsert": first}, upsert=True)
    pad.tuneup()
    database["workflows"].create_index("metadata.campaign_id")
    database["fireworks"].create_index([("spec.campaign_id", ASCENDING), ("state", ASCENDING)])
    return pad


def job_store(database: MongoDatabase) -> JobStore:
    """Return the store of jobs' outputs on an open connection, with the indexes it needs."""
    outputs = database[JOB_OUTPUTS]
    outputs.create_index([("uuid", ASCENDING), ("index", DESCENDING)])
    return JobStore(MongoStore.from_collection(outputs))


@contextmanager
def use_job_store(store: JobStore) -> Iterator[None]:
    """Let jobs that name no store, as all of ours, use this one while the block runs."""
    before = jobflow.SETTINGS.JOB_STORE
    jobflow.SETTINGS.JOB_STORE = store
    try:
        yield
    finally:
        jobflow.SETTINGS.JOB_STORE = before


def add_flow(pad: PatientLaunchPad, flow: Flow, campaign_id: str, priority: int = 0) -> Added:
    """Store a flow as the workflow of a campaign, unless that has an unfinished one.

    Args:
        pad: Where it is stored.
        flow: Jobs that do not say so get the campaign, the category of our workers and the
            priority.
        campaign_id: The campaign.
        priority: Higher goes first.

    Raises:
        DbError: Another process is submitting the same campaign.
    """
    name, holder = f"submit/{campaign_id}", uuid4().hex
    if not take_lock(pad.db, name, holder, SECONDS_TO_SUBMIT):
        raise DbError(f"Campaign {campaign_id} is being submitted by another process; try again.")
    try:
        unfinished = _unfinished(pad, campaign_id)
        if unfinished is not None:
            return Added(unfinished, is_new=False)
        _mark(flow, campaign_id, priority)
        workflow = flow_to_workflow(flow, store=None, metadata={"campaign_id": campaign_id})
        new_ids = pad.add_wf(workflow)
        return Added(min(new_ids.values()), is_new=True)
    finally:
        give_lock_back(pad.db, name, holder)


def hold_fireworks(pad: PatientLaunchPad, campaign_id: str) -> int:
    """Pause what waits of a campaign; return how many Fireworks. What runs is not touched."""
    return sum(
        pad.pause_fw(fw_id) is not None
        for fw_id in fireworks_of(pad, campaign_id, ("READY", "WAITING"))
    )


def release_fireworks(pad: PatientLaunchPad, campaign_id: str) -> int:
    """Let what was paused of a campaign go on; return how many Fireworks."""
    paused = fireworks_of(pad, campaign_id, ("PAUSED",))
    return sum(pad.resume_fw(fw_id) is not None for fw_id in paused)


def cancel_fireworks(pad: PatientLaunchPad, campaign_id: str) -> int:
    """Take what has not run of a campaign out of the queue; return how many Fireworks."""
    states = ("READY", "WAITING", "PAUSED", "FIZZLED")
    return sum(pad.defuse_fw(fw_id) is not None for fw_id in fireworks_of(pad, campaign_id, states))


def rerun_fizzled(pad: PatientLaunchPad, campaign_id: str | None = None) -> int:
    """Make what failed, of a campaign or of all, ready to run again; return how many Fireworks."""
    failed = fireworks_of(pad, campaign_id, ("FIZZLED",))
    return sum(len(pad.rerun_fw(fw_id)) for fw_id in failed)


def prioritize_fireworks(pad: PatientLaunchPad, campaign_id: str, priority: int) -> None:
    """Set the place of a campaign in the queue; higher goes first, its jobs keep their order."""
    before = {"$ifNull": ["$spec._priority", 0]}
    among_its_own = {"$subtract": [before, {"$floor": before}]}  # shards differ by less than one
    pad.fireworks.update_many(
        {"spec.campaign_id": {"$eq": campaign_id}},
        [{"$set": {"spec._priority": {"$add": [priority, among_its_own]}}}],
    )


def fireworks_of(
    pad: PatientLaunchPad, campaign_id: str | None, states: tuple[str, ...]
) -> list[int]:
    """Return the Fireworks, of a campaign or of all, that are in one of some states."""
    where: dict[str, Any] = {"state": {"$in": list(states)}}
    if campaign_id is not None:
        where["spec.campaign_id"] = {"$eq": campaign_id}
    found = pad.fireworks.find(where, {"fw_id": 1}).sort("fw_id", ASCENDING)
    return [each["fw_id"] for each in found]


def _unfinished(pad: PatientLaunchPad, campaign_id: str) -> int | None:
    """A Firework of the workflow that a campaign has and that has not ended, if there is one."""
    where = {"metadata.campaign_id": {"$eq": campaign_id}, "state": {"$nin": list(ENDED)}}
    found = pad.workflows.find_one(where, {"nodes": 1})
    return min(found["nodes"]) if found is not None else None


def _mark(flow: Flow, campaign_id: str, priority: int) -> None:
    """Tell every job of a flow where it belongs, unless its Maker did."""
    for job, _ in flow.iterflow():
        job.metadata.setdefault("campaign_id", campaign_id)
        job.config.manager_config.setdefault("_category", FACET_CATEGORY)
        job.config.manager_config.setdefault("_priority", priority)
