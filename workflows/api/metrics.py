"""What Prometheus reads: requests of this process, campaigns and workers of the database."""

import threading
import time
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pymongo.errors import PyMongoError

from db.client import MongoDatabase
from db.documents import CampaignDoc
from db.errors import DbError
from db.progress import count_places, done_since
from db.transactions import server_time
from db.workers import living_workers
from workflows.api.service import AService, NoParameters

router = APIRouter(tags=["health"])

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS_TO_ASK = 5.0
SECONDS_TO_KEEP = 5.0
"""What the database said is said again for so long, however often it is asked."""
MOST_CAMPAIGNS = 50
"""Unfinished campaigns that are told one by one, the last saved ones."""
A_MINUTE = timedelta(minutes=1)


class Kept:
    """The last lines about the database, and when they were made."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = 0.0
        self._lines: list[str] = []

    def lines(self, service: AService) -> list[str]:
        """Return lines about the database, made anew where they are old."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._lines = _lines(service)
                self._until = time.monotonic() + SECONDS_TO_KEEP
            return self._lines


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "Prometheus' text format."}},
)
def metrics(request: Request, service: AService, _: Annotated[NoParameters, Query()]) -> Response:
    """Tell requests, unfinished campaigns with their tasks and pace, and living workers."""
    state = request.app.state
    lines = [*state.tally.lines(), *state.kept.lines(service)]
    return Response("\n".join(lines) + "\n", media_type=CONTENT_TYPE)


def _lines(service: AService) -> list[str]:
    try:
        with service.asking(SECONDS_TO_ASK) as database:
            told = [*_campaigns(database), *_unfinished(database), *_workers(database)]
    except (PyMongoError, DbError):
        return [
            *_gauge("facet_database_up", "1 while the database answers."),
            "facet_database_up 0",
        ]
    return [
        *_gauge("facet_database_up", "1 while the database answers."),
        "facet_database_up 1",
        *told,
    ]


def _campaigns(database: MongoDatabase) -> list[str]:
    groups = database[CampaignDoc.collection].aggregate(
        [{"$group": {"_id": "$status", "count": {"$sum": 1}}}, {"$sort": {"_id": 1}}]
    )
    lines = [f'facet_campaigns{{status="{each["_id"]}"}} {each["count"]}' for each in groups]
    return [*_gauge("facet_campaigns", "Campaigns by status."), *lines]


def _unfinished(database: MongoDatabase) -> list[str]:
    """Tasks by status and results of the last minute, of campaigns that go on."""
    found = database[CampaignDoc.collection].find(
        {"status": {"$ne": "finished"}, "control": {"$ne": "cancelled"}}, {"_id": 1}
    )
    ids = [str(raw["_id"]) for raw in found.sort("updated_at", -1).limit(MOST_CAMPAIGNS)]
    since = server_time(database) - A_MINUTE
    tasks, results = [], []
    for each in ids:
        for status, number in count_places(database, each).statuses.items():
            tasks.append(f'facet_tasks{{campaign="{each}",status="{status}"}} {number}')
        number, _ = done_since(database, each, since)
        results.append(f'facet_results_per_minute{{campaign="{each}"}} {number}')
    return [
        *_gauge("facet_tasks", "Relaxations of unfinished campaigns, by status."),
        *tasks,
        *_gauge("facet_results_per_minute", "Relaxations that ended in the last minute."),
        *results,
    ]


def _workers(database: MongoDatabase) -> list[str]:
    statuses = dict.fromkeys(("working", "idle", "draining"), 0)
    for each in living_workers(database):
        statuses[each.status] = statuses.get(each.status, 0) + 1
    lines = [f'facet_workers{{status="{key}"}} {number}' for key, number in statuses.items()]
    return [*_gauge("facet_workers", "Workers heard of in the last ten minutes."), *lines]


def _gauge(name: str, text: str) -> list[str]:
    return [f"# HELP {name} {text}", f"# TYPE {name} gauge"]
