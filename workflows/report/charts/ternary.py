"""The hull of three elements: a triangle seen from below, energy by color, tie lines."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from workflows.report.charts.hulls import candidate_names, rings
from workflows.report.charts.labels import Label, names
from workflows.report.charts.lower_hull import edges
from workflows.report.charts.marks import bar, mark
from workflows.report.charts.svg import figure, formula, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflows.report.charts.hulls import Diagram, Phase, Placed

SIDE = 350.0
LEFT = 45.0
TOP = 26.0
HEIGHT = SIDE * sqrt(3) / 2
SIZE = (SIDE + 2 * LEFT, HEIGHT + TOP + 30)
CORNERS = ((LEFT, TOP + HEIGHT), (LEFT + SIDE, TOP + HEIGHT), (LEFT + SIDE / 2, TOP))


def ternary(diagram: Diagram) -> str:
    """Draw the hull of three elements, its phases and the candidates."""
    simplices = diagram.simplices()
    stable = diagram.on_hull(simplices)
    places = [_at(each) for each in diagram.phases]
    points = [*map(_at, stable), *map(_at, diagram.placed)]
    return figure(
        SIZE,
        diagram.title,
        diagram.description,
        *(bar(places[one], places[other], "tie") for one, other in edges(simplices)),
        *(bar(CORNERS[at], CORNERS[at - 1], "tie main-tie") for at in range(3)),
        *(mark(_at(each), "disk", "phase", formula(each.name)) for each in stable),
        *(
            mark(_at(each), each.form, f"near-{each.near}", each.title, 5.5)
            for each in reversed(diagram.placed)
        ),
        *_corner_names(diagram.elements),
        names(_labels(stable, diagram.placed), SIZE, points),
        rings(diagram.placed, _at),
    )


def _at(each: Phase | Placed) -> tuple[float, float]:
    """Place of a composition in the triangle."""
    x = sum(share * corner[0] for share, corner in zip(each.fractions, CORNERS, strict=True))
    y = sum(share * corner[1] for share, corner in zip(each.fractions, CORNERS, strict=True))
    return x, y


def _corner_names(elements: Sequence[str]) -> Iterator[str]:
    offsets = ((-4.0, 20.0, "end"), (4.0, 20.0, "start"), (0.0, -10.0, "middle"))
    for symbol, (x, y), (right, down, anchor) in zip(elements, CORNERS, offsets, strict=True):
        yield text((x + right, y + down), symbol, class_="corner", text_anchor=anchor)


def _labels(stable: Sequence[Phase], placed: Sequence[Placed]) -> Iterator[Label]:
    yield from candidate_names(placed, _at)
    for phase in stable:
        if max(phase.fractions) < 1:
            yield Label(_at(phase), formula(phase.name))
