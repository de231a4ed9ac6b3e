"""What all Makers share."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import TYPE_CHECKING

from jobflow import Maker

if TYPE_CHECKING:
    from jobflow import Job

FACET_CATEGORY = "facet"
"""Fireworks that any worker with Facet's own environment can run."""


class FrozenMaker(Maker):
    """A Maker whose fields are set once, when it is made.

    jobflow's own ``Maker`` is a dataclass that is not frozen, and Python lets no frozen one follow.
    The name stays free: jobflow sets it whenever a job is renamed.
    """

    def __setattr__(self, name: str, value: object) -> None:
        """Set a field for the first time.

        Raises:
            FrozenInstanceError: It is set already.
        """
        if name != "name" and name in self.__dict__:
            raise FrozenInstanceError(f"{type(self).__name__} is frozen; make another with {name}.")
        super().__setattr__(name, value)


def tagged(job: Job, campaign_id: str, priority: int = 0, category: str = FACET_CATEGORY) -> Job:
    """Mark a job so that queues know whose it is, who can run it, and how urgent it is.

    Args:
        job: Changed in place.
        campaign_id: Written into its metadata, where pausing a campaign finds it.
        priority: Higher goes first.
        category: FireWorks' name for the workers that can run it.

    Returns:
        The job.
    """
    job.update_metadata({"campaign_id": campaign_id}, dynamic=False)
    job.config.manager_config |= {"_category": category, "_priority": priority}
    return job
