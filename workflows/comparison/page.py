"""The paired report as one self-contained web page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflows.report.templates import page_environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MILLI = 1000.0
PERCENT = 100.0


def write_page(report: Mapping[str, Any], path: Path) -> None:
    """Write the page of a comparison; text from files is escaped.

    Args:
        report: What ``facet compare --json`` prints.
        path: HTML file to write.
    """
    environment = page_environment("comparison")
    environment.filters["mev"] = lambda value: _number(value, MILLI, 1)
    environment.filters["percent"] = lambda value: _number(value, PERCENT, 2)
    environment.filters["number"] = lambda value: _number(value, 1.0, 2)
    environment.filters["answer"] = lambda value: {True: "yes", False: "no"}.get(value, "")
    path.parent.mkdir(parents=True, exist_ok=True)
    page = environment.get_template("page.html").render(report=report)
    path.write_text(page, encoding="utf-8")


def _number(value: float | None, factor: float, digits: int) -> str:
    return "" if value is None else f"{factor * value:.{digits}f}"
