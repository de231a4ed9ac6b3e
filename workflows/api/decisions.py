"""People decide here what is calculated with DFT; the only endpoint that writes."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.security import HTTPBearer

from workflows.api.models import Decided, Decision, FollowUps
from workflows.api.one import stored_campaign
from workflows.api.problems import problems
from workflows.api.service import AService, NoParameters

router = APIRouter(prefix="/api/campaigns/{campaign_id}/decisions", tags=["decisions"])

READ_ONLY = (
    "This service is read-only, for it has no token; set FACET_SERVE_TOKEN to the output of "
    "`openssl rand -hex 32` and start it again."
)
BAD_TOKEN = "Approving and rejecting need the header `Authorization: Bearer TOKEN`."  # noqa: S105 (no secret)
SCHEME = "bearer "

bearer = HTTPBearer(auto_error=False, description="The token in FACET_SERVE_TOKEN.")


def may_write(request: Request, service: AService) -> None:
    """Refuse whoever does not send the token.

    Raises:
        HTTPException: There is no token, or another one was sent.
    """
    if service.settings.token is None:
        raise HTTPException(403, READ_ONLY)
    header = request.headers.get("authorization", "")
    is_bearer = header[: len(SCHEME)].lower() == SCHEME
    sent = header[len(SCHEME) :].strip() if is_bearer else ""
    known = service.settings.token.get_secret_value()
    if not secrets.compare_digest(sent.encode(), known.encode()):
        raise HTTPException(401, BAD_TOKEN, {"WWW-Authenticate": "Bearer"})


@router.get("", responses=problems(404))
def follow_ups(
    service: AService, campaign_id: str, _: Annotated[NoParameters, Query()]
) -> FollowUps:
    """List the DFT calculations of a campaign, and what was decided on them."""
    from workflows.dft.rows import status_document  # seconds, spent when first asked

    with service.asking() as database:
        return FollowUps(**status_document(database, stored_campaign(database, campaign_id)))


@router.post(
    "",
    dependencies=[Depends(bearer), Depends(may_write)],
    responses=problems(401, 403, 404, 411),
)
def decide(
    service: AService,
    campaign_id: str,
    decision: Decision,
    _: Annotated[NoParameters, Query()],
) -> Decided:
    """Approve candidates for DFT, and reject others; doing it again changes nothing."""
    from workflows.dft.approval import Calculation, Wishes, decide_on  # atomate2, seconds
    from workflows.dft.rows import follow_up_row

    if not decision.approve and not decision.reject:
        raise HTTPException(422, "Name candidates in approve or reject; nothing was decided.")
    both = set(decision.approve) & set(decision.reject)
    if both:
        raise HTTPException(422, "A candidate is either approved or rejected; name it once.")
    with service.deciding() as database:
        campaign = stored_campaign(database, campaign_id)
        wishes = Wishes(approve=decision.approve, reject=decision.reject)
        approved, rejected = decide_on(database, campaign, wishes, Calculation(), decision.by)
    return Decided(
        campaign_id=campaign_id,
        approved=[follow_up_row(each, campaign_id) for each in approved],
        rejected=[follow_up_row(each, campaign_id) for each in rejected],
        core_hours=sum(each.cost for each in approved),
    )
