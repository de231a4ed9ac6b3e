"""Bars: numbers by name, and numbers over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from workflows.report.charts.axes import SIZE, X_SPAN, Y_SPAN, Axes, frame
from workflows.report.charts.scales import Scale, count_scale
from workflows.report.charts.svg import figure, tag, text, titled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROW = 27.0
WIDTH = 480.0
NAMES = 176.0
NUMBERS = 108.0
THINNEST = 1.5


class Bar(NamedTuple):
    """A number with its name.

    Attributes:
        name: What is counted.
        number: How many.
        note: Written behind the number.
        class_: Gives it its color.
    """

    name: str
    number: float
    note: str = ""
    class_: str = "main"


def horizontal(rows: Sequence[Bar], title: str, description: str) -> str:
    """Draw bars below each other, the longest as wide as there is room.

    Args:
        rows: The bars.
        title: What they count.
        description: A sentence for those who do not see it.
    """
    largest = max((each.number for each in rows), default=1.0) or 1.0
    scale = Scale(0.0, largest, NAMES, WIDTH - NUMBERS)
    parts = [_row(each, at * ROW, scale) for at, each in enumerate(rows)]
    return figure((WIDTH, ROW * max(1, len(rows))), title, description, *parts)


def _row(each: Bar, top: float, scale: Scale) -> str:
    middle = top + ROW / 2 + 4.5
    width = max(THINNEST, scale(each.number) - scale.start) if each.number else 0.0
    box = {"x": scale.start, "y": top + 4, "width": width, "height": ROW - 8, "rx": 2.0}
    number = f"{each.number:g}" + (f"  {each.note}" if each.note else "")
    return (
        text((NAMES - 10, middle), each.name, class_="name", text_anchor="end")
        + tag("rect", class_=f"fill {each.class_}", **box)
        + text((scale.start + width + 7, middle), number, class_="number")
    )


class Counted(NamedTuple):
    """Counts in stretches of equal length, one behind the other.

    Attributes:
        counts: How many in each.
        length: Of a stretch, in the units of the lower axis.
        x_label: What the lower axis is.
        y_label: What is counted.
    """

    counts: Sequence[int]
    length: float
    x_label: str
    y_label: str


def over_time(
    counted: Counted, title: str, description: str, x_text: Callable[[float], str] | None = None
) -> str:
    """Draw counts as bars that touch each other.

    Args:
        counted: The counts.
        title: What they count.
        description: A sentence for those who do not see it.
        x_text: How ticks of the lower axis are written.
    """
    x = Scale(0.0, counted.length * max(1, len(counted.counts)), *X_SPAN)
    y = count_scale(max(counted.counts, default=1), *Y_SPAN)
    axes = Axes(x, y, counted.x_label, counted.y_label)
    bars = [
        titled(
            "rect",
            f"{count}",
            class_="fill main",
            x=x(at * counted.length) + 0.5,
            y=y(count),
            width=max(0.5, x(counted.length) - x(0) - 1),
            height=y(0) - y(count),
        )
        for at, count in enumerate(counted.counts)
        if count
    ]
    return figure(SIZE, title, description, frame(axes, x_text), *bars)
