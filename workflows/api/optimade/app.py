"""The OPTIMADE part of the service, with errors and an OpenAPI document of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI

from workflows.api.optimade.answers import API_VERSION, answer_errors
from workflows.api.optimade.endpoints import VERSIONS, AvailableCount, router, unversioned

if TYPE_CHECKING:
    from workflows.api.service import Service


def optimade_app(service: Service) -> FastAPI:
    """Return the app that is mounted under /optimade."""
    app = FastAPI(
        title="Facet's structures",
        version=API_VERSION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.service = service
    app.state.available = AvailableCount()
    usual, *others = (f"/v{each}" for each in VERSIONS)
    app.include_router(router, prefix=usual)
    for prefix in ("", *others):
        app.include_router(router, prefix=prefix, include_in_schema=False)
    app.include_router(unversioned)
    answer_errors(app)
    return app
