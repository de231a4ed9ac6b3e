"""The endpoints of OPTIMADE."""

import time
from dataclasses import replace
from threading import Lock
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from optimade.exceptions import NotFound, VersionNotSupported
from optimade.models import (
    EntryInfoResponse,
    InfoResponse,
    LinksResponse,
    StructureResponseMany,
    StructureResponseOne,
)
from pymongo.errors import ExecutionTimeout

from db.client import MongoDatabase
from db.documents import CandidateDoc
from db.find import Find
from workflows.api.optimade.answers import (
    API_VERSION,
    NOTHING_HERE,
    JsonApi,
    answer,
    answers,
    as_warnings,
    base_url,
)
from workflows.api.optimade.asked import (
    BY_ID,
    Listing,
    ListingParameters,
    SingleParameters,
    changed,
    listing,
    single,
)
from workflows.api.optimade.filters import SERVED, Asked, read_filter, search
from workflows.api.optimade.properties import described
from workflows.api.optimade.structures import read_fields, resources
from workflows.api.service import AService

router = APIRouter(tags=["optimade"], default_response_class=JsonApi)
unversioned = APIRouter(tags=["optimade"])

VERSIONS = ("1", API_VERSION.rpartition(".")[0], API_VERSION)
ENDPOINTS = ("info", "links", "structures")
MILLISECONDS_TO_COUNT = 100
COUNTED_AT_MOST = 100_000
MILLISECONDS_TO_COUNT_ALL = 1000
SECONDS_TO_KEEP_COUNT = 60.0
DESCRIPTION = (
    "Crystals that Facet relaxed to rest, one for each candidate of each campaign; last_modified "
    "is when the campaign was last saved."
)


class AvailableCount:
    """How many structures there are, counted once in a while."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._until = 0.0
        self._number: int | None = None

    def number(self, database: MongoDatabase) -> int | None:
        """Return the number, None where it takes too long to count."""
        with self._lock:
            if time.monotonic() >= self._until:
                everything = Find(CandidateDoc.collection, dict(SERVED), index="campaign_end")
                self._number = _counted(database, everything, None, MILLISECONDS_TO_COUNT_ALL)
                self._until = time.monotonic() + SECONDS_TO_KEEP_COUNT
            return self._number


@router.get("/info", responses=answers(InfoResponse))
def info(request: Request) -> Response:
    """Tell what is served."""
    url = f"{base_url(request)}/v1"
    attributes = {
        "api_version": API_VERSION,
        "available_api_versions": [{"url": url, "version": API_VERSION}],
        "formats": ["json"],
        "available_endpoints": list(ENDPOINTS),
        "entry_types_by_format": {"json": ["structures"]},
        "is_index": False,
    }
    return answer(request, {"data": {"id": "/", "type": "info", "attributes": attributes}})


@router.get("/info/structures", responses=answers(EntryInfoResponse))
def info_structures(request: Request) -> Response:
    """Tell the properties of structures, with their types and units."""
    told = {
        "id": "structures",
        "type": "info",
        "formats": ["json"],
        "description": DESCRIPTION,
        "properties": described(),
        "output_fields_by_format": {"json": list(described())},
    }
    return answer(request, {"data": told})


@router.get("/links", responses=answers(LinksResponse))
def links(request: Request) -> Response:
    """Tell of related services: this one is its own root."""
    attributes = {
        "name": "Facet",
        "description": DESCRIPTION,
        "base_url": base_url(request),
        "homepage": None,
        "link_type": "root",
    }
    return answer(request, {"data": [{"id": "facet", "type": "links", "attributes": attributes}]})


@router.get("/structures", responses=answers(StructureResponseMany))
def structures(
    request: Request, service: AService, given: Annotated[ListingParameters, Query()]
) -> Response:
    """List structures that meet a filter, page after page."""
    asked = listing(request, given)
    with service.asking() as database:
        meant = read_filter(database, asked.filter)
        find = replace(
            search(database, meant.where, asked.order, asked.above),
            fields=read_fields(asked.fields),
        )
        found = list(find.run(database, asked.limit + 1, asked.offset))
        data = resources(database, found[: asked.limit], asked.fields)
    has_more = len(found) > asked.limit
    with service.counting() as database:
        counts = _counts(request, database, meant)
    following = _following(request, asked, data) if has_more else None
    unknown = (f"The property {each} is unknown here." for each in meant.warnings)
    return answer(
        request,
        {"data": data, "links": {"next": following}},
        more_data_available=has_more,
        **counts,
        **as_warnings((*asked.warnings, *unknown)),
    )


@router.get("/structures/{entry_id:path}", responses=answers(StructureResponseOne))
def one_structure(
    request: Request,
    service: AService,
    entry_id: str,
    given: Annotated[SingleParameters, Query()],
) -> Response:
    """Tell one structure."""
    asked = single(request, given)
    with service.asking() as database:
        find = Find(CandidateDoc.collection, {"_id": {"$eq": entry_id}, **SERVED})
        found = list(find.run(database, 1))
        if not found:
            raise NotFound("There is no structure with this id; /structures lists all.")
        (data,) = resources(database, found, asked.fields)
    return answer(request, {"data": data}, data_returned=1, **as_warnings(asked.warnings))


@unversioned.get(
    "/versions",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}, "description": "One version a line."}},
)
def versions() -> Response:
    """Tell the versions that are served."""
    return Response("version\n1\n", media_type="text/csv; header=present")


@unversioned.get("/v{version}", include_in_schema=False)
@unversioned.get("/v{version}/{rest:path}", include_in_schema=False)
def other_version(version: str) -> Response:
    """Refuse versions that are not served."""
    if version in VERSIONS or not version.replace(".", "").isdigit():
        raise NotFound(NOTHING_HERE)
    raise VersionNotSupported("Only version 1 is served here, at /v1.")


def _counts(request: Request, database: MongoDatabase, meant: Asked) -> dict[str, int]:
    """Numbers of structures, all and those that meet the filter, where there is time to count."""
    available = request.app.state.available.number(database)
    returned = available
    if meant.where is not None:
        find = search(database, meant.where)
        returned = _counted(database, find, COUNTED_AT_MOST, MILLISECONDS_TO_COUNT)
    told = {"data_available": available, "data_returned": returned}
    return {name: number for name, number in told.items() if number is not None}


def _counted(
    database: MongoDatabase, find: Find, most: int | None, milliseconds: int
) -> int | None:
    """How many a search finds, None where that is more than the most or takes too long."""
    try:
        number = find.count(database, None if most is None else most + 1, milliseconds)
    except ExecutionTimeout:
        return None
    return number if most is None or number <= most else None


def _following(request: Request, asked: Listing, data: list[dict[str, Any]]) -> str:
    """Address of the page that follows."""
    query = request.url.query
    if asked.order == BY_ID:
        query = changed(query, page_above=data[-1]["id"], page_offset=None)
    else:
        query = changed(query, page_offset=asked.offset + asked.limit)
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    return f"{base_url(request)}{path}?{query}"
