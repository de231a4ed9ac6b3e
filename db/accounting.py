"""What was spent on a campaign, added up by the server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from db.documents import RelaxationDoc, TaskDoc
from db.documents.follow_up import FollowUpDoc
from db.documents.stability import StabilityDoc

if TYPE_CHECKING:
    from datetime import datetime

    from db.client import MongoDatabase

APPROVED = ("approved", "submitted", "finished", "failed")
"""Places of a follow-up that somebody wanted to be paid."""

RELAXATION = "relaxation"
"""What a device did, beside the kinds of stability."""

MEASURED = "measured"
FAILED = "failed"

TIMES: dict[str, Any] = {
    "first_at": {"$min": "$result.created_at"},
    "last_at": {"$max": "$result.created_at"},
}
SUMS: dict[str, Any] = {
    "number": {"$sum": 1},
    "seconds": {"$sum": "$result.wall_share"},
    "atom_evaluations": {
        "$sum": {"$multiply": ["$result.nsites", {"$ifNull": ["$result.num_evaluations", 0]}]}
    },
    **TIMES,
}
"""What is added up of the relaxations of a group, by field of ``Spending``."""


@dataclass(frozen=True)
class Spending:
    """What one process did for a campaign on one device, as far as it ended in one way.

    Attributes:
        work: ``relaxation``, ``phonons`` or ``elastic``.
        device: Such as ``cpu`` or ``cuda``.
        device_name: What it calls itself; None where nobody noted it.
        num_threads: Processor cores of the process; None where nobody noted it.
        device_id: Tells a GPU from all others; None on a processor and where nobody noted it.
        process: Name of the process; None where nobody noted it.
        end: The stop reason of relaxations; ``measured`` or ``failed``.
        number: Relaxations or measurements.
        seconds: Shares of the batches' wall time, added up.
        atom_evaluations: Evaluations of single atoms; of measurements nobody counts them.
        first_at: When the first of them ended.
        last_at: When the last of them ended.
    """

    work: str
    device: str
    device_name: str | None
    num_threads: int | None
    device_id: str | None
    process: str | None
    end: str
    number: int
    seconds: float
    atom_evaluations: int
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True)
class DftSpending:
    """DFT calculations that a campaign asked for.

    Attributes:
        num_approved: Those that somebody approved, whatever became of them.
        num_finished: Those that have a result.
        approved_core_hours: Estimated cost of the approved.
        spent_core_hours: What the finished took, as far as they noted it.
        num_without_hours: Finished ones that did not.
    """

    num_approved: int = 0
    num_finished: int = 0
    approved_core_hours: float = 0.0
    spent_core_hours: float = 0.0
    num_without_hours: int = 0


def relaxation_spending(
    database: MongoDatabase, campaign_id: str, milliseconds: int | None = None
) -> list[Spending]:
    """Add up the relaxations that were made for a campaign, by device, process and end.

    What was known before the campaign asked is nobody's expense; what several campaigns asked for
    is counted in each.

    Args:
        database: Holds tasks and results.
        campaign_id: The campaign.
        milliseconds: Time that the server may take; None is no limit.

    Raises:
        ExecutionTimeout: It took longer.
    """
    found = database[TaskDoc.collection].aggregate(_pipeline(campaign_id), **_within(milliseconds))
    return [
        Spending(work=RELAXATION, **raw["_id"], **{name: raw[name] for name in SUMS})
        for raw in found
    ]


def stability_spending(
    database: MongoDatabase, campaign_id: str, milliseconds: int | None = None
) -> list[Spending]:
    """Add up the measurements of stability that were made for a campaign, likewise.

    What another campaign had measured before is its expense, not this one's.

    Args:
        database: Holds the measurements.
        campaign_id: The campaign.
        milliseconds: Time that the server may take; None is no limit.

    Raises:
        ExecutionTimeout: It took longer.
    """
    is_fault = {"$ne": [{"$ifNull": ["$result.fault", None]}, None]}
    end = {"$cond": [is_fault, FAILED, MEASURED]}
    stages: list[dict[str, Any]] = [
        {"$match": {"campaign_id": {"$eq": campaign_id}}},
        {"$project": {"_id": 0, "result": "$$ROOT"}},
        {
            "$group": {
                "_id": {"work": "$result.kind", **_kind(end)},
                "number": {"$sum": 1},
                "seconds": {"$sum": "$result.seconds"},
                **TIMES,
            }
        },
        {"$sort": {"_id": 1}},
    ]
    found = database[StabilityDoc.collection].aggregate(stages, **_within(milliseconds))
    return [Spending(**raw.pop("_id"), **raw, atom_evaluations=0) for raw in found]


def _within(milliseconds: int | None) -> dict[str, Any]:
    return {"maxTimeMS": milliseconds} if milliseconds else {}


def _pipeline(campaign_id: str) -> list[dict[str, Any]]:
    place = ("device", "device_name", "num_threads", "device_id", "process")
    fields = ("stop_reason", "wall_share", "nsites", "num_evaluations", "created_at")
    wanted = dict.fromkeys((*place, *fields), 1)
    return [
        {"$match": {"campaigns": {"$eq": campaign_id}, "status": "done"}},
        {"$project": {"_id": 1}},
        {
            "$lookup": {
                "from": RelaxationDoc.collection,
                "localField": "_id",
                "foreignField": "_id",
                "pipeline": [{"$project": wanted}],  # geometries stay where they are
                "as": "result",
            }
        },
        {"$unwind": "$result"},
        {"$group": {"_id": _kind("$result.stop_reason"), **SUMS}},
        {"$sort": {"_id": 1}},
    ]


def _kind(end: str | dict[str, Any]) -> dict[str, Any]:
    """Key of a group; the number of a GPU among those of its machine does not count."""
    known = ("device_name", "num_threads", "device_id", "process")
    device = {"$ifNull": ["$result.device", "unknown"]}
    return {
        "device": {"$arrayElemAt": [{"$split": [device, ":"]}, 0]},
        **{name: {"$ifNull": [f"$result.{name}", None]} for name in known},
        "end": end,
    }


def dft_spending(database: MongoDatabase, campaign_id: str) -> DftSpending:
    """Add up the DFT calculations that a campaign asked for and that were approved."""
    is_finished = {"$eq": ["$status", "finished"]}
    hours = {"$ifNull": ["$result.core_hours", None]}
    is_silent = {"$and": [is_finished, {"$eq": [hours, None]}]}
    stages: list[dict[str, Any]] = [
        {
            "$match": {
                "requests.campaign_id": {"$eq": campaign_id},
                "status": {"$in": list(APPROVED)},
            }
        },
        {
            "$group": {
                "_id": None,
                "num_approved": {"$sum": 1},
                "num_finished": {"$sum": {"$cond": [is_finished, 1, 0]}},
                "approved_core_hours": {"$sum": "$cost"},
                "spent_core_hours": {"$sum": hours},
                "num_without_hours": {"$sum": {"$cond": [is_silent, 1, 0]}},
            }
        },
        {"$unset": "_id"},
    ]
    for raw in database[FollowUpDoc.collection].aggregate(stages):
        return DftSpending(**raw)
    return DftSpending()
