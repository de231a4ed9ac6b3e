"""Loss and error curves as one HTML page of plain SVG, so that nothing has to be installed."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

PANELS = {
    "Loss": ("loss",),
    "Energy error, meV/atom": ("energy_mae", "energy_median", "replay_energy_mae"),
    "Force error, meV/angstrom": ("force_mae", "replay_force_mae"),
    "Stress error, GPa": ("stress_mae", "replay_stress_mae"),
}
COLORS = ("#1f6feb", "#8250df", "#bf8700")
WIDTH, HEIGHT, MARGIN = 460, 260, 52

Points = list[tuple[float, float]]


def draw(entries: Sequence[dict[str, Any]], title: str) -> str:
    """Draw a page with one panel for each quantity that the log holds.

    Args:
        entries: Entries of the log, each with a ``step``.
        title: Name of the run.
    """
    panels = []
    for heading, keys in PANELS.items():
        curves = {key: _points(entries, key) for key in keys}
        drawn = {key: points for key, points in curves.items() if points}
        if drawn:
            panels.append(_panel(heading, drawn))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        "<style>body{font:14px sans-serif}svg{margin:8px}text{font:11px sans-serif}</style>"
        f"<h1>{escape(title)}</h1>{''.join(panels)}</html>\n"
    )


def _points(entries: Sequence[dict[str, Any]], key: str) -> Points:
    """Step and value wherever the value can stand on a logarithmic axis; the latest wins."""
    latest = {each["step"]: each[key] for each in entries if each.get(key) is not None}
    return [(s, v) for s, v in sorted(latest.items()) if v > 0 and math.isfinite(v)]


def _panel(heading: str, curves: dict[str, Points]) -> str:
    everything = [point for points in curves.values() for point in points]
    last = max(step for step, _ in everything) or 1
    low, high = _decades([value for _, value in everything])
    marks = [_tick(value, low, high) for value in _ticks(low, high)]
    lines = []
    for number, (key, points) in enumerate(curves.items()):
        places = " ".join(f"{_x(s, last):.1f},{_y(v, low, high):.1f}" for s, v in points)
        color = COLORS[number]
        lines.append(
            f'<polyline points="{places}" fill="none" stroke="{color}" stroke-width="1.5"/>'
            f'<text x="{WIDTH - MARGIN}" y="{34 + 14 * number}" text-anchor="end" fill="{color}">'
            f"{key} {points[-1][1]:.4g}</text>"
        )
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{escape(heading)}">'
        f'<text x="{MARGIN}" y="16" font-weight="bold">{escape(heading)}</text>{"".join(marks)}'
        f'<text x="{MARGIN}" y="{HEIGHT - 14}">0</text>'
        f'<text x="{WIDTH - MARGIN}" y="{HEIGHT - 14}" text-anchor="end">step {last}</text>'
        f"{''.join(lines)}</svg>"
    )


def _tick(value: float, low: float, high: float) -> str:
    y = _y(value, low, high)
    return (
        f'<line x1="{MARGIN}" x2="{WIDTH - MARGIN}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ccc"/>'
        f'<text x="{MARGIN - 4}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'
    )


def _decades(values: Sequence[float]) -> tuple[float, float]:
    """Range of the axis, never empty."""
    low, high = math.log10(min(values)), math.log10(max(values))
    return low - 0.05, max(high, low + 0.1) + 0.05


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers (1, 2, 5 times powers of ten) inside the range."""
    powers = range(math.floor(low), math.ceil(high) + 1)
    candidates = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
    return [value for value in candidates if low <= math.log10(value) <= high]


def _x(step: float, last: float) -> float:
    return MARGIN + step / last * (WIDTH - 2 * MARGIN)


def _y(value: float, low: float, high: float) -> float:
    return HEIGHT - MARGIN + 16 - (math.log10(value) - low) / (high - low) * (HEIGHT - 2 * MARGIN)
