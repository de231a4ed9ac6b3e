"""The hull of four elements: a tetrahedron that can be turned, with a still picture of it."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from workflows.report.charts.lower_hull import edges
from workflows.report.charts.svg import formula
from workflows.report.scene import Ball, Scene, Stick

if TYPE_CHECKING:
    from workflows.report.charts.hulls import Diagram, Phase, Placed
    from workflows.report.scene import Point

EDGE = 10.0
CORNERS: tuple[Point, ...] = (
    (0.0, 0.0, 0.0),
    (EDGE, 0.0, 0.0),
    (EDGE / 2, EDGE * sqrt(3) / 2, 0.0),
    (EDGE / 2, EDGE * sqrt(3) / 6, EDGE * sqrt(2 / 3)),
)
NAMED = 6


def quaternary(diagram: Diagram) -> Scene:
    """Return the hull of four elements: its phases, tie lines, the candidates by distance."""
    simplices = diagram.simplices()
    places = [_at(each) for each in diagram.phases]
    ties = [Stick(places[one], places[other], "--line") for one, other in edges(simplices)]
    outline = [
        Stick(CORNERS[one], CORNERS[other], "--axis", 0.06)
        for one in range(4)
        for other in range(one + 1, 4)
    ]
    phases = [Ball(_at(each), 0.13, "--soft", _corner(each)) for each in diagram.on_hull(simplices)]
    num_named = 1 if any(each.is_meant for each in diagram.placed) else NAMED
    candidates = [
        Ball(
            _at(each),
            0.3 if each.is_flagged else 0.22,
            f"--near-{each.near}",
            formula(each.formula) if at < num_named else None,
        )
        for at, each in enumerate(diagram.placed)
    ]
    return Scene((*phases, *candidates), (*ties, *outline))


def _corner(phase: Phase) -> str | None:
    """Elements are named at their corner; other phases would cover each other."""
    return phase.name if max(phase.fractions) == 1 else None


def _at(each: Phase | Placed) -> Point:
    """Place of a composition in the tetrahedron."""
    x, y, z = (
        sum(share * corner[axis] for share, corner in zip(each.fractions, CORNERS, strict=True))
        for axis in range(3)
    )
    return x, y, z
