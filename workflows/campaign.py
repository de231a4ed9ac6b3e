"""A whole campaign as one jobflow Flow: relax in shards, then screen."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from jobflow import Flow, JobStore, Maker, run_locally
from maggma.stores import MemoryStore

from db.documents import CampaignDoc, CandidateDoc
from db.filters import CandidateFilter
from db.queries import Find, documents_by_id
from workflows.relax import RelaxShardMaker, not_relaxed
from workflows.screen import ScreenMaker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from db.client import MongoDatabase


class Work(NamedTuple):
    """What is left to do of a campaign.

    Attributes:
        num_structures: Different crystals of the campaign, reference phases among them.
        missing: Keys of those that have no result yet.
    """

    num_structures: int
    missing: list[str]

    @property
    def num_known(self) -> int:
        """Crystals that have a result already, from this campaign or from another."""
        return self.num_structures - len(self.missing)


@dataclass
class CampaignMaker(Maker):
    """Relax crystals of a submitted campaign in shards, then screen it.

    Attributes:
        name: Of the flow.
        shard_size: Crystals that one job relaxes.
        screen_maker: Makes the closing job.
    """

    name: str = "campaign"
    shard_size: int = 500
    screen_maker: ScreenMaker = field(default_factory=ScreenMaker)

    def make(self, campaign: CampaignDoc, structure_ids: Sequence[str]) -> Flow:
        """Make the flow.

        Args:
            campaign: A submitted campaign.
            structure_ids: Keys of its crystals that are to be relaxed.
        """
        relax = RelaxShardMaker(
            potential=campaign.potential_name,
            fingerprint=campaign.potential_fingerprint,
            settings=dict(campaign.relax_settings),
        )
        shards = [
            relax.make(list(structure_ids[start : start + self.shard_size]))
            for start in range(0, len(structure_ids), self.shard_size)
        ]
        screen = self.screen_maker.make(campaign.campaign_id, [each.output for each in shards])
        return Flow([*shards, screen], output=screen.output, name=self.name)


def work_of(database: MongoDatabase, campaign: CampaignDoc) -> Work:
    """Find out which crystals of a campaign are still to be relaxed."""
    where = CandidateFilter(campaign_id=campaign.campaign_id).to_mongo()
    rows = Find(CandidateDoc.collection, where, fields=("structure_id",)).run(database)
    ids = {row["structure_id"] for row in rows if row["structure_id"] is not None}
    missing = not_relaxed(database, ids, campaign.potential_fingerprint, campaign.relax_settings)
    return Work(len(ids), missing)


def run_campaign(
    database: MongoDatabase, campaign: CampaignDoc, work: Work, shard_size: int = 500
) -> CampaignDoc:
    """Run a submitted campaign in this process and return it with its results.

    Interrupted or failed at any moment, it leaves stored what was relaxed; running it again
    relaxes only the rest.

    Raises:
        Exception: Whatever a job raised.
    """
    flow = CampaignMaker(shard_size=shard_size).make(campaign, work.missing)
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
