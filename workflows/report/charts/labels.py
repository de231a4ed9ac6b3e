"""Names beside points, as many as have room."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from workflows.report.charts.svg import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LETTER = 6.4
"""Width of a letter of a label, about."""

LINE = 12.0
GAP = 7.0


class Label(NamedTuple):
    """A name and the point that it belongs to; those first in a list have the first choice."""

    at: tuple[float, float]
    content: str
    class_: str = "name"
    gap: float = GAP


class _Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: _Box) -> bool:
        is_apart = self.right < other.left or other.right < self.left
        return not (is_apart or self.bottom < other.top or other.bottom < self.top)


def names(
    labels: Iterable[Label], size: tuple[float, float], points: Sequence[tuple[float, float]] = ()
) -> str:
    """Write names beside their points where they neither meet each other nor leave the picture.

    Args:
        labels: Most important first.
        size: Of the picture.
        points: Places that names do not cover.
    """
    taken = [_Box(x - 3, y - 3, x + 3, y + 3) for x, y in points]
    parts = []
    for label in labels:
        box = next(filter(lambda each: _is_free(each, taken, size), _choices(label)), None)
        if box is not None:
            taken.append(box)
            parts.append(text((box.left, box.bottom - 2.5), label.content, class_=label.class_))
    return "".join(parts)


def _choices(label: Label) -> list[_Box]:
    (x, y), width, gap = label.at, LETTER * len(label.content), label.gap
    corners = (
        (x + gap, y - LINE / 2),
        (x - gap - width, y - LINE / 2),
        (x - width / 2, y + gap - 1),
        (x - width / 2, y - gap - LINE + 1),
        (x + gap / 2, y + gap / 2),
        (x + gap / 2, y - gap / 2 - LINE),
        (x - gap / 2 - width, y + gap / 2),
        (x - gap / 2 - width, y - gap / 2 - LINE),
    )
    return [_Box(left, top, left + width, top + LINE) for left, top in corners]


def _is_free(box: _Box, taken: Sequence[_Box], size: tuple[float, float]) -> bool:
    is_inside = box.left >= 0 and box.top >= 0 and box.right <= size[0] and box.bottom <= size[1]
    return is_inside and not any(box.meets(each) for each in taken)
