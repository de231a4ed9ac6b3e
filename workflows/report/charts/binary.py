"""The hull of two elements: formation energy over composition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflows.report.charts.axes import SIZE, X_SPAN, Y_SPAN, Axes, frame
from workflows.report.charts.hulls import candidate_names, rings
from workflows.report.charts.labels import Label, names
from workflows.report.charts.marks import bar, mark
from workflows.report.charts.scales import Scale, scale_of
from workflows.report.charts.scatter import zero_line
from workflows.report.charts.svg import figure, formula

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflows.report.charts.hulls import Diagram, Phase, Placed

HIGHEST = 0.3
"""Formation energy in eV/atom; candidates above are left out, but for the one that is meant."""


def binary(diagram: Diagram) -> str:
    """Draw the hull of two elements, its phases and the candidates."""
    simplices = diagram.simplices()
    stable = diagram.on_hull(simplices)
    highest = max([HIGHEST, *(each.energy for each in diagram.placed if each.is_meant)])
    placed = [each for each in diagram.placed if each.energy <= highest]
    shown: list[Phase | Placed] = [*diagram.phases, *placed]
    energies = [each.energy for each in shown if each.energy <= highest]
    labels = f"Fraction of {diagram.elements[1]}", "Formation energy (eV/atom)"
    axes = Axes(
        Scale(0.0, 1.0, *X_SPAN), scale_of([*energies, 0.05], *Y_SPAN, margin=0.12), *labels
    )
    return figure(
        SIZE,
        diagram.title,
        diagram.description,
        frame(axes),
        zero_line(axes),
        *(_line(diagram, each, axes) for each in simplices),
        *(mark(_at(each, axes), "disk", "phase", formula(each.name)) for each in stable),
        *(
            mark(_at(each, axes), each.form, f"near-{each.near}", each.title, 5)
            for each in reversed(placed)
        ),
        names(_labels(stable, placed, axes), SIZE, [_at(each, axes) for each in shown]),
        rings(placed, lambda each: _at(each, axes)),
    )


def _at(each: Phase | Placed, axes: Axes) -> tuple[float, float]:
    return axes.at(each.fractions[1], each.energy)


def _line(diagram: Diagram, ends: Sequence[int], axes: Axes) -> str:
    one, other = (_at(diagram.phases[each], axes) for each in ends)
    return bar(one, other, "tie main-tie")


def _labels(stable: Sequence[Phase], placed: Sequence[Placed], axes: Axes) -> Iterator[Label]:
    yield from candidate_names(placed, lambda each: _at(each, axes))
    for phase in stable:
        yield Label(_at(phase, axes), formula(phase.name))
