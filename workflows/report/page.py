"""One self-contained HTML page with the ranked table of a campaign."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.report.templates import page_environment

if TYPE_CHECKING:
    from collections.abc import Mapping


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
    style = (Path(__file__).parent / "page.css").read_text()
    path.write_text(environment.get_template("page.html").render(**document, style=style))


def _mev(energy: float | None) -> str:
    """An energy in eV as meV."""
    return "" if energy is None else f"{1000 * energy:.0f}"


def _share(value: float | None) -> str:
    """A fraction as percent."""
    return "undefined" if value is None else f"{100 * value:.0f} %"
