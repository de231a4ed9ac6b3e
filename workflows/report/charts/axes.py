"""The frame of a chart: axes, ticks, grid and what they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from workflows.report.charts.scales import Scale, tick_text
from workflows.report.charts.svg import tag, text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WIDTH = 440.0
HEIGHT = 310.0
LEFT = 58.0
RIGHT = 14.0
TOP = 14.0
BOTTOM = 48.0
X_SPAN = (LEFT, WIDTH - RIGHT)
Y_SPAN = (HEIGHT - BOTTOM, TOP)
SIZE = (WIDTH, HEIGHT)


class Axes(NamedTuple):
    """Two scales and what they measure."""

    x: Scale
    y: Scale
    x_label: str
    y_label: str

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return the place of a pair of values."""
        return self.x(x), self.y(y)


def frame(axes: Axes, x_text: Callable[[float], str] | None = None) -> str:
    """Draw the grid, the ticks and the labels of a chart.

    Args:
        axes: The scales.
        x_text: How ticks of the lower axis are written; as numbers if absent.
    """
    return _rows(axes) + _columns(axes, x_text) + _titles(axes)


def _rows(axes: Axes) -> str:
    ticks = axes.y.ticks()
    step = _step_of(ticks)
    parts = []
    for value in ticks:
        y = axes.y(value)
        parts.append(tag("line", class_="grid", x1=axes.x.start, x2=axes.x.end, y1=y, y2=y))
        label = tick_text(value, step)
        parts.append(text((axes.x.start - 6, y + 4), label, class_="tick", text_anchor="end"))
    return "".join(parts)


def _columns(axes: Axes, x_text: Callable[[float], str] | None) -> str:
    ticks = axes.x.ticks()
    step = _step_of(ticks)
    low = axes.y.start
    parts = [tag("line", class_="axis", x1=axes.x.start, x2=axes.x.end, y1=low, y2=low)]
    for value in ticks:
        x = axes.x(value)
        parts.append(tag("line", class_="axis", x1=x, x2=x, y1=low, y2=low + 4))
        label = x_text(value) if x_text else tick_text(value, step)
        parts.append(text((x, low + 18), label, class_="tick", text_anchor="middle"))
    return "".join(parts)


def _titles(axes: Axes) -> str:
    middle = (axes.y.start + axes.y.end) / 2
    across = (axes.x.start + axes.x.end) / 2, axes.y.start + 38
    return text(across, axes.x_label, class_="label", text_anchor="middle") + text(
        (0, 0),
        axes.y_label,
        class_="label",
        text_anchor="middle",
        transform=f"translate(14 {middle:.0f}) rotate(-90)",
    )


def _step_of(ticks: Sequence[float]) -> float:
    return ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
