"""The job that measures the stability of a short list."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jobflow import Response, job

from db.campaigns import control_of
from db.client import open_database
from db.documents import CampaignDoc
from db.queries import documents_by_id
from screening.rules import FlagRule
from workflows.duty import current_duty
from workflows.errors import UnfinishedError
from workflows.makers import FrozenMaker
from workflows.potentials import resident_potential
from workflows.stability.measure import TOP, Wanted, kinds_asked, measure_short_list
from workflows.stability.settings import StabilitySettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from db.client import MongoDatabase
    from db.documents.stability import StabilityDoc, StabilityKind
    from workflows.stability.measure import Measured

INTERRUPTED = (
    "Interrupted: the stabilities that were measured are stored; `facet stability {}` goes on "
    "with the rest."
)


@dataclass
class StabilityMaker(FrozenMaker):
    """Measure phonons and elastic constants of a campaign's short list, and judge it again.

    Attributes:
        name: Of the job.
        kinds: ``phonons``, ``elastic`` or both; empty for what the gates of the rule ask.
        top: The first so many of the flagged candidates, by rank.
        settings: ``StabilitySettings`` as plain values; what is not given keeps its default.
    """

    name: str = "stability"
    kinds: list[StabilityKind] = field(default_factory=list)
    top: int = TOP
    settings: dict[str, Any] = field(default_factory=dict)

    @job
    def make(
        self, campaign_id: str, screened: dict[str, Any] | None = None
    ) -> Response[dict[str, Any]]:
        """Measure what is missing; measuring again changes nothing.

        A job that has to stop puts another in its place, for the rest.

        Args:
            campaign_id: A screened campaign.
            screened: What its screening returned, so that this job waits for it.

        Returns:
            The campaign's counts, how many measurements were made, and what the screening said.

        Raises:
            UnfinishedError: It had to stop, and nobody takes up another job in its place.
            ConfigError: phonopy is asked for and not installed.
        """
        duty = current_duty()
        with open_database() as database:
            (campaign,) = documents_by_id(database, CampaignDoc, [campaign_id])
            measured = self.run(database, campaign)
            (judged,) = documents_by_id(database, CampaignDoc, [campaign_id])
            control = control_of(database, campaign_id)
        told = {**(screened or {}), "campaign_id": campaign_id, "counts": judged.counts}
        told |= {"num_measured": measured.num_measured, "num_faults": measured.num_faults}
        if measured.is_complete:
            return Response(output=told)
        if not duty.can_requeue:
            raise UnfinishedError(INTERRUPTED.format(campaign_id))
        if control == "cancelled":
            return Response(output=told, stop_jobflow=True)
        return Response(output=told, replace=self.make(campaign_id, screened))

    def run(
        self,
        database: MongoDatabase,
        campaign: CampaignDoc,
        heed: Callable[[StabilityDoc], None] = lambda _: None,
    ) -> Measured:
        """Measure what is missing of a screened campaign in this process.

        Args:
            database: Holds the campaign.
            campaign: The campaign.
            heed: Told of every measurement.

        Raises:
            ConfigError: phonopy is asked for and not installed.
        """
        duty = current_duty()

        def must_stop(found: StabilityDoc) -> bool:
            heed(found)
            return duty.stop.is_set() or control_of(database, campaign.campaign_id) != "active"

        potential = resident_potential(
            campaign.potential_name, campaign.potential_fingerprint, duty.device
        )
        kinds = tuple(self.kinds) or kinds_asked(FlagRule.from_dict(campaign.rule))
        wanted = Wanted(kinds, self.top, StabilitySettings.from_dict(self.settings))
        return measure_short_list(database, campaign, potential, wanted, must_stop)
