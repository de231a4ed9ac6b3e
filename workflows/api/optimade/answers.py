"""The envelope of OPTIMADE answers, and its errors."""

from datetime import UTC, datetime
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

import optimade
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from optimade.exceptions import OptimadeHTTPException
from optimade.models import ErrorResponse
from pymongo.errors import PyMongoError
from starlette.exceptions import HTTPException

from db.errors import DbError
from facet.errors import FacetError
from workflows.api.optimade.properties import PREFIX
from workflows.api.problems import FAULT, allowed_methods, status_and_sentence, validation_sentence

API_VERSION = str(optimade.__api_version__)
SCHEMA = f"https://schemas.optimade.org/openapi/v{API_VERSION}/optimade.json"
PROVIDER = {
    "name": "Facet",
    "description": "Crystals relaxed with a machine-learned potential, and their stability",
    "prefix": PREFIX,
}
TITLES = {
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    422: "Unprocessable Entity",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    553: "Version Not Supported",
}


NOTHING_HERE = "There is nothing at this address; /info lists the endpoints."
NOT_SO = "This address is for reading; use GET."


class JsonApi(JSONResponse):
    """An answer in JSON:API."""

    media_type = "application/vnd.api+json"


def answer(request: Request, content: dict[str, Any], **meta: Any) -> JsonApi:  # noqa: ANN401 (parts of meta)
    """Return an answer with its ``meta``, of which more parts may be given."""
    return JsonApi({**content, "meta": {**_meta(request), **meta}})


def answers(model: Any) -> dict[int | str, dict[str, Any]]:  # noqa: ANN401 (a class without types)
    """Return what an endpoint says in the OpenAPI document of its answers."""
    failures = (400, 404, 405, 422, 500, 501, 503)
    told: dict[int | str, dict[str, Any]] = {200: {"model": model}}
    for each in failures:
        told[each] = {"model": ErrorResponse, "description": TITLES[each]}
    return told


def base_url(request: Request) -> str:
    """Return the address of the service without version, as others see it."""
    public = request.app.state.service.settings.public_url
    if public is not None:
        return f"{public.rstrip('/')}/optimade"
    url = request.url
    return f"{url.scheme}://{url.netloc}{request.scope.get('root_path', '')}"


def as_warnings(sentences: tuple[str, ...]) -> dict[str, Any]:
    """Return warnings as a part of ``meta``; nothing where there are none."""
    warnings = [{"type": "warning", "detail": each} for each in sentences]
    return {"warnings": warnings} if warnings else {}


def answer_errors(app: FastAPI) -> None:
    """Let an app answer every error as the standard says."""
    app.add_exception_handler(OptimadeHTTPException, _optimade)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    for kind in (DbError, FacetError, PyMongoError):
        app.add_exception_handler(kind, _ours)
    app.add_exception_handler(Exception, _unexpected)


def error(
    request: Request, status: int, detail: str, headers: dict[str, str] | None = None
) -> JsonApi:
    """Return an error of one sentence."""
    told = {"status": str(status), "title": TITLES.get(status, "Error"), "detail": detail}
    content = {"meta": _meta(request), "errors": [told]}
    return JsonApi(content, status, headers)


def _meta(request: Request) -> dict[str, Any]:
    query = f"?{request.url.query}" if request.url.query else ""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    return {
        "query": {"representation": f"{path}{query}"},
        "api_version": API_VERSION,
        "more_data_available": False,
        "schema": SCHEMA,
        "time_stamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "provider": PROVIDER,
        "implementation": {"name": "facet", "version": version("facet")},
    }


def _optimade(request: Request, found: Exception) -> JsonApi:
    status = found.status_code if isinstance(found, OptimadeHTTPException) else 500
    return error(request, status, str(found))


def _http(request: Request, found: Exception) -> JsonApi:
    status = found.status_code if isinstance(found, HTTPException) else 500
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return error(request, status, NOT_SO, {"Allow": allowed_methods(request, "/v1")})
    detail = NOTHING_HERE if status == HTTPStatus.NOT_FOUND else str(getattr(found, "detail", ""))
    return error(request, status, detail)


def _validation(request: Request, found: Exception) -> JsonApi:
    if isinstance(found, RequestValidationError):
        return error(request, 400, validation_sentence(found))
    return error(request, 400, "The request cannot be read.")


def _ours(request: Request, found: Exception) -> JsonApi:
    return error(request, *status_and_sentence(found))


def _unexpected(request: Request, _found: Exception) -> JsonApi:
    return error(request, 500, FAULT)
