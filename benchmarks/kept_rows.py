"""Relaxed crystals in a file, one a line, kept for the next run with the same settings."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from facet.graph.neighbors import Crystal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from facet.relaxation.settings import RelaxSettings


def line_of(row: Any, settings: RelaxSettings) -> str:  # noqa: ANN401 (any dataclass with a crystal)
    """Return a row, a dataclass that holds its relaxed ``crystal``, as a line of the file."""
    arrays = row.crystal._replace(is_held=None)._asdict()
    crystal = {name: value.tolist() for name, value in arrays.items() if value is not None}
    plain = {**asdict(row), "crystal": crystal, "settings": settings.to_dict()}
    return json.dumps(plain) + "\n"


def kept_rows(path: Path, settings: RelaxSettings) -> Iterator[dict[str, Any]]:
    """Yield the fields of rows that were relaxed with the same settings.

    A line cut short by a kill is left out.
    """
    for line in path.read_text().splitlines() if path.is_file() else []:
        try:
            values = json.loads(line)
        except json.JSONDecodeError:
            continue
        if values.pop("settings") == settings.to_dict():
            arrays = {name: np.array(value) for name, value in values["crystal"].items()}
            yield {**values, "crystal": Crystal(**arrays)}
