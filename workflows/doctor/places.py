"""Folders that must have room: Facet's own, and the one for what is written in passing."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from workflows.doctor.finding import Finding, Health

if TYPE_CHECKING:
    from collections.abc import Iterator

GIBIBYTE = 2**30
LITTLE = 5 * GIBIBYTE
"""A campaign of 100,000 candidates with its trajectories."""
TOO_LITTLE = GIBIBYTE // 4


def disk_findings() -> Iterator[Finding]:
    """Say how much room is left where Facet keeps its data and where temporary files go."""
    from db.settings import settings_from_environment

    yield room_in(settings_from_environment().home, "FACET_HOME")
    yield room_in(Path(tempfile.gettempdir()), "TMPDIR")


def room_in(folder: Path, variable: str) -> Finding:
    """Say how much room is left in a folder, or in the nearest one above it that exists.

    Args:
        folder: It need not exist yet.
        variable: The environment variable that names it.
    """
    present = nearest(folder)
    free = shutil.disk_usage(present).free
    text = f"{free / GIBIBYTE:.1f} GiB free in {folder} ({variable})"
    if not is_writable(present):
        text = f"{present} ({variable}) cannot be written"
        return Finding("disk", Health.BROKEN, text, f"set {variable} to a folder of yours")
    if free < LITTLE:
        health = Health.BROKEN if free < TOO_LITTLE else Health.WARNING
        mend = f"free some, or set {variable} to a folder on a larger disk"
        return Finding("disk", health, text, mend)
    return Finding("disk", Health.OK, text)


def nearest(folder: Path) -> Path:
    """The folder itself, or the first above it that exists."""
    return next(each for each in (folder, *folder.parents) if each.exists())


def is_writable(path: Path) -> bool:
    """Whether a path is a folder that this user may write into."""
    return path.is_dir() and os.access(path, os.W_OK | os.X_OK)
