"""A whole campaign as one jobflow Flow: relax in shards, screen, look at the short list again."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from jobflow import Flow, JobStore, Response, job, run_locally
from maggma.stores import MemoryStore

from db.blocks import blocks
from db.client import open_database
from db.documents import CampaignDoc, CandidateDoc
from db.filters import CandidateFilter
from db.find import Find
from db.indexes import ensure_indexes
from db.progress import ROLE, SCREENING
from db.queries import documents_by_id
from db.tasks import with_status
from screening.rules import FlagRule
from workflows.makers import FACET_CATEGORY, FrozenMaker, tagged
from workflows.relax import RelaxShardMaker
from workflows.screen import ScreenMaker
from workflows.settings import CampaignSettings
from workflows.shards.tasks import ask_for
from workflows.stability.maker import StabilityMaker
from workflows.stability.measure import check_kinds, kinds_asked
from workflows.submit import submit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from db.client import MongoDatabase


class Work(NamedTuple):
    """What is left to do of a campaign.

    Attributes:
        num_structures: Different crystals of the campaign, reference phases among them.
        missing: Keys of those that have no result yet.
        num_set_aside: Crystals that killed their workers; nobody relaxes them again by itself.
    """

    num_structures: int
    missing: list[str]
    num_set_aside: int = 0

    @property
    def num_known(self) -> int:
        """Crystals that have a result already, from this campaign or from another."""
        return self.num_structures - len(self.missing) - self.num_set_aside


@dataclass
class CampaignMaker(FrozenMaker):
    """Submit a campaign, relax its crystals in shards, and screen it.

    Where the rule asks for phonons or elastic constants, those of the short list are measured then.

    Attributes:
        name: Of the flow.
        shard_size: Crystals that one job relaxes.
        category: FireWorks' name for the workers that can relax them.
        screen_maker: Makes the job that screens.
        stability_maker: Makes the one after it, if the rule asks for it.
    """

    name: str = "campaign"
    shard_size: int = 500
    category: str = FACET_CATEGORY
    screen_maker: ScreenMaker = field(default_factory=ScreenMaker)
    stability_maker: StabilityMaker = field(default_factory=StabilityMaker)

    def make(self, settings: CampaignSettings) -> Flow:
        """Make a flow whose first job reads and stores the input and adds all others.

        Args:
            settings: What is asked; the worker that runs the first job must find its files.
        """
        submission = submit_campaign(settings.to_dict(), self)
        return Flow([submission], output=submission.output, name=self.name)

    def rest(self, campaign: CampaignDoc, structure_ids: Sequence[str]) -> Flow:
        """Make the flow of a campaign that is submitted.

        Args:
            campaign: A submitted campaign.
            structure_ids: Keys of its crystals that are to be relaxed.
        """
        relax = RelaxShardMaker(
            potential=campaign.potential_name,
            fingerprint=campaign.potential_fingerprint,
            settings=dict(campaign.relax_settings),
            campaign_id=campaign.campaign_id,
        )
        shards = [relax.make(block) for block in blocks(structure_ids, self.shard_size)]
        screen = self.screen_maker.make(campaign.campaign_id, [each.output for each in shards])
        closing = [screen]
        if kinds_asked(FlagRule.from_dict(campaign.rule)):
            closing += [self.stability_maker.make(campaign.campaign_id, screen.output)]
        for each in (*shards, *closing):
            tagged(each, campaign.campaign_id, campaign.priority, self.category)
        screen.update_metadata({ROLE: SCREENING}, dynamic=False)
        return Flow([*shards, *closing], output=closing[-1].output, name=self.name)


@job
def submit_campaign(request: dict[str, Any], maker: CampaignMaker) -> Response[dict[str, Any]]:
    """Store the input of a campaign and add the jobs that relax and screen it.

    Args:
        request: ``CampaignSettings`` as plain values.
        maker: Makes those jobs.
    """
    with open_database() as database:
        ensure_indexes(database)
        campaign = submit(database, CampaignSettings.from_dict(request)).campaign
        work = work_of(database, campaign)
    return Response(replace=maker.rest(campaign, work.missing))


def work_of(database: MongoDatabase, campaign: CampaignDoc) -> Work:
    """Ask for the relaxations of a campaign, and say which are still to be done."""
    where = CandidateFilter(campaign_id=campaign.campaign_id).to_mongo()
    rows = Find(CandidateDoc.collection, where, fields=("structure_id",)).run(database)
    ids = {row["structure_id"] for row in rows if row["structure_id"] is not None}
    fingerprint, settings = campaign.potential_fingerprint, campaign.relax_settings
    tasks = ask_for(database, ids, fingerprint, settings, campaign)
    aside = with_status(database, tasks, "set_aside")
    missing = sorted(structure for key, structure in tasks.items() if key not in aside)
    return Work(len(ids), missing, len(aside))


def run_campaign(
    database: MongoDatabase, campaign: CampaignDoc, work: Work, shard_size: int = 500
) -> CampaignDoc:
    """Run a submitted campaign in this process and return it with its results.

    Interrupted or failed at any moment, it leaves stored what was relaxed; running it again
    relaxes only the rest.

    Raises:
        ConfigError: The rule asks for phonons, and phonopy is not installed.
        Exception: Whatever a job raised.
    """
    check_kinds(kinds_asked(FlagRule.from_dict(campaign.rule)))
    flow = CampaignMaker(shard_size=shard_size).rest(campaign, work.missing)
    _run_here(flow)
    (finished,) = documents_by_id(database, CampaignDoc, [campaign.campaign_id])
    return finished


def _run_here(flow: Flow) -> None:
    """Run a flow in this process and folder, without folders of its own."""
    with warnings.catch_warnings():
        # jobflow's affair: its local manager uses a function that monty wants to retire.
        warnings.filterwarnings("ignore", "cd is deprecated", FutureWarning)
        run_locally(
            flow,
            store=JobStore(MemoryStore()),
            log=False,
            create_folders=False,
            raise_immediately=True,
        )
