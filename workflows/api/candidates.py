"""Candidates: the table, how many there are, and everything that is known of one."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Response

from db.paging import token_after
from db.queries import candidates, count_up_to
from workflows.api.asked import CandidatesMeant, PageMeant
from workflows.api.files import CrystalFile, crystal_file
from workflows.api.models import CandidateAnswer, CandidatePage, CandidateRow, Count, Curve
from workflows.api.one import curve_of, relaxation_of, stored_candidate, whole_candidate
from workflows.api.problems import problems
from workflows.api.service import AService, NoParameters
from workflows.rows import candidate_row

router = APIRouter(prefix="/api", tags=["candidates"])


@router.get("/candidates", responses=problems())
def table(service: AService, asked: Annotated[PageMeant, Query()]) -> CandidatePage:
    """List candidates that meet all conditions, in order, page after page.

    Of one campaign or of all. Pages at any depth are equally fast when `after` is the `next` of
    the page before.
    """
    most = service.settings.max_page_size
    if asked.limit > most:
        raise HTTPException(422, f"limit may be {most} here; go on with `after` for more.")
    order = asked.order
    with service.asking() as database:
        found = list(candidates(database, asked.where, order, asked.limit + 1, after=asked.after))
    shown = found[: asked.limit]
    rows = [CandidateRow(campaign_id=each.campaign_id, **candidate_row(each)) for each in shown]
    has_more = len(found) > asked.limit
    return CandidatePage(candidates=rows, next=token_after(shown[-1], order) if has_more else None)


@router.get("/candidates/count", responses=problems())
def count(service: AService, asked: Annotated[CandidatesMeant, Query()]) -> Count:
    """Count candidates that meet all conditions, as far as that goes in a tenth of a second."""
    with service.counting() as database:
        counted = count_up_to(database, asked.where)
    return Count(number=counted.number, is_all=counted.is_all)


@router.get("/campaigns/{campaign_id}/candidates/{material_id:path}", responses=problems(404))
def one_candidate(
    service: AService, campaign_id: str, material_id: str, _: Annotated[NoParameters, Query()]
) -> CandidateAnswer:
    """Tell everything that is known of a candidate, its DFT calculations included.

    In these addresses a part of a name that is `.` or `..` is written `%252E` or `%252E%252E`:
    browsers and libraries would resolve the dots.
    """
    with service.asking() as database:
        candidate = stored_candidate(database, campaign_id, material_id)
        return whole_candidate(database, candidate)


@router.get(
    "/campaigns/{campaign_id}/structures/{material_id:path}",
    responses={
        200: {
            "content": {"text/plain": {}, "chemical/x-cif": {}, "application/json": {}},
            "description": "The file.",
        },
        **problems(404),
    },
    response_class=Response,
)
def structure(
    service: AService, campaign_id: str, material_id: str, asked: Annotated[CrystalFile, Query()]
) -> Response:
    """Give the crystal of a candidate as a file: CIF, POSCAR, or JSON of pymatgen."""
    with service.asking() as database:
        candidate = stored_candidate(database, campaign_id, material_id)
        return crystal_file(database, candidate, asked)


@router.get("/campaigns/{campaign_id}/curves/{material_id:path}", responses=problems(404))
def relaxation_curve(
    service: AService, campaign_id: str, material_id: str, _: Annotated[NoParameters, Query()]
) -> Curve:
    """Tell energy and force at every evaluation; stress and volume too where these were kept."""
    with service.asking() as database:
        candidate = stored_candidate(database, campaign_id, material_id)
        relaxation = relaxation_of(database, candidate)
        curve = None if relaxation is None else curve_of(database, relaxation)
    if curve is None:
        raise HTTPException(404, "The way of this crystal was not kept; its status says why.")
    return curve
