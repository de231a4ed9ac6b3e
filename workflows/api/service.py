"""What every endpoint is given: the database, for as long as one request may take, and settings."""

# Annotations are read when the program runs, by FastAPI.
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

import pymongo
from fastapi import Depends, Request

from db.client import MongoDatabase
from db.documents.fields import Part
from workflows.api.settings import ServeSettings

SECONDS_TO_DECIDE = 300.0


@dataclass(frozen=True)
class Service:
    """One running service.

    Attributes:
        database: Asked by all requests, through one client.
        settings: How the service behaves.
    """

    database: MongoDatabase
    settings: ServeSettings

    @contextmanager
    def asking(self, seconds: float | None = None) -> Iterator[MongoDatabase]:
        """Lend the database; operations that take longer together are ended, by the server too."""
        most = self.settings.query_seconds
        with pymongo.timeout(most if seconds is None else min(seconds, most)):
            yield self.database

    @contextmanager
    def counting(self) -> Iterator[MongoDatabase]:
        """Lend the database to operations that name limits of their own."""
        yield self.database

    @contextmanager
    def deciding(self) -> Iterator[MongoDatabase]:
        """Lend the database to a decision, which may be on hundreds of candidates."""
        with pymongo.timeout(SECONDS_TO_DECIDE):
            yield self.database


class NoParameters(Part):
    """The query of an endpoint that takes none; whatever is given is refused."""


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


AService = Annotated[Service, Depends(_service)]
