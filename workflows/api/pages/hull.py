"""The hull diagram around one candidate, as a picture of its own: it loads when it is looked at."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Response

from workflows.api.one import stored_campaign, stored_candidate
from workflows.api.pages.page_route import PageRoute
from workflows.api.service import AService, NoParameters
from workflows.report.hull_file import hull_svg
from workflows.report.systems import diagram_around

router = APIRouter(route_class=PageRoute, include_in_schema=False)

HEADERS = {
    # The picture brings its styles along; nothing else may load or run where it is opened alone.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Cache-Control": "max-age=60",
}


@router.get("/campaigns/{campaign_id}/hulls/{material_id:path}")
def hull(
    service: AService, campaign_id: str, material_id: str, _: Annotated[NoParameters, Query()]
) -> Response:
    """Draw the chemical system of a candidate: the competing phases, and what lies beside it."""
    with service.asking() as database:
        meant = stored_candidate(database, campaign_id, material_id)
        diagram = diagram_around(database, stored_campaign(database, campaign_id), meant)
    if diagram is None:
        raise HTTPException(
            404, "No diagram shows this candidate: it is not placed, or too far above the hull."
        )
    return Response(hull_svg(diagram), media_type="image/svg+xml", headers=HEADERS)
