"""Whether the process lives, and whether it can answer."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from db.documents.fields import Part
from workflows.api.problems import problems
from workflows.api.service import AService, NoParameters

router = APIRouter(prefix="/health", tags=["health"])

SECONDS_TO_ANSWER = 2.0


class Live(Part):
    """The process answers."""

    status: Literal["live"] = Field(default="live", description="Always the same.")


class Ready(Part):
    """The database answers too."""

    status: Literal["ready"] = Field(default="ready", description="Always the same.")


@router.get("/live")
def live(_: Annotated[NoParameters, Query()]) -> Live:
    """Say that the process lives, whatever the database does."""
    return Live()


@router.get("/ready", responses=problems())
def ready(service: AService, _: Annotated[NoParameters, Query()]) -> Ready:
    """Say that requests can be answered; 503 while the database is away."""
    with service.asking(SECONDS_TO_ANSWER) as database:
        database.client.admin.command("ping")
    return Ready()
