"""The web service, put together."""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.routing import Mount

from workflows.api import campaigns, candidates, decisions, health, metrics, pages
from workflows.api.guard import Guard
from workflows.api.metrics import Kept
from workflows.api.optimade.app import optimade_app
from workflows.api.problems import Problem, answer_problems
from workflows.api.service import Service
from workflows.api.tally import Counted, RequestTally

if TYPE_CHECKING:
    from typing import Any

    from starlette.types import ASGIApp

    from db.client import MongoDatabase
    from workflows.api.settings import ServeSettings

ROUTERS = (campaigns.router, candidates.router, decisions.router, health.router, metrics.router)
DESCRIPTION = (
    "Campaigns, candidates and their stability. Energies are in eV or eV/atom, lengths in "
    "angstrom. The same candidates are served as OPTIMADE structures under /optimade."
)


def create_app(settings: ServeSettings, database: MongoDatabase) -> FastAPI:
    """Return the web service over a database, which stays the caller's to close."""
    app = FastAPI(
        title="Facet",
        version=version("facet"),
        description=DESCRIPTION,
        root_path=settings.root_path,
        docs_url=None,  # that page loads programs from elsewhere
        redoc_url=None,
        redirect_slashes=False,
    )
    tally = RequestTally()
    app.state.service = Service(database, settings)
    app.state.tally = tally
    app.state.kept = Kept()
    for router in (*ROUTERS, *pages.routers):
        app.include_router(router)
    answer_problems(app)
    app.add_middleware(Guard, hosts=settings.hosts)
    app.add_middleware(Counted, tally=tally)
    _describe_problems(app)
    app.router.routes.append(_Everything("/optimade", optimade_app(app.state.service)))
    return app


class _Everything(Mount):
    """A part that answers whatever lies under its path, line breaks included."""

    def __init__(self, path: str, app: ASGIApp) -> None:
        super().__init__(path, app)
        # Starlette's own pattern leaves an address with a line break to the app around this one,
        # whose errors have another shape.
        self.path_regex = re.compile(self.path_regex.pattern, re.DOTALL)


def _describe_problems(app: FastAPI) -> None:
    """Put the shape of problems into the OpenAPI document, in place of FastAPI's own."""
    usual = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = usual()
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas["Problem"] = Problem.model_json_schema()
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
        return usual()

    app.openapi = described  # type: ignore[method-assign]
