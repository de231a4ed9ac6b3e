"""``facet pause``, ``resume``, ``cancel``, ``priority`` and ``retry``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from db.campaigns import control_of
from db.client import open_database
from workflows.cli.tables import print_answer
from workflows.operations.control import cancel, pause, prioritize, resume
from workflows.operations.retry import retry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflows.operations.queue import Queued
    from workflows.operations.retry import RetrySettings


def run_pause(campaign_id: str, *, as_json: bool) -> int:
    """Hold a campaign, say so, and return the exit code.

    Raises:
        MissingDocumentError: There is no such campaign.
    """
    with open_database() as database:
        num_jobs = pause(database, campaign_id)
    told = {"campaign_id": campaign_id, "control": "paused", "num_jobs": num_jobs}
    text = (
        f"Campaign {campaign_id} is paused: {num_jobs} jobs wait, and those that run hand their "
        f"crystals back within half a minute; `facet resume {campaign_id}` lets it go on."
    )
    return print_answer(told, text, as_json=as_json)


def run_cancel(campaign_id: str, *, as_json: bool) -> int:
    """End a campaign where it is, say so, and return the exit code.

    Raises:
        MissingDocumentError: There is no such campaign.
    """
    with open_database() as database:
        num_jobs = cancel(database, campaign_id)
    told = {"campaign_id": campaign_id, "control": "cancelled", "num_jobs": num_jobs}
    text = (
        f"Campaign {campaign_id} is canceled: {num_jobs} jobs taken out of the queue; what was "
        f"relaxed stays, and `facet resume {campaign_id}` would go on with the rest."
    )
    return print_answer(told, text, as_json=as_json)


def run_resume(campaign_id: str, *, as_json: bool) -> int:
    """Let a campaign go on, say so, and return the exit code.

    Raises:
        MissingDocumentError: There is no such campaign.
    """
    with open_database() as database:
        resumed = resume(database, campaign_id)
    num_left = len(resumed.work.missing)
    told = {
        "campaign_id": campaign_id,
        "control": "active",
        "num_left": num_left,
        "num_jobs_released": resumed.num_released,
        "num_jobs_rerun": resumed.num_rerun,
        "num_jobs_added": resumed.queued.num_jobs,
    }
    text = (
        f"Campaign {campaign_id} goes on with {num_left} crystals: {resumed.num_released} jobs "
        f"released, {resumed.num_rerun} failed ones run again, {resumed.queued.num_jobs} added."
    )
    if not (num_left or resumed.num_released or resumed.num_rerun or resumed.queued.num_jobs):
        text = f"Nothing of campaign {campaign_id} is left to do."
    return print_answer(told, text, as_json=as_json)


def run_priority(campaign_id: str, priority: int, *, as_json: bool) -> int:
    """Set the place of a campaign among the others, say so, and return the exit code.

    Raises:
        MissingDocumentError: There is no such campaign.
    """
    with open_database() as database:
        prioritize(database, campaign_id, priority)
    told = {"campaign_id": campaign_id, "priority": priority}
    text = f"Campaign {campaign_id} has priority {priority}; higher goes first."
    return print_answer(told, text, as_json=as_json)


def run_retry(campaign_id: str, settings: RetrySettings, *, as_json: bool) -> int:
    """Try crystals of a campaign again, say which, and return the exit code.

    Raises:
        MissingDocumentError: There is no such campaign.
    """
    with open_database() as database:
        retried = retry(database, campaign_id, settings)
        control = control_of(database, campaign_id)
    told = {
        "campaign_id": campaign_id,
        "control": control,
        "num_set_aside": retried.num_set_aside,
        "ends": dict(retried.ends),
        "num_jobs_rerun": retried.num_rerun,
        "num_jobs_added": retried.queued.num_jobs,
        "has_earlier_jobs": retried.queued.is_waiting,
        "other_campaigns": retried.campaigns,
    }
    kinds = [f"{retried.num_set_aside} set aside"] if retried.num_set_aside else []
    kinds += [f"{count} {end}" for end, count in retried.ends.most_common()]
    text = f"Tried again: {', '.join(kinds) or 'no crystal'}. {_about_jobs(told, retried.queued)}"
    if retried.campaigns:
        text += f" Campaigns {', '.join(retried.campaigns)} share them and wait for them too."
    return print_answer(told, text, as_json=as_json)


def _about_jobs(told: Mapping[str, Any], queued: Queued) -> str:
    key = told["campaign_id"]
    if told["control"] != "active":
        return f"The campaign is {told['control']}: `facet resume {key}` lets it go on."
    if queued.is_waiting and (told["num_set_aside"] or told["ends"]):
        return (
            f"Earlier jobs of the campaign have not ended; `facet resume {key}` after them "
            "relaxes what they left."
        )
    return f"{told['num_jobs_rerun']} failed jobs run again, {queued.num_jobs} added."
