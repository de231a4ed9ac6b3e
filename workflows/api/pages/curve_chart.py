"""The way of a relaxation: energy and largest force, evaluation by evaluation."""

from __future__ import annotations

from math import log10
from typing import TYPE_CHECKING

from workflows.report.charts.axes import SIZE, X_SPAN, Y_SPAN, Axes, frame
from workflows.report.charts.marks import mark
from workflows.report.charts.scales import scale_of
from workflows.report.charts.svg import figure, shown, tag

if TYPE_CHECKING:
    from workflows.api.models import Curve

MILLI = 1000
SMALLEST_FORCE = 1e-6
MOST_MARKED = 60
"""Evaluations up to which each is a point that says its number."""


def curve_svg(curve: Curve, nsites: int) -> str:
    """Return two charts, one below the other in the page: energy, and the force on a log scale.

    Args:
        curve: What the relaxation passed.
        nsites: Number of sites, by which the energy is divided.
    """
    energies = [None if each is None else MILLI * each / nsites for each in curve.energy]
    known = [each for each in energies if each is not None]
    last = known[-1] if known else 0.0
    above = [None if each is None else each - last for each in energies]
    forces = [None if each is None else log10(max(each, SMALLEST_FORCE)) for each in curve.fmax]
    steps = curve.evaluation
    return _line(steps, above, "energy above the end, meV/atom", "Energy of the relaxation") + (
        _line(steps, forces, "log₁₀ of largest force, eV/Å", "Largest force of the relaxation")
    )


def _line(steps: list[int], values: list[float | None], label: str, title: str) -> str:
    """One value over the number of the evaluation; of few evaluations each has its point."""
    each_with_value = zip(steps, values, strict=True)
    points = [(float(step), each) for step, each in each_with_value if each is not None]
    x = scale_of([at for at, _ in points], *X_SPAN)
    y = scale_of([each for _, each in points], *Y_SPAN)
    axes = Axes(x, y, "evaluation", label)
    places = " ".join(",".join(shown(each) for each in axes.at(*point)) for point in points)
    told = (
        f"{len(points)} evaluations, from {points[0][1]:.3g} to {points[-1][1]:.3g}."
        if points
        else ""
    )
    line = tag("polyline", points=places, class_="line series-1", fill="none")
    marks = (
        mark(axes.at(step, each), "disk", "passed", f"evaluation {step:.0f}: {each:.3g}", 3)
        for step, each in (points if len(points) <= MOST_MARKED else ())
    )
    return figure(SIZE, title, told, frame(axes), line, *marks)
