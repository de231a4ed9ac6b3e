"""The page of one candidate: crystal, relaxation, hulls, reasons, DFT, and the decision on it."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from db.client import MongoDatabase
from db.documents import CandidateDoc
from workflows.api.one import (
    curve_of,
    input_of,
    relaxation_of,
    stored_campaign,
    stored_candidate,
    whole_candidate,
)
from workflows.api.pages.curve_chart import curve_svg
from workflows.api.pages.page_route import PageRoute
from workflows.api.pages.rendering import render
from workflows.api.service import AService, NoParameters
from workflows.report.structure_picture import element_colors, structure_data, structure_svg
from workflows.report.systems import is_drawn, reference_drawn

router = APIRouter(route_class=PageRoute, include_in_schema=False)

MOST_DRAWN = 2000
"""Sites; more take a browser long and show nothing."""


@router.get("/campaigns/{campaign_id}/candidates/{material_id:path}")
def candidate(
    request: Request,
    service: AService,
    campaign_id: str,
    material_id: str,
    _: Annotated[NoParameters, Query()],
) -> HTMLResponse:
    """Show all that is known of one candidate."""
    with service.asking() as database:
        found = stored_candidate(database, campaign_id, material_id)
        values = {
            "whole": whole_candidate(database, found),
            "candidate": found,
            "pictures": _pictures(database, found),
            "curve": _curve(database, found),
            "has_hull": _has_hull(database, found),
            "may_decide": service.settings.token is not None,
        }
    return render(request, "candidate.html", values)


def _pictures(database: MongoDatabase, candidate: CandidateDoc) -> list[dict[str, Any]]:
    """The crystal as it was left, and as it was given."""
    stored = (
        ("relaxed", relaxation_of(database, candidate)),
        ("input", input_of(database, candidate)),
    )
    pictures = []
    for which, document in stored:
        if document is None or len(document.geometry.unpack().numbers) > MOST_DRAWN:
            continue
        geometry = document.geometry.unpack()
        pictures.append(
            {
                "which": which,
                "svg": structure_svg(geometry, f"{candidate.formula_pretty}, {which}"),
                "data": json.dumps(structure_data(geometry)).replace("<", "\\u003c"),
                "colors": element_colors(geometry),
            }
        )
    return pictures


def _curve(database: MongoDatabase, candidate: CandidateDoc) -> str | None:
    """The way of its energy and its largest force, if it was kept."""
    relaxation = relaxation_of(database, candidate)
    passed = None if relaxation is None else curve_of(database, relaxation)
    return None if passed is None else curve_svg(passed, candidate.nsites or 1)


def _has_hull(database: MongoDatabase, candidate: CandidateDoc) -> bool:
    """Whether a diagram of its chemical system can be drawn."""
    if not is_drawn(candidate):
        return False
    campaign = stored_campaign(database, candidate.campaign_id)
    return reference_drawn(database, campaign) is not None
