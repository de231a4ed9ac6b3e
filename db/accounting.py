"""What was spent on a campaign, added up by the server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from db.documents import RelaxationDoc, TaskDoc
from db.documents.follow_up import FollowUpDoc

if TYPE_CHECKING:
    from db.client import MongoDatabase

APPROVED = ("approved", "submitted", "finished", "failed")
"""Places of a follow-up that somebody wanted to be paid."""

SUMS: dict[str, Any] = {
    "num_structures": {"$sum": 1},
    "seconds": {"$sum": "$result.wall_share"},
    "atom_evaluations": {
        "$sum": {"$multiply": ["$result.nsites", {"$ifNull": ["$result.num_evaluations", 0]}]}
    },
}
"""What is added up of the relaxations of a group, by field of ``DeviceSpending``."""


@dataclass(frozen=True)
class DeviceSpending:
    """Relaxations of one campaign that ended in one way on one kind of device.

    Attributes:
        device: Such as ``cpu`` or ``cuda``.
        device_name: What it calls itself; None where nobody noted it.
        num_threads: Processor cores of each process; None where nobody noted it.
        stop_reason: How they ended.
        num_structures: How many there are.
        seconds: Shares of the batches' wall time, added up.
        atom_evaluations: Evaluations of single atoms.
    """

    device: str
    device_name: str | None
    num_threads: int | None
    stop_reason: str
    num_structures: int
    seconds: float
    atom_evaluations: int


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
) -> list[DeviceSpending]:
    """Add up the relaxations that were made for a campaign, by device and end.

    What was known before the campaign asked is nobody's expense; what several campaigns asked for
    is counted in each.

    Args:
        database: Holds tasks and results.
        campaign_id: The campaign.
        milliseconds: Time that the server may take; None is no limit.

    Raises:
        ExecutionTimeout: It took longer.
    """
    options: dict[str, Any] = {"maxTimeMS": milliseconds} if milliseconds else {}
    found = database[TaskDoc.collection].aggregate(_pipeline(campaign_id), **options)
    return [DeviceSpending(**raw["_id"], **{k: raw[k] for k in SUMS}) for raw in found]


def _pipeline(campaign_id: str) -> list[dict[str, Any]]:
    fields = ("device", "device_name", "num_threads", "stop_reason", "wall_share", "nsites")
    wanted = dict.fromkeys((*fields, "num_evaluations"), 1)
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
        {"$group": {"_id": _kind(), **SUMS}},
        {"$sort": {"_id": 1}},
    ]


def _kind() -> dict[str, Any]:
    """Key of a group; the number of a GPU among those of its machine does not count."""
    return {
        "device": {"$arrayElemAt": [{"$split": ["$result.device", ":"]}, 0]},
        "device_name": {"$ifNull": ["$result.device_name", None]},
        "num_threads": {"$ifNull": ["$result.num_threads", None]},
        "stop_reason": "$result.stop_reason",
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
