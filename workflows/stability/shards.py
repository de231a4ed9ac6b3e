"""The short list in shards: jobs that hold ids only, so that several workers share its crystals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jobflow import Response, job

from db.blocks import blocks
from db.campaigns import control_of
from db.client import open_database
from workflows.duty import current_duty
from workflows.errors import UnfinishedError
from workflows.makers import FrozenMaker
from workflows.potentials import resident_potential
from workflows.stability.measuring import Measured, Wanted, crystals_of, measure_missing, missing_of
from workflows.stability.settings import StabilitySettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from db.client import MongoDatabase
    from db.documents.stability import StabilityDoc, StabilityKind

MOST_SHARDS = 16
"""Of one short list; a longer one has larger shards."""

INTERRUPTED = (
    "Interrupted: the stabilities that were measured are stored; `facet stability {}` goes on "
    "with the rest."
)


@dataclass
class StabilityShardMaker(FrozenMaker):
    """Measure some relaxed crystals, named by id, and store each measurement.

    Attributes:
        name: Of the job.
        potential: Bundled name or path of the potential.
        fingerprint: SHA-256 that its weights must have; empty takes them as they are.
        kinds: ``phonons``, ``elastic`` or both.
        settings: ``StabilitySettings`` as plain values; what is not given keeps its default.
        campaign_id: The campaign that asks, whose expense it is.
    """

    name: str = "stability shard"
    potential: str = "facet-s"
    fingerprint: str = ""
    kinds: list[StabilityKind] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    campaign_id: str = ""

    @job
    def make(self, relaxation_ids: list[str]) -> Response[dict[str, Any]]:
        """Measure what is not measured yet.

        A job that has to stop puts another in its place, for the rest.

        Args:
            relaxation_ids: Keys of stored relaxations.

        Returns:
            How many measurements were made now, and how many of them failed.

        Raises:
            UnfinishedError: It had to stop, and nobody takes up another job in its place.
            ConfigError: phonopy is asked for and not installed.
        """
        with open_database() as database:
            measured = self._run(database, relaxation_ids)
            control = control_of(database, self.campaign_id)
        told = counted(measured)
        if measured.is_complete:
            return Response(output=told)
        if not current_duty().can_requeue:
            raise UnfinishedError(INTERRUPTED.format(self.campaign_id))
        if control == "cancelled":
            return Response(output=told, stop_jobflow=True)
        return Response(output=told, replace=self.make(list(measured.left)))

    def _run(self, database: MongoDatabase, relaxation_ids: Sequence[str]) -> Measured:
        duty = current_duty()

        def must_stop(_: StabilityDoc | None = None) -> bool:
            return duty.stop.is_set() or control_of(database, self.campaign_id) != "active"

        settings = StabilitySettings.from_dict(self.settings)
        wanted = Wanted(tuple(self.kinds), settings=settings, campaign_id=self.campaign_id)
        missing = missing_of(database, relaxation_ids, wanted)
        if not missing:
            return Measured()
        if must_stop():
            return Measured(is_complete=False, left=crystals_of(missing))
        potential = resident_potential(self.potential, self.fingerprint or None, duty.device)
        return measure_missing(database, potential, missing, wanted, must_stop)


def shards_of(relaxation_ids: Sequence[str], size: int) -> list[list[str]]:
    """Cut a short list into shards of a size, or of a larger one if there were too many."""
    least = -(-len(relaxation_ids) // MOST_SHARDS)
    return [list(block) for block in blocks(relaxation_ids, max(size, least))]


def counted(measured: Measured) -> dict[str, Any]:
    """Return the counts of what was done as a job's output."""
    return {"num_measured": measured.num_measured, "num_faults": measured.num_faults}
