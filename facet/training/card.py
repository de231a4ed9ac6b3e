"""What a run was made of: data, code, seed and machine, kept beside and inside its weights."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from facet.training.settings import TrainSettings

CARD = "card.json"
CHECKOUT = Path(__file__).resolve().parents[2]


def run_card(settings: TrainSettings, device: torch.device) -> dict[str, Any]:
    """Describe a run before its first step; plain values.

    Args:
        settings: Of the run.
        device: Where the network runs.
    """
    return {
        "settings": {key: _shareable(each) for key, each in settings.to_dict().items()},
        "seed": settings.seed,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "facet": _version(),
        "revision": revision(CHECKOUT),
        "torch": torch.__version__,
        "hardware": processor() if device.type == "cpu" else torch.cuda.get_device_name(device),
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
    }


def write_card(folder: Path, card: dict[str, Any]) -> None:
    """Write the run card, replacing the one before."""
    partial = folder / f"{CARD}.partial"
    partial.write_text(json.dumps(card, indent=1, sort_keys=True) + "\n")
    partial.replace(folder / CARD)


def revision(checkout: Path) -> str | None:
    """Git revision of a checkout, with ``-dirty`` when files differ from it; None outside one."""
    git = shutil.which("git")
    if git is None or not (checkout / ".git").exists():
        return None
    command = [git, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    ended = subprocess.run(  # noqa: S603 (constants only)
        command, cwd=checkout, capture_output=True, text=True, check=False
    )
    return ended.stdout.strip() or None


def processor() -> str:
    """Name of the processor."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _shareable(value: Any) -> Any:  # noqa: ANN401 (any plain value)
    """Shorten absolute paths to names: weights are passed on, folders of a machine are not."""
    if isinstance(value, list | tuple):
        return [_shareable(each) for each in value]
    return Path(value).name if isinstance(value, str) and value.startswith("/") else value


def _version() -> str | None:
    """Version of the installed package; None in a bare checkout."""
    try:
        return version("facet")
    except PackageNotFoundError:
        return None
