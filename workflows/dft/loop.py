"""The loop closes: results enter the reference, hulls move, and predictions are held to account.

An update computes everything from what is stored and writes it again: the order of results leaves
no trace, a second update changes nothing, and one that was cut off is made good by the next.
Screening a campaign again ends with the same step, so that it takes nothing back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from db.documents import CampaignDoc, ReferenceDoc
from db.errors import DbError
from db.filters import CandidateFilter, CandidateSort
from db.follow_ups import count_results, follow_up_by_id, follow_ups_of, save_comparisons
from db.queries import candidates, documents_by_id
from db.writes import insert_references, update_candidates
from screening.rules import FlagRule
from workflows.dft.learning import learned_scale, rule_scores
from workflows.dft.moving import results_on_hull
from workflows.dft.proposals import LEARNED
from workflows.dft.retelling import changed_outcomes, retold, with_findings
from workflows.dft.turns import alone
from workflows.dft.updated_reference import NO_BASE, base_reference
from workflows.judging.anew import judged_anew, news_of
from workflows.references import reference_document

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from db.client import MongoDatabase
    from db.documents import CandidateDoc
    from db.documents.follow_up import Comparison, FollowUpDoc
    from workflows.dft.moving import Results


def learn_from(database: MongoDatabase, follow_up_id: str) -> dict[str, str]:
    """Update every campaign that asked for a follow-up; say of each whether it was done.

    Never fails for one of them: what could not be done now is done by the next update. Of many
    results that come at once, one update takes up all that it finds.
    """
    told = {}
    for request in follow_up_by_id(database, follow_up_id).requests:
        try:
            with alone(database, request.campaign_id) as go_on:
                if not _has_seen_all(database, request.campaign_id):
                    bring_up_to_date(database, request.campaign_id, go_on)
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
    with alone(database, campaign_id) as go_on:
        return bring_up_to_date(database, campaign_id, go_on, reference_id)


def bring_up_to_date(
    database: MongoDatabase,
    campaign_id: str,
    go_on: Callable[[], None],
    reference_id: str | None = None,
) -> dict[str, Any]:
    """Do what an update does, in the turn of the caller; return what was learned.

    Args:
        database: Holds all of it.
        campaign_id: The campaign.
        go_on: What ``alone`` yields, called between two steps.
        reference_id: As in ``update``.
    """
    (campaign,) = documents_by_id(database, CampaignDoc, [campaign_id])
    follow_ups = follow_ups_of(database, campaign_id)
    base = base_reference(database, campaign, reference_id)
    where = CandidateFilter(campaign_id=campaign_id, role="candidate", status="screened")
    screened = list(candidates(database, where, CandidateSort(field="material_id")))
    go_on()
    results = base and results_on_hull(campaign, base, screened, follow_ups)
    if results:
        insert_references(database, [reference_document(results.reference)])
        save_comparisons(database, campaign_id, results.of_follow_ups)
    go_on()
    learned = _learned(campaign, follow_ups, results)
    judged = _judged(database, campaign, screened, results, learned)
    go_on()
    update_candidates(database, changed_outcomes(screened, judged))
    comparisons = results.comparisons if results else {}
    learned["rules"] = rule_scores(judged, follow_ups, comparisons, campaign_id)
    _save(database, campaign, learned, retold(campaign, judged, results))
    _forget(database, campaign, learned)
    return learned


def _has_seen_all(database: MongoDatabase, campaign_id: str) -> bool:
    """Say whether the last update of a campaign ended and saw every result; results stay."""
    (campaign,) = documents_by_id(database, CampaignDoc, [campaign_id])
    learned: Any = campaign.summary.get(LEARNED) or {}
    return bool(learned.get("num_results") == count_results(database, campaign_id))


def _judged(
    database: MongoDatabase,
    campaign: CampaignDoc,
    screened: Sequence[CandidateDoc],
    results: Results | None,
    learned: dict[str, Any],
) -> list[CandidateDoc]:
    """Return the candidates with what DFT found of them, judged by what it taught."""
    now = campaign.model_copy(update={"summary": {**campaign.summary, LEARNED: learned}})
    is_headline = results is not None and results.is_hull_of(campaign)
    news = news_of(now, results if is_headline else None)
    rule = FlagRule.from_dict(campaign.rule)
    judged = judged_anew(database, screened, news, rule, campaign.campaign_id)
    return with_findings(judged, results.findings if results else {})


def _learned(
    campaign: CampaignDoc, follow_ups: Sequence[FollowUpDoc], results: Results | None
) -> dict[str, Any]:
    """Return what is learned of distances; the scores of rules follow from the verdicts."""
    dates = [each.result.completed_at for each in follow_ups if each.result]
    requests = {
        request.material_id: request
        for each in follow_ups
        if (request := each.request_of(campaign.campaign_id)) is not None
    }
    compared: dict[str, Comparison] = results.comparisons if results else {}
    calibration = learned_scale([(requests[name], compared[name]) for name in sorted(compared)])
    latest = max((each for each in dates if each), default=None)
    if calibration is not None and latest is not None:
        calibration["date"] = latest.date().isoformat()
    about = results.about if results else {"no_reference": NO_BASE.format(campaign.campaign_id)}
    return {
        **about,
        "num_results": sum(each.result is not None for each in follow_ups),
        "calibration": calibration,
    }


def _save(
    database: MongoDatabase,
    campaign: CampaignDoc,
    learned: dict[str, Any],
    told: dict[str, Any],
) -> None:
    """Set what was learned; an update that saw fewer results comes too late and changes nothing."""
    seen = {f"summary.{LEARNED}.num_results": {"$not": {"$gt": learned["num_results"]}}}
    database[CampaignDoc.collection].update_one(
        {"_id": campaign.campaign_id, **seen}, {"$set": {f"summary.{LEARNED}": learned, **told}}
    )


def _forget(database: MongoDatabase, campaign: CampaignDoc, learned: dict[str, Any]) -> None:
    """Delete references with fewer results, unless a campaign was screened with one of them.

    They follow from the base and the results, and a large one after every result would add up.
    Their name finds those too that a killed update left behind.
    """
    before: Any = campaign.summary.get(LEARNED) or {}
    names = sorted({each["reference"] for each in (before, learned) if each.get("reference")})
    kept = {"$nin": [learned.get("reference_id"), learned.get("base_reference_id")]}
    references = database[ReferenceDoc.collection]
    for raw in list(references.find({"name": {"$in": names}, "_id": kept}, {"_id": 1})):
        if database[CampaignDoc.collection].find_one({"reference_id": raw["_id"]}, {"_id": 1}):
            continue
        references.delete_one({"_id": raw["_id"]})
