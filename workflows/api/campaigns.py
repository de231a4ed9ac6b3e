"""Campaigns: the list, one of them, how far it is, and what is left of its candidates."""

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from db.client import MongoDatabase
from db.documents import CampaignDoc
from db.documents.fields import Part
from db.filters import CandidateFilter
from db.follow_ups import count_follow_ups
from db.progress import count_places
from db.queries import campaigns_find, count_candidates, counts_by
from workflows.api.models import CampaignAnswer, CampaignHead, CampaignList, Funnel, Status
from workflows.api.one import stored_campaign
from workflows.api.problems import problems
from workflows.api.service import AService, NoParameters
from workflows.operations.status import campaign_status

router = APIRouter(prefix="/api/campaigns", tags=["campaigns"])

WITHOUT_RELAXATION = ("rejected_input", "pending", "set_aside")


class CampaignsAsked(Part):
    """Which campaigns of the list."""

    limit: int = Field(default=20, ge=1, le=100, description="At most so many.")
    offset: int = Field(default=0, ge=0, le=100_000, description="Leave out so many before.")


@router.get("", responses=problems())
def list_campaigns(service: AService, asked: Annotated[CampaignsAsked, Query()]) -> CampaignList:
    """List campaigns, the one saved last first."""
    with service.asking() as database:
        found = list(campaigns_find().run(database, asked.limit + 1, asked.offset))
        shown = [CampaignDoc.from_mongo(raw) for raw in found[: asked.limit]]
        heads = [_head(database, each) for each in shown]
    return CampaignList(campaigns=heads, has_more=len(found) > asked.limit)


@router.get("/{campaign_id}", responses=problems(404))
def one_campaign(
    service: AService, campaign_id: str, _: Annotated[NoParameters, Query()]
) -> CampaignAnswer:
    """Tell what was asked of a campaign and what came of it."""
    with service.asking() as database:
        return CampaignAnswer(campaign=stored_campaign(database, campaign_id))


@router.get("/{campaign_id}/status", responses=problems(404))
def status(service: AService, campaign_id: str, _: Annotated[NoParameters, Query()]) -> Status:
    """Tell how far a campaign is, and who works on it."""
    with service.asking() as database:
        return Status(**campaign_status(database, campaign_id))


@router.get("/{campaign_id}/funnel", responses=problems(404))
def funnel(service: AService, campaign_id: str, _: Annotated[NoParameters, Query()]) -> Funnel:
    """Count what is left of the candidates at each place on the way to DFT."""
    with service.asking() as database:
        stored_campaign(database, campaign_id)
        here = CandidateFilter(campaign_id=campaign_id, role="candidate")
        statuses = Counter(counts_by(database, "status", here))
        ends = Counter(counts_by(database, "stop_reason", here))
        verdicts = counts_by(database, "verdict", here)
        flagged = count_candidates(database, here.model_copy(update={"is_flagged": True}))
        follow_ups = count_follow_ups(database, campaign_id)
    without = {name: statuses[name] for name in WITHOUT_RELAXATION}
    return Funnel(
        candidates=statuses.total(),
        relaxed=statuses.total() - sum(without.values()),
        converged=ends["converged"],
        flagged=flagged,
        ends={name: number for name, number in ends.items() if name is not None},
        verdicts={name: number for name, number in verdicts.items() if name is not None},
        follow_ups=follow_ups,
        **without,
    )


def _head(database: MongoDatabase, campaign: CampaignDoc) -> CampaignHead:
    return CampaignHead(
        campaign_id=campaign.campaign_id,
        source=campaign.source,
        potential=campaign.potential_name,
        potential_fingerprint=campaign.potential_fingerprint,
        reference=campaign.reference_name,
        parent=campaign.parent,
        status=campaign.status,
        control=campaign.control,
        priority=campaign.priority,
        created_at=campaign.created_at,
        updated_at=campaign.updated_at,
        tasks=count_places(database, campaign.campaign_id).statuses,
        counts=campaign.counts,
    )
