"""Relaxing the crystals of a shard under leases: the work of one job."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from db.blobs import store_blob
from db.campaigns import control_of
from db.documents import SuspendedState
from db.errors import DatabaseUnreachableError
from db.leases import Leases
from db.patience import patiently
from db.tasks import with_status
from facet.relaxation.relaxer import Relaxation
from workflows.duty import current_duty
from workflows.progress import tell
from workflows.relaxation_documents import relaxation_documents
from workflows.shards.boarding import Boarding
from workflows.shards.heartbeat import Heartbeat
from workflows.shards.tasks import ask_for
from workflows.writing import WriteBehind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from db.client import MongoDatabase
    from db.documents import CampaignDoc
    from db.documents.task import TaskStatus
    from facet.potential import Potential
    from facet.relaxation.result import RelaxResult
    from facet.relaxation.settings import RelaxSettings
    from facet.relaxation.suspended import Suspended
    from workflows.shards.boarding import Boarded

UNFINISHED: tuple[TaskStatus, ...] = ("pending", "leased")
SECONDS_BETWEEN_LOOKS = 1.0
"""While the rest of a shard is held by other workers."""


@dataclass
class ShardReport:
    """What one run of a job did.

    Attributes:
        ends: Crystals that this run relaxed and stored, by stop reason.
        num_known: Crystals that had a result before.
        num_refused: Results that came too late: others hold their crystals now.
        left: Crystals without a result because the run had to stop.
        seconds: Wall time.
    """

    ends: Counter[str] = field(default_factory=Counter)
    num_known: int = 0
    num_refused: int = 0
    left: list[str] = field(default_factory=list)
    seconds: float = 0.0


def relax_shard(
    database: MongoDatabase,
    structure_ids: Iterable[str],
    potential: Potential,
    settings: RelaxSettings,
    campaign: CampaignDoc | None = None,
) -> ShardReport:
    """Relax stored crystals that have no result yet and store each result as it comes.

    It returns when every crystal has a result or is set aside, whoever relaxed it. When the duty of
    this process ends, or the campaign is paused or cancelled, the crystals in flight go back with
    the optimizer's memory. Interrupted at any moment, it leaves every result stored that it had.

    Args:
        database: Holds crystals, tasks and results.
        structure_ids: The shard.
        potential: Gives energies, forces and stresses.
        settings: How crystals are relaxed.
        campaign: Who asks.

    Raises:
        MissingDocumentError: A crystal or the campaign is not stored.
        DbError: The database refuses a result.
    """
    started = perf_counter()
    asked = set(structure_ids)
    plain = settings.to_dict()

    def tasks() -> dict[str, str]:
        return ask_for(database, asked, potential.fingerprint, plain, campaign)

    run = _ShardRun(database, potential, settings)
    run.until_done(patiently(tasks, database, current_duty().stop.is_set), campaign)
    report = run.report
    report.num_known = len(asked) - report.ends.total() - len(report.left)
    report.seconds = round(perf_counter() - started, 3)
    return report


class _ShardRun:
    """The state of one run of a job.

    Args:
        database: Holds crystals, tasks and results.
        potential: Relaxes them.
        settings: Of the relaxation.
    """

    def __init__(
        self, database: MongoDatabase, potential: Potential, settings: RelaxSettings
    ) -> None:
        self.report = ShardReport()
        self._database = database
        self._potential = potential
        self._settings = settings
        self._leases: Leases
        self._heartbeat: Heartbeat

    def until_done(self, tasks: Mapping[str, str], campaign: CampaignDoc | None) -> None:
        """Fly until no task is left or it is time to stop.

        Args:
            tasks: Keys of tasks and of their crystals.
            campaign: Who asks.
        """
        database, duty = self._database, current_duty()

        def is_wanted() -> bool:
            return campaign is None or control_of(database, campaign.campaign_id) == "active"

        self._leases = Leases(database, duty.worker, duty.lease_seconds)
        self._heartbeat = Heartbeat(database, self._leases, duty, is_wanted)
        left = sorted(tasks)
        if patiently(is_wanted, database):
            with self._giving_back(), self._heartbeat:
                left = self._fly_until_done(left)
        self.report.left = sorted(tasks[each] for each in left)

    def _fly_until_done(self, left: list[str]) -> list[str]:
        """Return the keys of tasks that are left when it is time to stop."""
        left = self._unfinished(left)
        while left and not self._heartbeat.must_stop:
            num_before = self.report.ends.total()
            self._fly(left)
            left = self._unfinished(left)
            if left and self.report.ends.total() == num_before:
                self._heartbeat.pause(SECONDS_BETWEEN_LOOKS)
        return left

    def _fly(self, left: Sequence[str]) -> None:
        """Relax what can be claimed, and hand back what flies when it is time to stop."""
        with (
            WriteBehind(self._write) as writer,
            Boarding(self._database, self._leases, self._heartbeat, left) as crystals,
            self._heartbeat.hurrying_on_errors(),
        ):
            relaxation = Relaxation(crystals.ready(), self._potential, self._settings)
            self._heartbeat.watch(crystals.stop, relaxation.interrupt)
            for result in relaxation:
                writer.put((crystals.leave(result.name), result))
                tell(result.stop_reason.value)
        if self._heartbeat.must_stop:
            self._hand_back([(crystals.leave(each.name), each) for each in relaxation.suspend()])

    def _write(self, items: list[tuple[Boarded, RelaxResult]]) -> None:
        """Store results; another thread does this."""
        ends = [(flying.stored, result) for flying, result in items]
        documents = relaxation_documents(ends, self._potential, self._settings)
        claimed = [(flying.claim, each) for (flying, _), each in zip(items, documents, strict=True)]
        refused = self._heartbeat.ask(lambda: self._leases.finish(claimed))
        self.report.num_refused += len(refused)
        self.report.ends.update(
            result.stop_reason.value
            for flying, result in items
            if flying.claim.task_id not in refused
        )

    def _hand_back(self, crystals: Sequence[tuple[Boarded, Suspended]]) -> None:
        """Let others go on with crystals; when the database stays away, their leases just end."""
        states = []
        with suppress(DatabaseUnreachableError):
            for boarded, each in crystals:
                content = self._heartbeat.ask(partial(store_blob, self._database, each.to_bytes()))
                state = SuspendedState(num_steps=each.num_steps, content=content)
                states.append((boarded.claim, state))
            self._heartbeat.ask(lambda: self._leases.hand_back(states))

    @contextmanager
    def _giving_back(self) -> Iterator[None]:
        """Let go in the end, in whatever way it comes, of all that is still held."""
        try:
            yield
        finally:
            with suppress(DatabaseUnreachableError):  # then the leases end by themselves
                patiently(self._leases.give_back, self._database, lambda: True)

    def _unfinished(self, tasks: Iterable[str]) -> list[str]:
        """Those of some tasks that have no result and are not set aside."""
        keys = list(tasks)
        try:
            return sorted(
                self._heartbeat.ask(lambda: with_status(self._database, keys, *UNFINISHED))
            )
        except DatabaseUnreachableError:
            return keys
