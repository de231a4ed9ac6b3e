"""What a figure was measured on: hardware and revision, nothing that names the machine."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from facet.training.card import processor

ROOT = Path(__file__).resolve().parent.parent
GIBIBYTE = 2**30


def when_and_where() -> dict[str, Any]:
    """What the document of a measurement begins with: the time, the revision and the hardware."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"measured": now, **revision(), "hardware": hardware()}


def hardware() -> dict[str, Any]:
    """Processor, cores and memory."""
    memory = None
    with suppress(ValueError, OSError, AttributeError):
        memory = round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIBIBYTE, 1)
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory_gib": memory,
        "system": f"{platform.system()} {platform.machine()}",
    }


def revision() -> dict[str, Any]:
    """Commit of the checkout, and whether files differ from it; None outside git."""
    commit = _git("rev-parse", "HEAD")
    changes = _git("status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "is_modified": None if changes is None else bool(changes)}


def _git(*arguments: str) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    # The arguments are constants of this file.
    done = subprocess.run(  # noqa: S603
        [git, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else None
