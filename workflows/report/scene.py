"""Balls and sticks in space, drawn as a still SVG as ``viewer.js`` draws them when they turn."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from math import cos, sin
from typing import TYPE_CHECKING, Any

import numpy as np

from workflows.report.charts.svg import figure, tag, text

if TYPE_CHECKING:
    from collections.abc import Iterator

TURN = -0.35
TILT = 0.3
WIDTH = 320.0
HEIGHT = 240.0
FILLED = 0.46
"""Of the shorter side, from the middle to the farthest ball."""

SMALLEST_BALL = 1.5
LABEL_GAP = 3.0

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Ball:
    """A ball.

    Attributes:
        at: Its middle in angstrom.
        radius: Its radius in angstrom.
        color: ``#rrggbb``, or the name of a variable of ``palette.css``.
        label: What is written beside it, if anything.
    """

    at: Point
    radius: float
    color: str
    label: str | None = None


@dataclass(frozen=True)
class Stick:
    """A line between two points.

    Attributes:
        start: One end in angstrom.
        end: The other.
        color: As of a ball.
        width: In angstrom; 0 is as thin as can be seen.
    """

    start: Point
    end: Point
    color: str
    width: float = 0.0


@dataclass(frozen=True)
class Scene:
    """What is drawn."""

    balls: tuple[Ball, ...]
    sticks: tuple[Stick, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as ``facetScene`` of ``viewer.js`` reads it."""
        return {
            "balls": list(map(_plain_ball, self.balls)),
            "sticks": list(map(_plain_stick, self.sticks)),
        }


def scene_parts(scene: Scene) -> str:
    """Return what the still picture holds, the farthest first, in a box of 320 by 240."""
    camera = _camera(scene)
    sticks = (_stick(each, camera) for each in scene.sticks)
    balls = (_ball(each, camera) for each in scene.balls)
    drawn = sorted(chain(sticks, balls), key=lambda each: each[0])
    return "".join([*(part for _, part in drawn), *_labels(scene, camera)])


def scene_svg(scene: Scene, title: str) -> str:
    """Return the still picture.

    Args:
        scene: What is drawn.
        title: What it is called for those who do not see it.
    """
    return figure((WIDTH, HEIGHT), title, "", scene_parts(scene))


@dataclass(frozen=True)
class _Camera:
    """From space to the picture.

    Attributes:
        middle: What is in the middle of the picture, in angstrom.
        scale: Its units for an angstrom.
    """

    middle: Point
    scale: float

    def place(self, at: Point) -> Point:
        """Place on the picture, and depth in angstrom; z is up, seen from -y."""
        x, away, up = (each - middle for each, middle in zip(at, self.middle, strict=True))
        right = x * cos(TURN) - away * sin(TURN)
        near = -x * sin(TURN) - away * cos(TURN)
        height = up * cos(TILT) - near * sin(TILT)
        depth = up * sin(TILT) + near * cos(TILT)
        return WIDTH / 2 + self.scale * right, HEIGHT / 2 - self.scale * height, depth

    def radius(self, ball: Ball) -> float:
        """Radius on the picture."""
        return max(SMALLEST_BALL, ball.radius * self.scale)


def _camera(scene: Scene) -> _Camera:
    """Put the whole scene into the picture as it is first seen."""
    balls = np.array([each.at for each in scene.balls]).reshape(-1, 3)
    ends = [end for each in scene.sticks for end in (each.start, each.end)]
    points = np.concatenate([balls, np.array(ends).reshape(-1, 3)])
    if not len(points):
        return _Camera((0.0, 0.0, 0.0), 1.0)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    x, y, z = middle.tolist()
    near = _Camera((x, y, z), 1.0)
    seen = np.array([near.place((a, b, c)) for a, b, c in points.tolist()])
    across, upward = abs(seen[:, 0] - WIDTH / 2), abs(seen[:, 1] - HEIGHT / 2)
    far = np.maximum(across * HEIGHT / WIDTH, upward)
    far[: len(balls)] += [each.radius for each in scene.balls]
    return _Camera((x, y, z), FILLED * HEIGHT / max(0.1, float(far.max())))


def _stick(each: Stick, camera: _Camera) -> tuple[float, str]:
    start, end = camera.place(each.start), camera.place(each.end)
    line = tag(
        "line",
        class_="stick" if each.width else "edge",
        x1=start[0],
        y1=start[1],
        x2=end[0],
        y2=end[1],
        stroke=_paint(each.color),
        stroke_width=max(1.0, each.width * camera.scale),
    )
    return (start[2] + end[2]) / 2, line


def _ball(each: Ball, camera: _Camera) -> tuple[float, str]:
    x, y, depth = camera.place(each.at)
    radius = camera.radius(each)
    return depth, tag("circle", class_="ball", cx=x, cy=y, r=radius, fill=_paint(each.color))


def _labels(scene: Scene, camera: _Camera) -> Iterator[str]:
    for each in scene.balls:
        if each.label:
            x, y, _ = camera.place(each.at)
            place = (x + camera.radius(each) + LABEL_GAP, y + 4)
            yield text(place, each.label, class_="label")


def _paint(color: str) -> str:
    """A color as SVG takes it; balls of elements are shaded where the page defines how."""
    if color.startswith("--"):
        return f"var({color})"
    return f"url(#shade-{color[1:]}) {color}"


def shades(colors: set[str]) -> str:
    """Return the definitions that shade balls of some colors, once for each page.

    Args:
        colors: Each ``#rrggbb``.
    """
    gradients = "".join(
        tag(
            "radialGradient",
            tag("stop", offset="0", stop_color="#fff"),
            tag("stop", offset="0.4", stop_color=each),
            id=f"shade-{each[1:]}",
            cx="0.35",
            cy="0.35",
            r="0.7",
        )
        for each in sorted(colors)
    )
    return tag(
        "svg", tag("defs", gradients), class_="shades", width="0", height="0", aria_hidden="true"
    )


def _plain_ball(ball: Ball) -> dict[str, Any]:
    plain = {"at": _rounded(ball.at), "radius": round(ball.radius, 3), "color": ball.color}
    return plain | ({"label": ball.label} if ball.label else {})


def _plain_stick(stick: Stick) -> dict[str, Any]:
    ends = {"from": _rounded(stick.start), "to": _rounded(stick.end)}
    return ends | {"color": stick.color, "width": stick.width}


def _rounded(point: Point) -> list[float]:
    return [round(each, 3) for each in point]
