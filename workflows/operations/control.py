"""Holding campaigns, letting them go on, ending them, and putting them first."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from db.campaigns import set_control, set_priority
from workflows.launch import (
    cancel_fireworks,
    hold_fireworks,
    launchpad,
    prioritize_fireworks,
    release_fireworks,
    rerun_fizzled,
)
from workflows.operations.queue import queue_again

if TYPE_CHECKING:
    from db.client import MongoDatabase
    from workflows.campaign import Work
    from workflows.operations.queue import Queued


class Resumed(NamedTuple):
    """What goes on.

    Attributes:
        num_released: Jobs that were held.
        num_rerun: Jobs that had failed.
        work: What is left of the campaign.
        queued: Jobs that were added for it.
    """

    num_released: int
    num_rerun: int
    work: Work
    queued: Queued


def pause(database: MongoDatabase, campaign_id: str) -> int:
    """Hold a campaign: crystals in flight go back with their state; return how many jobs wait.

    Raises:
        MissingDocumentError: There is no such campaign.
    """
    set_control(database, campaign_id, "paused")
    return hold_fireworks(launchpad(database), campaign_id)


def cancel(database: MongoDatabase, campaign_id: str) -> int:
    """End a campaign where it is; what was relaxed stays. Return how many jobs were taken out.

    Raises:
        MissingDocumentError: There is no such campaign.
    """
    set_control(database, campaign_id, "cancelled")
    return cancel_fireworks(launchpad(database), campaign_id)


def resume(database: MongoDatabase, campaign_id: str) -> Resumed:
    """Let a campaign go on that was paused, canceled, or whose jobs failed or were lost.

    Raises:
        MissingDocumentError: There is no such campaign.
    """
    set_control(database, campaign_id, "active")
    pad = launchpad(database)
    num_released = release_fireworks(pad, campaign_id)
    num_rerun = rerun_fizzled(pad, campaign_id)
    work, queued = queue_again(database, campaign_id)
    return Resumed(num_released, num_rerun, work, queued)


def prioritize(database: MongoDatabase, campaign_id: str, priority: int) -> None:
    """Set the place of a campaign among the others: its crystals and its jobs.

    Raises:
        MissingDocumentError: There is no such campaign.
    """
    set_priority(database, campaign_id, priority)
    prioritize_fireworks(launchpad(database), campaign_id, priority)
