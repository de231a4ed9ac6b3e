"""The table of candidates: filtered, sorted, paged."""

from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from db.filters import CandidateFilter
from workflows.api import candidates
from workflows.api.asked import CandidatesMeant, PageMeant
from workflows.api.models import CandidatePage, Count
from workflows.api.pages.page_route import PageRoute
from workflows.api.pages.rendering import render
from workflows.api.problems import validation_sentence
from workflows.api.service import AService, Service

router = APIRouter(route_class=PageRoute, include_in_schema=False)

LISTS = ("elements_all", "elements_any", "elements_none")
ROWS = 50
COLUMNS = (
    ("Formula", "formula", ""),
    ("Name", "material_id", ""),
    ("Above hull, meV/atom", "energy_above_hull", "number"),
    ("Chance stable", None, "number"),
    ("Formation, meV/atom", "formation_energy_per_atom", "number"),
    ("Sites", "nsites", "number"),
    ("Space group", None, "number"),
    ("Ended", None, ""),
    ("Verdict", None, ""),
    ("Rank", "rank", "number"),
)
NOTHING = CandidatePage(candidates=[], next=None)


@router.get("/candidates")
def table(request: Request, service: AService) -> HTMLResponse:
    """Show one page of the candidates that a form asked for."""
    given = _given(request)
    values: dict[str, Any] = {
        "given": given,
        "columns": [_column(request, given, *each) for each in COLUMNS],
        "first": _link(request, {**given, "after": None}),
        "problem": None,
    }
    try:
        page, count = _answered(service, given)
    except RequestValidationError as error:
        values |= {"page": NOTHING, "count": Count(number=0, is_all=True), "next": None}
        values["problem"] = validation_sentence(error)
        return render(request, "table.html", values, status=422)
    following = _link(request, {**given, "after": page.next}) if page.next else None
    return render(request, "table.html", values | {"page": page, "count": count, "next": following})


def _given(request: Request) -> dict[str, Any]:
    """What the form sent, without the fields left open."""
    query = request.query_params
    sent = {name: query.getlist(name) if name in LISTS else query[name] for name in query}
    filled = {name: each for name, each in sent.items() if each not in ("", [""])}
    return {"role": "candidate", "limit": ROWS} | filled


def _answered(service: Service, given: dict[str, Any]) -> tuple[CandidatePage, Count]:
    try:
        asked = PageMeant.model_validate(given)
    except ValidationError as error:
        told = [{**each, "loc": ("query", *each["loc"])} for each in error.errors()]
        raise RequestValidationError(told) from None
    fields = {name: getattr(asked, name) for name in CandidateFilter.model_fields}
    try:
        page = candidates.table(service, asked)
    except HTTPException as error:
        told = [{"type": "value_error", "loc": ("query", "limit"), "msg": str(error.detail)}]
        raise RequestValidationError(told) from None
    return page, candidates.count(service, CandidatesMeant.model_construct(**fields))


def _column(
    request: Request, given: dict[str, Any], label: str, field: str | None, kind: str
) -> dict[str, Any]:
    """A column's head: what it is called, how it is sorted now, and where a click leads."""
    is_sorted = field is not None and field == given.get("sort", "energy_above_hull")
    is_descending = str(given.get("descending", "false")).lower() in ("true", "1", "on", "yes")
    order = ("descending" if is_descending else "ascending") if is_sorted else None
    turned = {**given, "sort": field, "after": None}
    turned["descending"] = "true" if is_sorted and not is_descending else None
    link = _link(request, turned) if field else None
    return {"label": label, "order": order, "link": link, "kind": kind}


def _link(request: Request, given: dict[str, Any]) -> str:
    asked = {name: each for name, each in given.items() if each is not None}
    base = str(request.scope.get("root_path", ""))
    return f"{base}/candidates?{urlencode(asked, doseq=True)}"
