"""Everything that goes wrong, as one sentence in one shape (RFC 9457)."""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import Field
from pymongo.errors import ConnectionFailure, ExecutionTimeout, OperationFailure, PyMongoError
from starlette.exceptions import HTTPException

from db.documents.fields import Part
from db.errors import (
    DatabaseFullError,
    DatabaseUnreachableError,
    DbError,
    EmbeddedServerError,
    MissingDocumentError,
    SchemaMismatchError,
)
from facet.errors import FacetError
from screening.errors import ScreeningError

UNAUTHORIZED = 13
AWAY = "The database does not answer; try again in a moment, and see /health/ready."
TOO_SLOW = "The database needed too long for this; ask for less, for example of one campaign."
MAY_NOT_WRITE = (
    "The database lets this service read only; give it a user who may write, or decide with "
    "`facet approve`."
)
FAULT = "This is a fault of Facet; the log of the service says where."

log = logging.getLogger(__name__)


class Problem(Part):
    """What went wrong, and how to mend it."""

    type: str = Field(default="about:blank", description="No more than the status says.")
    title: str = Field(description="What the status means.")
    status: int = Field(description="HTTP status.")
    detail: str = Field(description="One sentence for the reader.")


class ProblemResponse(JSONResponse):
    """A problem as ``application/problem+json``."""

    media_type = "application/problem+json"


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> ProblemResponse:
    """Return the response that tells a problem."""
    told = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)
    return ProblemResponse(told.model_dump(), status, headers)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what an endpoint says in the OpenAPI document of how it can fail."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        each: {"description": HTTPStatus(each).phrase, "content": content}
        for each in sorted({*statuses, 400, 413, 422, 500, 503})
    }


def answer_problems(app: FastAPI) -> None:
    """Let an app answer every error of ours, of the database and of the request as a problem."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    for kind in (DbError, FacetError, ScreeningError):
        app.add_exception_handler(kind, _ours)
    app.add_exception_handler(PyMongoError, _of_the_database)


def status_and_sentence(error: Exception) -> tuple[int, str]:
    """Return the status and the sentence for an error of ours or of the database."""
    if isinstance(error, PyMongoError):
        return _database_fault(error)
    if isinstance(error, MissingDocumentError):
        return 404, str(error)
    away = (DatabaseUnreachableError, EmbeddedServerError, DatabaseFullError, SchemaMismatchError)
    return (503 if isinstance(error, away) else 400), str(error)


def validation_sentence(error: RequestValidationError) -> str:
    """Say which part of a request cannot be used, and why; what was sent is not repeated."""
    first = error.errors()[0]
    where = [str(part) for part in first["loc"]]
    if first["type"] == "extra_forbidden":
        kind = "parameter" if where[0] == "query" else "field"
        return f"There is no {kind} {where[-1][:100]!r}; leave it out or mend its name."
    if first["type"] == "json_invalid":
        return SENTENCES[400]
    reason = str(first["msg"]).removeprefix("Value error, ")
    name = ".".join(where[1:])[:100] or where[0]
    return f"{name} cannot be used: {reason[:1].lower()}{reason[1:]}."


def allowed_methods(request: Request, prefix: str = "") -> str:
    """Return the methods that an address takes, whichever endpoints take them.

    Args:
        request: Met an endpoint by its address and not by its method.
        prefix: What stands before the endpoint's own path in the OpenAPI document.
    """
    path = f"{prefix}{getattr(request.scope.get('route'), 'path', '')}"
    described = request.app.openapi()["paths"].get(path, {"get": {}})
    return ", ".join(sorted(method.upper() for method in described))


def _database_fault(error: PyMongoError) -> tuple[int, str]:
    if isinstance(error, ConnectionFailure):
        return 503, AWAY
    if error.timeout or isinstance(error, ExecutionTimeout):
        return 503, TOO_SLOW
    if isinstance(error, OperationFailure) and error.code == UNAUTHORIZED:
        return 403, MAY_NOT_WRITE
    log.error("The database refused: %s", error)
    return 500, FAULT


def _http(request: Request, error: Exception) -> ProblemResponse:
    if not isinstance(error, HTTPException):
        return problem(500, FAULT)
    status = error.status_code
    is_bare = error.detail in (HTTPStatus(status).phrase, "There was an error parsing the body")
    detail = SENTENCES.get(status, error.detail) if is_bare else error.detail
    headers = dict(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = allowed_methods(request)
    return problem(status, detail, headers)


SENTENCES = {
    400: "The body of the request is no JSON that can be read.",
    404: "There is nothing at this address; /openapi.json lists all addresses.",
    405: "This address does not take this method; /openapi.json says which it takes.",
}


def _validation(_request: Request, error: Exception) -> ProblemResponse:
    if isinstance(error, RequestValidationError):
        return problem(422, validation_sentence(error))
    return problem(422, "The request cannot be read.")


def _ours(_request: Request, error: Exception) -> ProblemResponse:
    return problem(*status_and_sentence(error))


def _of_the_database(_request: Request, error: Exception) -> ProblemResponse:
    return problem(*status_and_sentence(error))
