"""Relaxing crystals of a campaign anew that ended badly."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from db.documents import CandidateDoc
from db.documents.fields import StopReasonName
from db.filters import CandidateFilter
from db.find import Find
from db.retries import ended_as, give_up, reopen_set_aside
from db.tasks import with_status
from db.writes import save_campaign
from facet.errors import ConfigError
from workflows.keys import relaxation_key
from workflows.launch import launchpad, rerun_fizzled
from workflows.operations.queue import queue_again, stored_campaign

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from db.client import MongoDatabase
    from db.documents import CampaignDoc
    from workflows.operations.queue import Queued

ENDS: tuple[str, ...] = get_args(StopReasonName)
NOT_CONVERGED = tuple(each for each in ENDS if each != "converged")


@dataclass(frozen=True)
class RetrySettings:
    """Which crystals are tried again; what is empty asks for nothing.

    Attributes:
        set_aside: Those that were set aside after their workers were lost.
        ends: Those whose relaxation ended in one of these ways.
        reason: Of these only those whose message holds this text, in capitals or not.
    """

    set_aside: bool = False
    ends: tuple[str, ...] = ()
    reason: str = ""

    def __post_init__(self) -> None:
        """Refuse ends that do not exist."""
        unknown = [each for each in self.ends if each not in ENDS]
        if unknown:
            raise ConfigError(f"{unknown[0]!r} is no end; choose among {', '.join(ENDS)}.")

    @classmethod
    def asked(cls, *, set_aside: bool, ends: tuple[str, ...], reason: str) -> RetrySettings:
        """Fill in what a user means who says less: a reason is looked for among all bad ends.

        Without any condition it is what went wrong by accident: set aside, or failed.
        """
        if reason and not ends:
            ends = NOT_CONVERGED
        if not (set_aside or ends):
            return cls(set_aside=True, ends=("failed",))
        return cls(set_aside=set_aside, ends=ends, reason=reason)


class Retried(NamedTuple):
    """What is tried again.

    Attributes:
        num_set_aside: Crystals that were set aside.
        ends: Crystals that had ended, by how.
        num_rerun: Jobs that had failed.
        campaigns: Others whose candidates share these crystals, and wait for them again.
        queued: Jobs that were added.
    """

    num_set_aside: int
    ends: Counter[str]
    num_rerun: int
    campaigns: list[str]
    queued: Queued


@dataclass
class _Counted:
    """Passes results on and counts them."""

    reason: str
    ends: Counter[str] = field(default_factory=Counter)

    def matching(self, results: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for each in results:
            if self.reason.casefold() in each["message"].casefold():
                self.ends[each["stop_reason"]] += 1
                yield each


def retry(database: MongoDatabase, campaign_id: str, settings: RetrySettings) -> Retried:
    """Give up results of a campaign and add the jobs that relax their crystals anew.

    Campaigns that share such a crystal wait for it again; those that are active get jobs too.

    Raises:
        MissingDocumentError: There is no such campaign.
    """
    campaign = stored_campaign(database, campaign_id)
    tasks = _tasks_of(database, campaign)
    num_aside = 0
    if settings.set_aside:
        aside = with_status(database, tasks, "set_aside")
        num_aside = reopen_set_aside(database, campaign_id, {key: tasks[key] for key in aside})
    counted = _Counted(settings.reason)
    ended = ended_as(database, tasks, settings.ends)
    others = give_up(database, counted.matching(ended)) - {campaign_id}
    if num_aside or counted.ends:
        for each in (campaign_id, *others):
            _save_as_running(database, stored_campaign(database, each))
    num_rerun = rerun_fizzled(launchpad(database), campaign_id)
    for each in others:
        queue_again(database, each)
    _, queued = queue_again(database, campaign_id)
    return Retried(num_aside, counted.ends, num_rerun, sorted(others), queued)


def _tasks_of(database: MongoDatabase, campaign: CampaignDoc) -> Mapping[str, str]:
    """Keys of the relaxations of a campaign and of their crystals."""
    where = CandidateFilter(campaign_id=campaign.campaign_id).to_mongo()
    rows = Find(CandidateDoc.collection, where, fields=("structure_id",)).run(database)
    ids = {row["structure_id"] for row in rows if row["structure_id"] is not None}
    fingerprint, settings = campaign.potential_fingerprint, campaign.relax_settings
    return {relaxation_key(each, fingerprint, settings): each for each in sorted(ids)}


def _save_as_running(database: MongoDatabase, campaign: CampaignDoc) -> None:
    save_campaign(database, campaign.model_copy(update={"status": "running"}))
