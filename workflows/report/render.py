"""The report of a campaign as one HTML file that needs no network."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from pymatgen.symmetry.groups import sg_symbol_from_int_number

from workflows.report.drawing import diagram_pictures, pictures
from workflows.report.scene import scene_parts, shades
from workflows.report.structure_picture import element_colors, structure_data, structure_scene
from workflows.report.templates import page_environment, script, script_hash, styles

if TYPE_CHECKING:
    from pathlib import Path

    from jinja2 import Environment

    from db.documents.geometry import Geometry
    from workflows.report.contents import Contents

MINUS = "\N{MINUS SIGN}"
A_COUNT = re.compile(r"(\d+)")
STYLES = ("palette", "page", "viewer", "charts", "report")


def write_report(path: Path, contents: Contents) -> None:
    """Write the report; text from users is escaped wherever it stands.

    Args:
        path: HTML file to write; its folder is made.
        contents: As ``contents_of`` gathers them.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report_html(contents), encoding="utf-8")


def report_html(contents: Contents) -> str:
    """Return the report as HTML."""
    scripts = [script("viewer"), script("table")]
    colors = {name: element_colors(each) for name, each in contents.crystals.items()}
    every_color = {each for some in colors.values() for each in some.values()}
    page = _environment().get_template("report.html")
    return page.render(
        report=contents.document,
        pictures=pictures(contents.document),
        diagrams=diagram_pictures(contents.diagrams),
        crystals={name: _crystal(each) for name, each in contents.crystals.items()},
        colors=colors,
        shades=Markup(shades(every_color)),  # noqa: S704 (made of our own colors)
        style=Markup(styles(*STYLES)),  # noqa: S704 (our own file)
        scripts=[Markup(each) for each in scripts],  # noqa: S704 (our own files)
        script_hashes=" ".join(map(script_hash, scripts)),
    )


def _crystal(geometry: Geometry) -> dict[str, Any]:
    """The still picture of a crystal, and the numbers of the one that can be turned."""
    return {
        "parts": Markup(scene_parts(structure_scene(geometry))),  # noqa: S704 (escaped by charts.svg)
        "data": json.dumps(structure_data(geometry), separators=(",", ":")),
    }


def _environment() -> Environment:
    environment = page_environment("report")
    environment.filters |= {
        "formula": _formula,
        "mev": lambda energy: _number(energy, 1000.0, 0),
        "ev": lambda energy: _number(energy, 1.0, 3),
        "percent": lambda share: "" if share is None else f"{_number(share, 100.0, 0)} %",
        "number": _number,
        "space_group": _space_group,
        "words": lambda name: str(name).replace("_", " "),
        "day": lambda time: str(time).replace("T", " ")[:16],
    }
    return environment


def _formula(text: str | None) -> Markup:
    """A chemical formula with small numbers below the line."""
    small = Markup("<sub>{}</sub>")
    pieces = A_COUNT.split(text or "")  # every second piece is a number
    return Markup("").join(small.format(each) if at % 2 else each for at, each in enumerate(pieces))


def _number(value: float | None, factor: float = 1.0, digits: int = 2) -> str:
    """A number as people read it, nothing for none."""
    if value is None:
        return ""
    text = f"{factor * value:.{digits}f}"
    is_zero = not text.strip("-0.")
    return text.removeprefix("-") if is_zero else text.replace("-", MINUS)


@cache
def _space_group(number: int | None) -> str:
    """A space group by its symbol and number."""
    return f"{sg_symbol_from_int_number(number)} ({number})" if number else ""
