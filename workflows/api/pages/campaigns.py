"""The list of campaigns, and how far one of them is."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from workflows.api import campaigns
from workflows.api.campaigns import CampaignsAsked
from workflows.api.pages.page_route import PageRoute
from workflows.api.pages.rendering import render
from workflows.api.service import AService, NoParameters

router = APIRouter(route_class=PageRoute, include_in_schema=False)

FUNNEL = (
    ("candidates", "candidates"),
    ("rejected_input", "rejected input"),
    ("relaxed", "relaxed"),
    ("converged", "converged"),
    ("flagged", "flagged"),
)


@router.get("/")
def campaign_list(
    request: Request, service: AService, asked: Annotated[CampaignsAsked, Query()]
) -> HTMLResponse:
    """List campaigns, the one saved last first."""
    found = campaigns.list_campaigns(service, asked)
    return render(request, "campaigns.html", {"found": found, "asked": asked})


@router.get("/campaigns/{campaign_id}")
def campaign(
    request: Request,
    service: AService,
    campaign_id: str,
    nothing: Annotated[NoParameters, Query()],
) -> HTMLResponse:
    """Show how far a campaign is, what came of it, and who works on it."""
    status = campaigns.status(service, campaign_id, nothing)
    funnel = campaigns.funnel(service, campaign_id, nothing)
    whole = campaigns.one_campaign(service, campaign_id, nothing).campaign
    done = status.tasks.get("done", 0)
    values = {
        "status": status,
        "funnel": funnel,
        "numbers": [(label, getattr(funnel, name)) for name, label in FUNNEL],
        "campaign": whole,
        "num_done": done,
        "num_tasks": sum(status.tasks.values()),
    }
    return render(request, "campaign.html", values)
