"""From values to HTML; every text is escaped by the templates."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment

from workflows.report.charts.svg import formula
from workflows.report.templates import page_environment

DOTS = {".": "%252E", "..": "%252E%252E"}
MILLI = 1000
NONE = "–"  # noqa: RUF001 (the dash of a table)


def render(
    request: Request, template: str, values: Mapping[str, Any], *, status: int = 200
) -> HTMLResponse:
    """Return a page.

    Args:
        request: That it answers; says under which path the service lies.
        template: File in ``templates/``.
        values: What the template names.
        status: Of the answer.
    """
    base = str(request.scope.get("root_path", ""))
    page = _environment().get_template(template).render(base=base, **values)
    return HTMLResponse(page, status, headers={"Cache-Control": "no-store"})


@cache
def _environment() -> Environment:
    environment = page_environment("api/pages/templates")
    environment.filters.update(
        mev=mev,
        number=number,
        percent=percent,
        moment=moment,
        address=address,
        span=span,
        formula=formula,
    )
    return environment


def mev(energy: float | None, digits: int = 0) -> str:
    """Write an energy in eV as meV with its sign."""
    return NONE if energy is None else f"{MILLI * energy:+.{digits}f}".replace("-", "−")  # noqa: RUF001


def number(value: float | None, digits: int = 2) -> str:
    """Write a number, whole ones with thin spaces between thousands."""
    if value is None:
        return NONE
    if isinstance(value, int):
        return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    return f"{value:.{digits}f}".replace("-", "−")  # noqa: RUF001


def percent(share: float | None) -> str:
    """Write a share of one."""
    return NONE if share is None else f"{100 * share:.0f} %"


def moment(value: datetime | str | None) -> str:
    """Write a time in UTC, to the minute."""
    if value is None:
        return NONE
    told = datetime.fromisoformat(value) if isinstance(value, str) else value
    return told.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def span(seconds: float | None) -> str:
    """Write a duration in its two largest units."""
    if seconds is None:
        return "unknown"
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"), (left, "s"))
    told = [f"{value} {unit}" for value, unit in parts if value]
    return " ".join(told[:2]) or "0 s"


def address(part: object) -> str:
    """Write any text as part of an address, slashes kept; browsers leave `%252E` as it is."""
    parts = (DOTS.get(each) or quote(each, safe="") for each in str(part).split("/"))
    return "/".join(parts)
