"""Markdown of the experiments: means over seeds with half their range, and what follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Line = dict[str, Any]
MEASURED = {"E meV/atom": "energy_mae", "F meV/Å": "force_mae"}
SMALLER, LARGER = "facet-s", "sevennet-0 shape"
FITTED = 4
"""A slope needs as many trainings."""
MANY = 100
"""From here on errors are printed without decimals."""


def tables(lines: Sequence[Line]) -> str:
    """All tables of the experiments.

    Args:
        lines: Results of trainings.
    """
    parts = []
    for experiment, (title, write) in TABLES.items():
        chosen = [line for line in lines if line["experiment"] == experiment]
        if chosen:
            parts.append(f"*{title}*\n\n{write(chosen)}")
    return "\n\n".join(parts)


def compute_table(lines: Sequence[Line]) -> str:
    """Error against arithmetic, and the arithmetic at equal error."""
    heads = ("network", "Gflop", "steps", "frames a step", *MEASURED, "CPU s")
    rows = []
    for (gflop, name), group in sorted(_groups(lines, lambda x: (_size(x), x["name"]))):
        cells = (_span(group, "num_steps"), group[0]["batch_size"], *_errors(group))
        rows.append((name, f"{gflop:,.0f}", *cells, _spread(_known(group, "cpu_seconds"))))
    return "\n\n".join((_markdown(heads, rows), _ratio_table(lines), _ratio_of_seconds(lines)))


def _ratio_table(lines: Sequence[Line]) -> str:
    """Share of the larger network's Gflop at which the smaller one has the same error."""
    heads = ("error of the larger one after", *(f"{each}: share of Gflop" for each in MEASURED))
    curves = {
        (name, seed, key): sorted((_size(line), line[key]) for line in group)
        for (name, seed), group in _groups(lines, lambda x: (x["name"], x["seed"]))
        for key in MEASURED.values()
    }
    seeds = sorted({line["seed"] for line in lines})
    rows = []
    for budget in sorted({_size(line) for line in lines if line["name"] == LARGER}):
        cells = []
        for key in MEASURED.values():
            shares = [
                _share(curves[SMALLER, mine, key], budget, dict(curves[LARGER, theirs, key]))
                for mine in seeds
                for theirs in seeds
                if (SMALLER, mine, key) in curves
                and budget in dict(curves.get((LARGER, theirs, key), ()))
            ]
            cells.append(_range(shares))
        rows.append((f"{budget:,.0f} Gflop", *cells))
    return _markdown(heads, rows)


def _share(
    curve: Sequence[tuple[float, float]], budget: float, theirs: dict[float, float]
) -> tuple[float, str]:
    """Arithmetic at equal error over a budget, and the sign of a bound where it is only one.

    Errors are interpolated linearly in the logarithm of the arithmetic.
    """
    gflop, errors = np.array(curve).T
    target = theirs[budget]
    sign = "<" if target > errors[0] else ">" if target < errors[-1] else ""
    logarithm = np.interp(target, errors[::-1], np.log(gflop)[::-1])
    return float(np.exp(logarithm)) / budget, sign


def _range(shares: Sequence[tuple[float, str]]) -> str:
    """Smallest to largest share, each with the sign of its bound."""
    if not shares:
        return "not run"
    low, *_, high = sorted(shares) * 2
    first, last = (f"{sign}{share:.2f}" for share, sign in (low, max(high, low)))
    return first if first == last else f"{first} to {last}"


def _ratio_of_seconds(lines: Sequence[Line]) -> str:
    """How shares of Gflop become shares of seconds."""
    counted = [line for line in lines if "cpu_seconds" in line]
    rates = {
        name: float(np.mean([line["cpu_seconds"] / line["gflop"] for line in group]))
        for (name,), group in _groups(counted, lambda x: (x["name"],))
    }
    if len(rates) < 2:  # noqa: PLR2004 (the two networks)
        return ""
    small, large = rates[SMALLER], rates[LARGER]
    return (
        f"CPU s per Gflop: {small:.3f} and {large:.3f}; shares of seconds are "
        f"{small / large:.2f} times those of Gflop."
    )


def parts_table(lines: Sequence[Line]) -> str:
    """Error of every combination of parts."""
    heads = ("radial, mixing", "parameters", "Gflop", *MEASURED, "S GPa", "CPU s")
    return _markdown(heads, _rows(lines))


def levers_table(lines: Sequence[Line]) -> str:
    """Error of every change."""
    heads = ("change", "parameters", "Gflop", *MEASURED, "S GPa", "CPU s", "seeds")
    counts = [str(len(group)) for _, group in _groups(lines, lambda x: (x["name"],))]
    return _markdown(heads, [(*r, n) for r, n in zip(_rows(lines), counts, strict=True)])


def _rows(lines: Sequence[Line]) -> list[tuple[str, ...]]:
    rows = []
    for (name,), group in _groups(lines, lambda x: (x["name"],)):
        stress = _spread(_known(group, "stress_mae"), digits=2)
        gflop = f"{np.mean(_known(group, 'gflop')):,.0f}"
        cells = (*_errors(group), stress, _spread(_known(group, "cpu_seconds")))
        rows.append((name, f"{group[0]['parameters']:,}", gflop, *cells))
    return rows


def sizes_table(lines: Sequence[Line]) -> str:
    """Errors at every size of the training set, and their slope on logarithmic axes."""
    sizes = sorted({_size(line) for line in lines})
    heads = (
        "lmax",
        "error",
        *(f"{size:.0f} frames" for size in sizes),
        "slope",
        "slope but the last",
    )
    rows = []
    for (name,), group in _groups(lines, lambda x: (x["name"],)):
        for unit, key in MEASURED.items():
            cells = [_spread([x[key] for x in group if _size(x) == size]) for size in sizes]
            slopes = (_slope([x for x in group if _size(x) in n], key) for n in (sizes, sizes[:-1]))
            rows.append((name[-1], unit, *cells, *slopes))
    return _markdown(heads, rows)


def _slope(group: Sequence[Line], key: str) -> str:
    """Slope of log error against log frames with its 95 % interval from the scatter of points."""
    logs = np.log([(_size(line), line[key]) for line in group])
    if len(logs) < FITTED:
        return "not run"
    fit = stats.linregress(logs[:, 0], logs[:, 1])
    width = stats.t.ppf(0.975, len(group) - 2) * fit.stderr
    return f"{fit.slope:.2f} ± {width:.2f}"


def _errors(group: Sequence[Line]) -> tuple[str, ...]:
    return tuple(_spread([line[key] for line in group]) for key in MEASURED.values())


def _known(group: Sequence[Line], key: str) -> list[float]:
    """Values of the lines that have one: early lines lack CPU seconds."""
    return [line[key] for line in group if key in line]


def _span(group: Sequence[Line], key: str) -> str:
    low, high = min(x[key] for x in group), max(x[key] for x in group)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _spread(values: Sequence[float], digits: int = 1) -> str:
    """Mean and half the range."""
    if not values:
        return "not counted"
    digits = 0 if min(values) >= MANY else digits
    half = (max(values) - min(values)) / 2
    mean = f"{np.mean(values):,.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ± {half:.{digits}f}"


def _size(line: Line) -> float:
    """Gflop or frames of a run, which its key names."""
    return float(line["key"].split("/")[-2])


def _groups(
    lines: Iterable[Line], key: Callable[[Line], tuple[Any, ...]]
) -> list[tuple[tuple[Any, ...], list[Line]]]:
    """Lines with equal keys together, in the order in which the keys first came."""
    groups: dict[tuple[Any, ...], list[Line]] = {}
    for line in lines:
        groups.setdefault(key(line), []).append(line)
    return list(groups.items())


def _markdown(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(str, cells)) + " |" for cells in lines)


TABLES: dict[str, tuple[str, Callable[[Sequence[Line]], str]]] = {
    "compute": ("(a) Error against arithmetic, all labels", compute_table),
    "compute-alloys": ("(a) Error against arithmetic, 24 elements", compute_table),
    "parts": ("(b) Radial part x mixing", parts_table),
    "sizes": ("(c) Slopes by lmax", sizes_table),
    "levers": ("(d) Levers", levers_table),
}
