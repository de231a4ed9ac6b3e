"""Pages of the web service that people read: plain HTML, made here, without a framework."""

from fastapi import APIRouter

from workflows.api.pages import asset, campaigns, candidate, hull, table

routers: tuple[APIRouter, ...] = (
    asset.router,
    campaigns.router,
    table.router,
    candidate.router,
    hull.router,
)
