"""Jobs that relax crystals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jobflow import Response, job

from db.campaigns import control_of
from db.client import open_database
from db.documents import CampaignDoc
from db.queries import documents_by_id
from facet.relaxation.relaxer import relax
from facet.relaxation.settings import RelaxSettings
from workflows.duty import current_duty
from workflows.errors import UnfinishedError
from workflows.makers import FrozenMaker
from workflows.potentials import resident_potential
from workflows.relax_output import RelaxOutput, relax_output
from workflows.shards.run import relax_shard

if TYPE_CHECKING:
    from pathlib import Path

    from pymatgen.core.structure import Structure

    from workflows.shards.run import ShardReport

UNFINISHED = (
    "Interrupted: what was relaxed is stored and the rest is handed back; "
    "the same command goes on with it."
)
STOPPED = "Campaign {} is {}: what was relaxed is stored; `facet resume` goes on with the rest."


@dataclass
class FacetRelaxMaker(FrozenMaker):
    """Relax one structure; its result is the job's output, in nobody's collection.

    It fits wherever atomate2 takes a relax Maker.

    Attributes:
        name: Of the job.
        potential: Bundled name or path of the potential.
        fingerprint: SHA-256 that its weights must have; empty takes them as they are.
        settings: Relaxation settings as plain values.
    """

    name: str = "Facet relax"
    potential: str = "facet-s"
    fingerprint: str = ""
    settings: dict[str, Any] = field(default_factory=dict)

    @job(output_schema=RelaxOutput)
    def make(self, structure: Structure, prev_dir: str | Path | None = None) -> RelaxOutput:  # noqa: ARG002 (atomate2's Makers take it)
        """Relax a structure.

        Args:
            structure: The input.
            prev_dir: Not used: nothing of an earlier calculation is needed.
        """
        potential = resident_potential(
            self.potential, self.fingerprint or None, current_duty().device
        )
        (result,) = relax([structure], potential, RelaxSettings.from_dict(self.settings))
        return relax_output(result, structure, potential)


@dataclass
class RelaxShardMaker(FrozenMaker):
    """Relax the crystals of a shard, named by id, and store each result.

    Attributes:
        name: Of the job.
        potential: Bundled name or path of the potential.
        fingerprint: SHA-256 that its weights must have; empty takes them as they are.
        settings: Relaxation settings as plain values.
        campaign_id: The campaign that asks; empty asks for nobody.
    """

    name: str = "relax shard"
    potential: str = "facet-s"
    fingerprint: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    campaign_id: str = ""

    @job
    def make(self, structure_ids: list[str]) -> Response[dict[str, Any]]:
        """Relax what is not relaxed yet.

        A job that has to stop hands its crystals back and puts another in its place, for the rest.

        Args:
            structure_ids: Keys of stored crystals.

        Returns:
            A small summary: how many were relaxed and how they ended, how many were known, seconds.

        Raises:
            UnfinishedError: It had to stop, and nobody takes up another job in its place.
        """
        settings = RelaxSettings.from_dict(self.settings)
        duty = current_duty()
        with open_database() as database:
            keys = [self.campaign_id] if self.campaign_id else []
            campaign = next(documents_by_id(database, CampaignDoc, keys), None)
            potential = resident_potential(self.potential, self.fingerprint or None, duty.device)
            report = relax_shard(database, structure_ids, potential, settings, campaign)
            control = control_of(database, self.campaign_id) if campaign else "active"
        if not report.left:
            return Response(output=_summary(report))
        if not duty.can_requeue:
            is_ours = control == "active"
            raise UnfinishedError(UNFINISHED if is_ours else STOPPED.format(*keys, control))
        if control == "cancelled":
            return Response(output=_summary(report), stop_jobflow=True)
        return Response(output=_summary(report), replace=self.make(report.left))


def _summary(report: ShardReport) -> dict[str, Any]:
    return {
        "num_relaxed": report.ends.total(),
        "num_known": report.num_known,
        "num_refused": report.num_refused,
        "ends": dict(report.ends),
        "seconds": report.seconds,
    }
