"""A comparison as jobs: shards for the workers of each environment, then the report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobflow import Flow, job

from db.blocks import blocks
from db.client import open_database
from db.indexes import ensure_indexes
from workflows.comparison.computing import missing
from workflows.comparison.disagreement import store_distances
from workflows.comparison.peers import Peer
from workflows.comparison.report import report_of
from workflows.comparison.request import CompareSettings, comparison_of, store_runs
from workflows.makers import FACET_CATEGORY, FrozenMaker, tagged
from workflows.relax import RelaxShardMaker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobflow import Job

    from db.client import MongoDatabase
    from workflows.comparison.computing import Work
    from workflows.comparison.request import Comparison


@dataclass
class CompareMaker(FrozenMaker):
    """Relax the same candidates with several potentials, each by workers of its environment.

    Shards carry FireWorks' category of the environment that can run them: ``facet worker`` takes
    those of Facet, ``facet worker --category mace`` in MACE's environment the others, from the
    same database.

    Attributes:
        name: Of the flow.
        shard_size: Crystals that one job relaxes.
    """

    name: str = "compare"
    shard_size: int = 200

    def make(self, database: MongoDatabase, settings: CompareSettings) -> Flow:
        """Make the flow of what is missing, closed by the job that reports.

        Args:
            database: Holds the campaign and what is known already.
            settings: What is compared.

        Raises:
            DbError: There is no such campaign.
            ConfigError: There is nothing to compare.
        """
        ensure_indexes(database)
        comparison = comparison_of(database, settings)
        shards = [
            tagged(
                shard,
                settings.campaign_id,
                comparison.campaign.priority,
                peer.category,
            )
            for peer in settings.peers
            for work in comparison.works
            for shard in self._shards(database, comparison, peer, work)
        ]
        closing = report_comparison(plain_settings(settings), [each.output for each in shards])
        tagged(closing, settings.campaign_id, comparison.campaign.priority, FACET_CATEGORY)
        return Flow([*shards, closing], output=closing.output, name=self.name)

    def _shards(
        self, database: MongoDatabase, comparison: Comparison, peer: Peer, work: Work
    ) -> Iterator[Job]:
        maker = RelaxShardMaker(
            name=f"relax {work.purpose} with {peer.label}",
            potential=peer.name,
            fingerprint=peer.fingerprint,
            settings=work.settings.to_dict(),
            campaign_id=comparison.campaign.campaign_id,
        )
        left = missing(database, work.structure_ids, peer.fingerprint, work.settings)
        for block in blocks(left, self.shard_size):
            yield maker.make(block)


@job
def report_comparison(settings: dict[str, Any], shards: list[dict[str, Any]]) -> dict[str, Any]:
    """Compare what the shards relaxed; the rows of single crystals are made when they are read.

    Args:
        settings: ``CompareSettings`` as plain values.
        shards: Summaries of the relaxation jobs, so that this job waits for them.
    """
    with open_database() as database:
        report = stored_report(database, settings_from(settings))
    pairs = [{k: v for k, v in each.items() if k != "crystals"} for each in report["pairs"]]
    num_relaxed = sum(each["num_relaxed"] for each in shards)
    return {**report, "pairs": pairs, "num_relaxed": num_relaxed}


def stored_report(database: MongoDatabase, settings: CompareSettings) -> dict[str, Any]:
    """Report on what is stored of a comparison, and keep its distances; nothing is relaxed."""
    comparison = comparison_of(database, settings)
    report = report_of(database, comparison, store_runs(database, comparison, []))
    store_distances(database, report)
    return report


def plain_settings(settings: CompareSettings) -> dict[str, Any]:
    """Settings as plain values that JSON can hold; paths become absolute."""
    return {
        "campaign_id": settings.campaign_id,
        "peers": [each.to_dict() for each in settings.peers],
        "sample": settings.sample,
        "stratify": settings.stratify,
        "pool": str(settings.pool.absolute()) if settings.pool else None,
    }


def settings_from(values: dict[str, Any]) -> CompareSettings:
    """Read what ``plain_settings`` made."""
    peers = tuple(Peer.from_dict(each) for each in values["peers"])
    plain = CompareSettings(**{**values, "peers": peers, "pool": None})
    return replace(plain, pool=Path(values["pool"])) if values["pool"] else plain
