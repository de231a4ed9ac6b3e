"""Approved follow-ups in the LaunchPad, each of them once.

Whoever was killed between adding a workflow and noting so finds it again by the key in its
metadata; Fireworks that lost their workflow before it was written are taken out first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from jobflow.managers.fireworks import flow_to_workflow
from pymongo import DESCENDING

from db.blocks import blocks
from db.errors import DbError
from db.follow_ups import fail, follow_up_by_id, follow_ups_of, mark_submitted, replace_undecided
from db.locks import give_lock_back, take_lock
from workflows.dft.follow_up_maker import FOLLOW_UP, VASP_CATEGORY, DftFollowUpMaker
from workflows.dft.makers import dft_maker, maker_digest
from workflows.dft.requests import follow_up_key
from workflows.launch import ENDED, SECONDS_TO_SUBMIT, launchpad

if TYPE_CHECKING:
    from typing import Any

    from jobflow import Maker

    from db.client import MongoDatabase
    from db.documents import CampaignDoc
    from db.documents.follow_up import FollowUpDoc
    from workflows.patient_launchpad import PatientLaunchPad


KEYS_PER_REQUEST = 500


class Submitted(NamedTuple):
    """What became of the approved follow-ups of a campaign.

    Attributes:
        new: Those whose jobs were added.
        known: Those that were in the queue already.
        rerun: Those whose failed jobs run again.
    """

    new: list[str]
    known: list[str]
    rerun: list[str]


@dataclass(frozen=True, eq=False)
class _Known:
    """A Maker and what it is."""

    path: str
    maker: Maker
    digest: str


def submit_follow_ups(
    database: MongoDatabase,
    campaign: CampaignDoc,
    maker: str | None = None,
    category: str = VASP_CATEGORY,
) -> Submitted:
    """Add the jobs of every approved follow-up of a campaign that has none yet.

    Args:
        database: Holds the follow-ups and the queue.
        campaign: The campaign.
        maker: Import path of another Maker than the one that was approved.
        category: Kind of workers that do the DFT.

    Raises:
        FollowUpError: The Maker cannot be had.
        DbError: Another process is submitting the same follow-up.
    """
    pad = launchpad(database)
    pad.workflows.create_index(f"metadata.{FOLLOW_UP}")
    pad.fireworks.create_index(f"spec.{FOLLOW_UP}")
    makers: dict[str, _Known] = {}
    told = Submitted([], [], [])
    for each in _by_rank(follow_ups_of(database, campaign.campaign_id, ["approved"]), campaign):
        path = maker or each.maker
        known = makers.get(path) or makers.setdefault(path, _known(path))
        follow_up = _as_approved(database, each, known)
        if follow_up.status == "approved":
            _submit(pad, follow_up, _flow_maker(campaign, follow_up, known, category), told)
    return told


def fail_fizzled(database: MongoDatabase, campaign_id: str) -> int:
    """Note which submitted follow-ups have a job that failed; return how many.

    A result that comes later, after such a job ran again, takes the place of the failure.
    """
    fireworks = launchpad(database).fireworks
    submitted = [each.follow_up_id for each in follow_ups_of(database, campaign_id, ["submitted"])]
    num_failed = 0
    for block in blocks(submitted, KEYS_PER_REQUEST):
        where = {f"spec.{FOLLOW_UP}": {"$in": block}, "state": "FIZZLED"}
        wanted = {"fw_id": 1, "name": 1, f"spec.{FOLLOW_UP}": 1}
        found = fireworks.find(where, wanted).sort("fw_id", DESCENDING)
        broken = {each["spec"][FOLLOW_UP]: each for each in found}  # the first job of each
        for key, job in broken.items():
            reason = (
                f"Its job {job['name']!r} (Firework {job['fw_id']}) failed: see its launch, "
                f"mend it, approve the candidate again and submit."
            )
            num_failed += fail(database, key, reason)
    return num_failed


def _submit(
    pad: PatientLaunchPad, follow_up: FollowUpDoc, maker: DftFollowUpMaker, told: Submitted
) -> None:
    """Add a workflow unless there is one, under a lock that others respect."""
    key, holder = follow_up.follow_up_id, uuid4().hex
    if not take_lock(pad.db, f"dft/{key}", holder, SECONDS_TO_SUBMIT):
        raise DbError(f"Follow-up {key[:12]} is being submitted by another process; try again.")
    try:
        found = _unfinished(pad, key)
        if found is not None:
            fw_ids = sorted(found["nodes"])
            (told.rerun if _rerun(pad, fw_ids) else told.known).append(key)
        else:
            _remove_orphans(pad, key)
            workflow = flow_to_workflow(maker.make(follow_up), metadata={FOLLOW_UP: key})
            fw_ids = sorted(pad.add_wf(workflow).values())
            told.new.append(key)
        mark_submitted(pad.db, key, fw_ids)
    finally:
        give_lock_back(pad.db, f"dft/{key}", holder)


def _unfinished(pad: PatientLaunchPad, key: str) -> dict[str, Any] | None:
    """Return the workflow of a follow-up that has not ended.

    One that ended without a result was approved again since, and may have another.
    """
    where = {f"metadata.{FOLLOW_UP}": key, "state": {"$nin": list(ENDED)}}
    found: dict[str, Any] | None = pad.workflows.find_one(
        where, {"nodes": 1}, sort=[("_id", DESCENDING)]
    )
    return found


def _rerun(pad: PatientLaunchPad, fw_ids: list[int]) -> bool:
    """Let the failed jobs of a workflow run again; False when there are none."""
    broken = pad.fireworks.find({"fw_id": {"$in": fw_ids}, "state": "FIZZLED"}, {"fw_id": 1})
    return bool([pad.rerun_fw(each["fw_id"]) for each in broken])


def _remove_orphans(pad: PatientLaunchPad, key: str) -> None:
    """Delete Fireworks of a follow-up whose workflow was never written."""
    found = [each["fw_id"] for each in pad.fireworks.find({f"spec.{FOLLOW_UP}": key}, {"fw_id": 1})]
    with_workflow = {
        node
        for each in pad.workflows.find({"nodes": {"$in": found}}, {"nodes": 1})
        for node in each["nodes"]
    }
    orphans = [fw_id for fw_id in found if fw_id not in with_workflow]
    pad.fireworks.delete_many({"fw_id": {"$in": orphans}})


def _as_approved(database: MongoDatabase, follow_up: FollowUpDoc, known: _Known) -> FollowUpDoc:
    """Return a follow-up with the Maker that will do it; with another Maker it is another one."""
    key = follow_up_key(follow_up.relaxation_id, known.digest, follow_up.ordering)
    if key == follow_up.follow_up_id:
        return follow_up
    changed = {"follow_up_id": key, "maker": known.path, "maker_digest": known.digest}
    new = follow_up.model_copy(update=changed)
    replace_undecided(database, follow_up, new)
    return follow_up_by_id(database, key)


def _flow_maker(
    campaign: CampaignDoc, follow_up: FollowUpDoc, known: _Known, category: str
) -> DftFollowUpMaker:
    """Make the Maker of a follow-up; of one campaign those of better rank go first."""
    request = follow_up.request_of(campaign.campaign_id)
    rank = request.rank if request and request.rank else 0
    priority = campaign.priority + (1.0 / (1.0 + rank) if rank else 0.0)
    return DftFollowUpMaker(maker=known.maker, category=category, priority=priority)


def _by_rank(follow_ups: list[FollowUpDoc], campaign: CampaignDoc) -> list[FollowUpDoc]:
    def place(each: FollowUpDoc) -> tuple[bool, int, str]:
        request = each.request_of(campaign.campaign_id)
        rank = request.rank if request else None
        return rank is None, rank or 0, each.follow_up_id

    return sorted(follow_ups, key=place)


def _known(path: str) -> _Known:
    maker = dft_maker(path)
    return _Known(path, maker, maker_digest(maker))
