"""Tables for people and JSON for programs."""

from __future__ import annotations

import json
import math
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def print_json(document: object) -> None:
    """Print one JSON document and nothing else."""
    sys.stdout.write(plain_json(document))


def print_answer(told: Mapping[str, Any], text: str, *, as_json: bool) -> int:
    """Print what was done, as JSON or as a sentence, and return the exit code of success."""
    if as_json:
        print_json(told)
    else:
        sys.stdout.write(f"{text}\n")
    return 0


def plain_json(document: object) -> str:
    """Write a document as JSON, which has no NaN, so that becomes null."""
    plain = _without_nan(document)
    return json.dumps(plain, indent=1, allow_nan=False, default=str) + "\n"


def print_table(title: str, headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table as wide as its content, or as the terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", header_style="bold")
    for index, heading in enumerate(headings):
        is_number = bool(rows) and isinstance(rows[0][index], int | float)
        table.add_column(heading, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_shown(value)) for value in row))
    width = None if sys.stdout.isatty() else 140
    Console(width=width).print(table)


def print_candidates(title: str, rows: Sequence[dict[str, Any]]) -> None:
    """Print rows of candidates with the reason for each, and what DFT found if it found any."""
    has_dft = any(row["dft_result_ordering"] is not None for row in rows)
    dft = ["DFT meV/atom"] if has_dft else []
    print_table(
        title,
        ["rank", "material", "formula", "space group", "above hull meV/atom", *dft, "why"],
        [
            [
                row["rank"] or "",
                row["material_id"],
                row["formula_pretty"] or "",
                row["space_group_number"] or "",
                _mev(row["energy_above_hull"]),
                *([_mev(row["dft_result_above_hull"])] if has_dft else []),
                " ".join(row["reasons"]) or row["rejection"] or "",
            ]
            for row in rows
        ],
    )


def _without_nan(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _without_nan(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _mev(energy: float | None) -> float | str:
    return "" if energy is None else round(1000 * energy, 1)


def _shown(value: object) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)
