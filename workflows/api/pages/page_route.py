"""Pages whose errors are pages too."""

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pymongo.errors import PyMongoError
from starlette.exceptions import HTTPException

from db.errors import DbError
from facet.errors import FacetError
from screening.errors import ScreeningError
from workflows.api.pages.rendering import render
from workflows.api.problems import status_and_sentence, validation_sentence


class PageRoute(APIRoute):
    """A route that tells what went wrong as a page with one sentence."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        usual = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await usual(request)
            except HTTPException as error:
                return _told(request, error.status_code, str(error.detail))
            except RequestValidationError as error:
                return _told(request, 422, validation_sentence(error))
            except (DbError, FacetError, ScreeningError, PyMongoError) as error:
                return _told(request, *status_and_sentence(error))

        return handle


def _told(request: Request, status: int, sentence: str) -> Response:
    about = {"title": HTTPStatus(status).phrase, "sentence": sentence}
    return render(request, "problem.html", about, status=status)
