"""The loop closes: results enter the reference, hulls move, and predictions are held to account.

An update computes everything from what is stored and writes it again: the order of results leaves
no trace, a second update changes nothing, and one that was cut off is made good by the next.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from db.documents import CampaignDoc, ReferenceDoc
from db.errors import DbError
from db.filters import CandidateFilter
from db.follow_ups import follow_up_by_id, follow_ups_of, save_comparisons
from db.locks import give_lock_back, take_lock
from db.queries import candidates, documents_by_id
from db.writes import insert_references, update_candidates
from screening.changes import changes_between
from screening.rules import FlagRule
from workflows.dft.comparing import comparison_of, moved_outcomes, placed
from workflows.dft.learning import learned_scale, rule_scores
from workflows.dft.proposals import LEARNED
from workflows.dft.resident_hulls import resident_hulls, undone
from workflows.dft.updated_reference import (
    NO_BASE,
    base_reference,
    lowest_results,
    refusal_of,
    with_results,
)
from workflows.keys import reference_key
from workflows.references import reference_document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from db.client import MongoDatabase
    from db.documents import CandidateDoc
    from db.documents.follow_up import Comparison, FollowUpDoc
    from screening.reference import Reference
    from workflows.dft.updated_reference import Found, StoredReference

SECONDS_TO_UPDATE = 60.0
"""Longer than any step of an update takes; one that was killed keeps others waiting so long."""

SECONDS_TO_WAIT = 180.0
PAUSE = 0.2


class _Compared(NamedTuple):
    """What results did to the hull of a campaign.

    Attributes:
        comparisons: What DFT made of each candidate, by name.
        about: What is stored of it in the campaign.
    """

    comparisons: dict[str, Comparison]
    about: dict[str, Any]


def learn_from(database: MongoDatabase, follow_up_id: str) -> dict[str, str]:
    """Update every campaign that asked for a follow-up; say of each whether it was done.

    Never fails for one of them: what could not be done now is done by the next update.
    """
    told = {}
    for request in follow_up_by_id(database, follow_up_id).requests:
        try:
            update(database, request.campaign_id)
            told[request.campaign_id] = "updated"
        except DbError as error:
            told[request.campaign_id] = f"not updated: {error}"
    return told


def update(
    database: MongoDatabase, campaign_id: str, reference_id: str | None = None
) -> dict[str, Any]:
    """Bring a campaign up to date with its finished calculations; return what it learned.

    Args:
        database: Holds all of it.
        campaign_id: The campaign.
        reference_id: A stored dft reference, for a campaign that was screened against another.

    Raises:
        MissingDocumentError: There is no such campaign or reference.
        MixedSchemes: The reference is of another scheme.
        DbError: Another process has been updating the campaign for minutes.
    """
    with _alone(database, campaign_id) as go_on:
        (campaign,) = documents_by_id(database, CampaignDoc, [campaign_id])
        follow_ups = follow_ups_of(database, campaign_id)
        base = base_reference(database, campaign, reference_id)
        where = CandidateFilter(campaign_id=campaign_id, role="candidate", status="screened")
        screened = list(candidates(database, where))
        compared = _Compared({}, {"no_reference": NO_BASE.format(campaign_id)})
        go_on()
        if base is not None:
            compared = _compared(database, campaign, base, screened, follow_ups)
            go_on()
        lessons = _lessons(screened, follow_ups, compared.comparisons, campaign_id)
        learned = compared.about | lessons
        _save(database, campaign_id, learned)
        _forget(database, campaign, learned.get("reference_id"))
    return learned


def _compared(
    database: MongoDatabase,
    campaign: CampaignDoc,
    base: StoredReference,
    screened: Sequence[CandidateDoc],
    follow_ups: Sequence[FollowUpDoc],
) -> _Compared:
    """Let results enter the reference; measure and store all that this changes."""
    by_name = {each.material_id: each for each in screened}
    known = lowest_results([each for each in follow_ups if each.result], campaign.campaign_id)
    found = [each for each in known if each.material_id in by_name]
    updated = with_results(base.content, campaign.campaign_id, found)
    change = changes_between(base.content, updated).phase_change
    keys = base.key, reference_key(updated)
    rule = FlagRule.from_dict(campaign.rule)
    insert_references(database, [reference_document(updated)])
    with resident_hulls(base.content) as hulls:
        places = [placed(each, by_name[each.material_id], base.content, hulls) for each in found]
        systems = {each.chemsys for each in screened if each.chemsys}
        affected = hulls.affected_systems(change, systems)
        hulls.apply(change)
        comparisons = {
            each.material_id: comparison_of(each, place, hulls, keys, each.request, rule)
            for each, place in zip(found, places, strict=True)
        }
        if campaign.reference_id == base.key:
            update_candidates(database, moved_outcomes(screened, affected, hulls))
        hulls.apply(undone(change))
    of_follow_up = {each.follow_up.follow_up_id: comparisons[each.material_id] for each in found}
    save_comparisons(database, campaign.campaign_id, of_follow_up)
    about = _about(base, updated, keys, found)
    return _Compared(comparisons, about | {"affected_systems": sorted(affected)})


def _about(
    base: StoredReference, updated: Reference, keys: tuple[str, str], found: Sequence[Found]
) -> dict[str, Any]:
    refused = {each.material_id: refusal_of(base.content, each) for each in found}
    return {
        "base_reference_id": keys[0],
        "reference_id": keys[1],
        "reference": updated.name,
        "date": updated.date,
        "num_new_phases": sum(reason is None for reason in refused.values()),
        "refused": [
            {"material_id": name, "reason": reason} for name, reason in refused.items() if reason
        ],
    }


def _lessons(
    screened: Sequence[CandidateDoc],
    follow_ups: Sequence[FollowUpDoc],
    comparisons: dict[str, Comparison],
    campaign_id: str,
) -> dict[str, Any]:
    requests = {
        request.material_id: request
        for each in follow_ups
        if (request := each.request_of(campaign_id)) is not None
    }
    rows = [(requests[name], comparisons[name]) for name in sorted(comparisons)]
    dates = [each.result.completed_at for each in follow_ups if each.result]
    calibration = learned_scale(rows)
    latest = max((each for each in dates if each), default=None)
    if calibration is not None and latest is not None:
        calibration["date"] = latest.date().isoformat()
    return {
        "num_results": sum(each.result is not None for each in follow_ups),
        "calibration": calibration,
        "rules": rule_scores(screened, follow_ups, comparisons, campaign_id),
    }


def _save(database: MongoDatabase, campaign_id: str, learned: dict[str, Any]) -> None:
    """Set what was learned; an update that saw fewer results comes too late and changes nothing."""
    seen = {f"summary.{LEARNED}.num_results": {"$not": {"$gt": learned["num_results"]}}}
    database[CampaignDoc.collection].update_one(
        {"_id": campaign_id, **seen}, {"$set": {f"summary.{LEARNED}": learned}}
    )


def _forget(database: MongoDatabase, campaign: CampaignDoc, kept: str | None) -> None:
    """Delete the reference that this update has superseded, unless a campaign was screened with it.

    It follows from the base and the results, and a large one after every result would add up.
    """
    before: Any = campaign.summary.get(LEARNED) or {}
    old = before.get("reference_id")
    if old in (None, kept, before.get("base_reference_id")):
        return
    if database[CampaignDoc.collection].find_one({"reference_id": old}, {"_id": 1}) is None:
        database[ReferenceDoc.collection].delete_one({"_id": old})


@contextmanager
def _alone(database: MongoDatabase, campaign_id: str) -> Iterator[Callable[[], None]]:
    """Update a campaign while nobody else does; wait for who does.

    Yields:
        What is called between two steps to stay alone; it raises when another has taken over.
    """
    name, holder = f"dft-update/{campaign_id}", uuid4().hex
    busy = DbError(
        f"Campaign {campaign_id} is being updated by another process; run "
        f"`facet dft update {campaign_id}` later."
    )

    def go_on() -> None:
        if not take_lock(database, name, holder, SECONDS_TO_UPDATE):
            raise busy

    deadline = time.monotonic() + SECONDS_TO_WAIT
    while not take_lock(database, name, holder, SECONDS_TO_UPDATE):
        if time.monotonic() > deadline:
            raise busy
        time.sleep(PAUSE)
    try:
        yield go_on
    finally:
        give_lock_back(database, name, holder)
