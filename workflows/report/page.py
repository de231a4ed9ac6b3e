"""One self-contained HTML page with the ranked table of a campaign."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflows.report.templates import page_environment, styles

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def write_page(path: Path, document: Mapping[str, Any]) -> None:
    """Write the page of a screened campaign; text from files is escaped.

    Args:
        path: HTML file to write.
        document: What ``facet screen --json`` prints.
    """
    environment = page_environment("report")
    environment.filters["mev"] = _mev
    environment.filters["share"] = _share
    path.parent.mkdir(parents=True, exist_ok=True)
    page = environment.get_template("page.html").render(**document, style=styles("palette", "page"))
    path.write_text(page, encoding="utf-8")


def _mev(energy: float | None) -> str:
    """An energy in eV as meV."""
    return "" if energy is None else f"{1000 * energy:.0f}"


def _share(value: float | None) -> str:
    """A fraction as percent."""
    return "undefined" if value is None else f"{100 * value:.0f} %"
