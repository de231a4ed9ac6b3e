"""Points of charts, told apart by form as well as by color."""

from __future__ import annotations

from typing import Literal

from workflows.report.charts.svg import tag, titled

Form = Literal["disk", "diamond", "square", "ring"]


def mark(at: tuple[float, float], form: Form, class_: str, title: str = "", size: float = 4) -> str:
    """Draw a point.

    Args:
        at: Its place.
        form: Its outline.
        class_: Its class, which gives it its color.
        title: What it is, shown when the pointer rests on it; empty says nothing.
        size: Half its width.
    """
    x, y = at
    classes = f"mark {form} {class_}"
    if form in ("disk", "ring"):
        shape: dict[str, float | str] = {"cx": x, "cy": y, "r": size}
        name = "circle"
    else:
        reach = 1.3 * size if form == "diamond" else size
        name, shape = "path", {"d": _outline(x, y, reach, form)}
    if title:
        return titled(name, title, class_=classes, **shape)
    return tag(name, class_=classes, **shape)


def bar(at: tuple[float, float], to: tuple[float, float], class_: str = "bar") -> str:
    """Draw a thin line between two places, such as an interval."""
    return tag("line", class_=class_, x1=at[0], y1=at[1], x2=to[0], y2=to[1])


def _outline(x: float, y: float, reach: float, form: Form) -> str:
    if form == "diamond":
        corners = ((x, y - reach), (x + reach, y), (x, y + reach), (x - reach, y))
    else:
        corners = tuple(
            (x + a * reach, y + b * reach) for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
        )  # type: ignore[assignment]
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in corners) + "Z"
