"""Which files a run reads: shards as they are, other formats through their converted copies."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from facet.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facet.training.settings import TrainSettings

CACHE = "cache"
"""Folder in the output of a run that holds converted data."""


def shard_paths(settings: TrainSettings) -> list[Path]:
    """Shards that a run trains on, those of converted files included.

    Raises:
        DataError: A file is missing, or was not converted yet.
    """
    shards = matching(settings.shards) if settings.shards else []
    for path in data_files(settings.data):
        shards += [path] if path.suffix == ".npz" else _converted(path, settings)
    return shards


def data_files(patterns: Sequence[str]) -> list[Path]:
    """Files of all patterns, each of which must match something.

    Raises:
        DataError: Nothing matches a pattern.
    """
    files: list[Path] = []
    for pattern in patterns:
        found = matching(pattern)
        if not found:
            raise DataError(f"No file matches {pattern}; check the paths under `data`.")
        files += found
    return files


def matching(pattern: str) -> list[Path]:
    """Files whose names match a pattern, sorted; the folder is taken as it is written."""
    path = Path(pattern)
    return [path] if path.is_file() else sorted(path.parent.glob(path.name))


def cache_folder(path: Path, output: Path) -> Path:
    """Where the converted copy of a file belongs; another content is another folder."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return output / CACHE / f"{path.name}-{digest[:16]}"


def _converted(path: Path, settings: TrainSettings) -> list[Path]:
    shards = sorted(cache_folder(path, Path(settings.output)).glob("*.npz"))
    if not shards:
        raise DataError(
            f"{path} was not converted to shards yet: start this run once with `facet train`, "
            f"which writes them below {Path(settings.output) / CACHE}."
        )
    return shards
