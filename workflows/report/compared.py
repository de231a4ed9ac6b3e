"""Comparisons with other potentials that are stored of a campaign."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING

from db.documents import CandidateDoc, candidate_id
from db.documents.comparison import ComparisonDoc
from db.find import Find
from db.queries import documents_by_id, known_ids
from facet.errors import FacetError
from screening.errors import ScreeningError

if TYPE_CHECKING:
    from db.client import MongoDatabase
    from db.documents import CampaignDoc
    from workflows.comparison.request import Comparison

MOST_COMPARED = 1000
"""Candidates; judging more of them again would take longer than a report may."""


def comparisons_of(database: MongoDatabase, campaign: CampaignDoc) -> list[dict[str, Any]]:
    """Return what ``facet compare --json`` says of each stored comparison, oldest first.

    Nothing is relaxed. A comparison that cannot be reported has its ``fault`` in one sentence.
    """
    where = {"campaign_id": {"$eq": campaign.campaign_id}}
    order = (("created_at", ASCENDING), ("_id", ASCENDING))
    stored = Find(ComparisonDoc.collection, where, order).run(database)
    return [_report(database, campaign, ComparisonDoc.from_mongo(each)) for each in stored]


def _report(
    database: MongoDatabase, campaign: CampaignDoc, document: ComparisonDoc
) -> dict[str, Any]:
    about = {
        "comparison_id": document.comparison_id,
        "num_candidates": len(document.material_ids),
        "fault": None,
    }
    if len(document.material_ids) > MOST_COMPARED:
        fault = (
            f"It holds more than {MOST_COMPARED} candidates: see `facet compare` for its numbers."
        )
        return about | {"fault": fault}
    from workflows.comparison.report import report_of  # seconds, spent only where there is one

    try:
        return about | report_of(database, _comparison(database, campaign, document), document.runs)
    except (FacetError, ScreeningError) as error:
        return about | {"fault": str(error)}


def _comparison(
    database: MongoDatabase, campaign: CampaignDoc, document: ComparisonDoc
) -> Comparison:
    """The comparison as it was asked for, with nothing left to compute."""
    from workflows.comparison.request import Comparison  # as above
    from workflows.comparison.sampling import phases_of

    wanted = [candidate_id(campaign.campaign_id, each) for each in document.material_ids]
    keys = sorted(known_ids(database, CandidateDoc, wanted))
    chosen = list(documents_by_id(database, CandidateDoc, keys))
    phases = phases_of(database, campaign.campaign_id, chosen)
    return Comparison(document, campaign, chosen, phases, document.pool, ())
