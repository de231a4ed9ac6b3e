"""Points over two axes."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from workflows.report.charts.axes import SIZE, X_SPAN, Y_SPAN, Axes, frame
from workflows.report.charts.marks import bar, mark
from workflows.report.charts.scales import Scale, scale_of
from workflows.report.charts.svg import figure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflows.report.charts.marks import Form


class Dot(NamedTuple):
    """A point.

    Attributes:
        x: Value of the lower axis.
        y: Value of the other.
        title: What it is.
        low: Lower end of an interval of the other value, if it has one.
        high: Upper end of it.
    """

    x: float
    y: float
    title: str = ""
    low: float | None = None
    high: float | None = None


class Group(NamedTuple):
    """Points that look alike; later groups lie on top."""

    dots: Sequence[Dot]
    form: Form
    class_: str
    size: float = 3.5


def scatter(groups: Sequence[Group], labels: tuple[str, str], title: str, description: str) -> str:
    """Draw groups of points.

    Args:
        groups: They.
        labels: What the lower axis is, and the other.
        title: What is shown.
        description: A sentence for those who do not see it.
    """
    dots = list(chain.from_iterable(each.dots for each in groups))
    ends = [each for dot in dots for each in (dot.y, dot.low, dot.high) if each is not None]
    axes = Axes(scale_of([each.x for each in dots], *X_SPAN), scale_of(ends, *Y_SPAN), *labels)
    drawn = (part for group in groups for part in _group(group, axes))
    return figure(SIZE, title, description, frame(axes), zero_line(axes), *drawn)


def parity(group: Group, labels: tuple[str, str], title: str, description: str) -> str:
    """Draw points beside the line on which both values are the same.

    Args:
        group: The points.
        labels: What the lower axis is, and the other.
        title: What is shown.
        description: A sentence for those who do not see it.
    """
    values = [each for dot in group.dots for each in (dot.x, dot.y)]
    axes = Axes(scale_of(values, *X_SPAN), scale_of(values, *Y_SPAN), *labels)
    low, high = axes.x.low, axes.x.high
    same = bar(axes.at(low, low), axes.at(high, high), "same")
    return figure(SIZE, title, description, frame(axes), same, *_group(group, axes))


def reliability(group: Group, labels: tuple[str, str], title: str, description: str) -> str:
    """Draw shares that came true over the probabilities that were told.

    Args:
        group: The points, all values from 0 to 1, with intervals.
        labels: What the lower axis is, and the other.
        title: What is shown.
        description: A sentence for those who do not see it.
    """
    axes = Axes(Scale(0.0, 1.0, *X_SPAN), Scale(0.0, 1.0, *Y_SPAN), *labels)
    same = bar(axes.at(0, 0), axes.at(1, 1), "same")
    return figure(SIZE, title, description, frame(axes), same, *_group(group, axes))


def zero_line(axes: Axes) -> str:
    """Mark zero of the upright axis, if it is on it."""
    if not axes.y.holds(0.0):
        return ""
    return bar((axes.x.start, axes.y(0.0)), (axes.x.end, axes.y(0.0)), "zero")


def _group(group: Group, axes: Axes) -> Iterator[str]:
    for dot in group.dots:
        if dot.low is not None and dot.high is not None:
            yield bar(axes.at(dot.x, dot.low), axes.at(dot.x, dot.high), f"bar {group.class_}")
        yield mark(axes.at(dot.x, dot.y), group.form, group.class_, dot.title, group.size)
