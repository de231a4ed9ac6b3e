"""The hull diagram of one chemical system as a picture that stands alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflows.report import scene
from workflows.report.charts import axes, ternary
from workflows.report.charts.svg import tag
from workflows.report.drawing import diagram_pictures
from workflows.report.templates import styles

if TYPE_CHECKING:
    from workflows.report.charts.hulls import Diagram

SIZES = {2: axes.SIZE, 3: ternary.SIZE, 4: (scene.WIDTH, scene.HEIGHT)}
"""Width and height of the pictures by number of elements."""


def hull_svg(diagram: Diagram) -> str:
    """Return a diagram with its colors, light or dark as the reader has it, and a ground."""
    (drawn,) = diagram_pictures([diagram])
    width, height = SIZES[drawn["size"]]
    return tag(
        "svg",
        tag("style", styles("palette", "viewer", "charts")),
        tag("rect", width=width, height=height, fill="var(--paper)"),
        str(drawn["picture"]),
        class_="tetrahedron" if drawn["scene"] else None,
        viewBox=f"0 0 {width:g} {height:g}",
        width=width,
        height=height,
        xmlns="http://www.w3.org/2000/svg",
    )
