"""The job that measures the stability of a short list, with others where it is long."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jobflow import Flow, Response, job

from db.campaigns import control_of
from db.client import open_database
from db.documents import CampaignDoc
from db.queries import documents_by_id
from screening.rules import FlagRule
from workflows.duty import current_duty
from workflows.errors import UnfinishedError
from workflows.makers import FrozenMaker
from workflows.potentials import resident_potential
from workflows.stability.measure import kinds_asked, measure_short_list
from workflows.stability.measuring import TOP, Wanted
from workflows.stability.settings import StabilitySettings
from workflows.stability.shards import INTERRUPTED, StabilityShardMaker, counted, shards_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from db.client import MongoDatabase
    from db.documents.stability import StabilityDoc, StabilityKind
    from workflows.stability.measuring import Measured

MOST_ROUNDS = 8
"""Times that crystals are shared; what still comes up then, one job measures alone."""


@dataclass
class StabilityMaker(FrozenMaker):
    """Measure phonons and elastic constants of a campaign's short list, and judge it again.

    Attributes:
        name: Of the job.
        kinds: ``phonons``, ``elastic`` or both; empty for what the gates of the rule ask.
        top: The first so many of the flagged candidates, by rank.
        settings: ``StabilitySettings`` as plain values; what is not given keeps its default.
        shard_size: Crystals that one job measures; where more are missing, several share them.
    """

    name: str = "stability"
    kinds: list[StabilityKind] = field(default_factory=list)
    top: int = TOP
    settings: dict[str, Any] = field(default_factory=dict)
    shard_size: int = 5

    @job
    def make(
        self,
        campaign_id: str,
        screened: dict[str, Any] | None = None,
        shards: list[dict[str, Any]] | None = None,
        num_rounds: int = 0,
    ) -> Response[dict[str, Any]]:
        """Measure what is missing; measuring again changes nothing.

        Where much is missing, shards take its place, and after them a job like it, which judges by
        what they measured and looks at who came up. A job that has to stop puts another in its
        place, for the rest.

        Args:
            campaign_id: A screened campaign.
            screened: What its screening returned, so that this job waits for it.
            shards: What jobs before this one measured, so that it waits for them.
            num_rounds: Times that crystals were shared.

        Returns:
            The campaign's counts, how many measurements were made, and what the screening said.

        Raises:
            UnfinishedError: It had to stop, and nobody takes up another job in its place.
            ConfigError: phonopy is asked for and not installed.
        """
        duty = current_duty()
        with open_database() as database:
            (campaign,) = documents_by_id(database, CampaignDoc, [campaign_id])
            most_alone = self.shard_size if num_rounds < MOST_ROUNDS else None
            measured = self.run(database, campaign, most_alone=most_alone)
            (judged,) = documents_by_id(database, CampaignDoc, [campaign_id])
            control = control_of(database, campaign_id)
        before = [*(shards or []), counted(measured)]
        sums = {name: sum(each[name] for each in before) for name in counted(measured)}
        told = {**(screened or {}), "campaign_id": campaign_id, "counts": judged.counts, **sums}
        if measured.is_complete:
            return Response(output=told)
        if control == "cancelled" and duty.can_requeue:
            return Response(output=told, stop_jobflow=True)
        if control == "active" and most_alone is not None and len(measured.left) > most_alone:
            following = (campaign_id, screened, before, num_rounds + 1)
            return Response(output=told, replace=self._shared(judged, measured.left, following))
        if not duty.can_requeue:
            raise UnfinishedError(INTERRUPTED.format(campaign_id))
        return Response(output=told, replace=self.make(campaign_id, screened, before, num_rounds))

    def _shared(
        self,
        campaign: CampaignDoc,
        left: tuple[str, ...],
        following: tuple[str, dict[str, Any] | None, list[dict[str, Any]], int],
    ) -> Flow:
        """Make the jobs that measure what is left, and the one that judges by it."""
        maker = StabilityShardMaker(
            potential=campaign.potential_name,
            fingerprint=campaign.potential_fingerprint,
            kinds=list(self._kinds(campaign)),
            settings=self.settings,
            campaign_id=campaign.campaign_id,
        )
        shards = [maker.make(keys) for keys in shards_of(left, self.shard_size)]
        key, screened, before, num_rounds = following
        last = self.make(key, screened, [*before, *(each.output for each in shards)], num_rounds)
        jobs = [*shards, last]
        for each in jobs:  # category and priority are handed on by jobflow
            each.update_metadata({"campaign_id": key}, dynamic=False)
        return Flow(jobs, output=last.output, name=self.name)

    def run(
        self,
        database: MongoDatabase,
        campaign: CampaignDoc,
        heed: Callable[[StabilityDoc], None] = lambda _: None,
        most_alone: int | None = None,
    ) -> Measured:
        """Measure what is missing of a screened campaign in this process.

        Args:
            database: Holds the campaign.
            campaign: The campaign.
            heed: Told of every measurement.
            most_alone: Crystals beyond which they are left to others; None leaves none.

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
        settings = StabilitySettings.from_dict(self.settings)
        wanted = Wanted(self._kinds(campaign), self.top, settings)
        return measure_short_list(database, campaign, potential, wanted, must_stop, most_alone)

    def _kinds(self, campaign: CampaignDoc) -> tuple[StabilityKind, ...]:
        return tuple(self.kinds) or kinds_asked(FlagRule.from_dict(campaign.rule))
