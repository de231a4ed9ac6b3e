"""Formulas that are kept for testing and must not be trained on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from facet.errors import DataError
from facet.graph.elements import symbol
from facet.training.sources import CACHE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from facet.training.labels import Formula, FrameSet
    from facet.training.settings import TrainSettings

EXCLUDED = "excluded.txt"


def excluded_path(output: Path) -> Path:
    """Where the formulas of the files under ``excluded`` are listed."""
    return output / CACHE / EXCLUDED


def write_excluded(path: Path, sources: Mapping[Formula, str]) -> None:
    """List formulas, each with the file that keeps it for testing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{encoded(formula)} # {source}\n" for formula, source in sorted(sources.items())]
    path.write_text("".join(lines))


def refuse_excluded(frames: FrameSet, formulas: Sequence[Formula], settings: TrainSettings) -> None:
    """Refuse frames whose formula is kept for testing.

    Raises:
        DataError: Names the first such frame, and the file that keeps its formula.
    """
    excluded = _listed(settings)
    found = [number for number, each in enumerate(formulas) if encoded(each) in excluded]
    if found:
        formula = formulas[found[0]]
        raise DataError(
            f"{len(found)} training frame(s) must not be trained on; the first has the parent "
            f"{text(frames.id[found[0]])} and the formula {pretty(formula)}, which "
            f"{excluded[encoded(formula)]} keeps for testing: remove such frames from the data."
        )


def encoded(formula: Formula) -> str:
    """Write a formula as ``number-count;`` for every element."""
    return "".join(f"{number}-{count};" for number, count in formula)


def pretty(formula: Formula) -> str:
    """Write a formula as people do, elements in the order of their numbers."""
    return "".join(f"{symbol(z)}{'' if count == 1 else count}" for z, count in formula)


def text(name: object) -> str:
    """Name of a parent, which shards hold as bytes or as text."""
    return name.decode() if isinstance(name, bytes) else str(name)


def _listed(settings: TrainSettings) -> dict[str, str]:
    """Excluded formulas and the files that they come from."""
    listed: dict[str, str] = {}
    for path in _lists(settings):
        for line in path.read_text().splitlines():
            formulas, _, source = line.partition("#")
            listed |= {formula: source.strip() or str(path) for formula in formulas.split()}
    return listed


def _lists(settings: TrainSettings) -> list[Path]:
    paths = [Path(settings.excluded_formulas)] if settings.excluded_formulas else []
    if settings.excluded:
        paths.append(excluded_path(Path(settings.output)))
    for path in paths:
        if not path.is_file():
            raise DataError(
                f"The list of excluded formulas {path} is missing; start this run once with "
                "`facet train`, which writes it from the files under `excluded`."
            )
    return paths
