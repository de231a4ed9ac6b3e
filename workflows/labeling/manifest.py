"""What a folder of shards says of itself."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from facet.errors import ConfigError
from facet.training.kinds import Kind
from workflows.labeling.settings import sha256
from workflows.labeling.shards import shard_path, write_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from workflows.labeling.parents import Rejected

    Note = dict[str, Any]

MANIFEST = "manifest.json"


def claim(folder: Path, identity: dict[str, Any]) -> None:
    """Write what decides the labels of a folder, or make sure that it is the same as before.

    Args:
        folder: Of the shards.
        identity: Labeler, settings and excluded formulas, as plain values.

    Raises:
        ConfigError: The folder holds shards of another labeler or other settings.
    """
    path = folder / MANIFEST
    wanted = json.loads(json.dumps(identity))
    try:
        before = json.loads(path.read_text())
    except FileNotFoundError:
        if any(folder.glob("labels-*.npz")):
            raise ConfigError(
                f"{folder} holds shards without {MANIFEST}; choose another folder."
            ) from None
        write_json(path, {**identity, "is_finished": False})
        return
    except ValueError as error:
        raise ConfigError(f"{path} is damaged ({error}); choose another folder.") from error
    other = [key for key in wanted if before.get(key) != wanted[key]]
    if other:
        raise ConfigError(
            f"{folder} holds shards made with another {' and '.join(other)}; choose another folder."
        )


def finish(
    folder: Path, identity: dict[str, Any], notes: Sequence[Note], rejected: Sequence[Rejected]
) -> dict[str, Any]:
    """Write what a finished folder holds, and return it.

    Args:
        folder: Of the shards.
        identity: As claimed.
        notes: One of each shard.
        rejected: Crystals that could not be used.
    """
    ordered = sorted(notes, key=lambda note: int(note["number"]))
    kinds = _sum(ordered, "kinds")
    shards = {
        shard_path(folder, note["number"]).name: note["sha256"]
        for note in ordered
        if note["sha256"]
    }
    manifest = {
        **identity,
        "is_finished": True,
        "num_parents": sum(note["num_parents"] for note in ordered),
        "num_frames": sum(note["num_frames"] for note in ordered),
        "kinds": {kind.label: kinds[kind.label] for kind in Kind if kinds[kind.label]},
        "skipped": dict(_sum(ordered, "skipped").most_common()),
        "examples": {k: v for note in reversed(ordered) for k, v in note["examples"].items()},
        "rejected": [each._asdict() for each in rejected],
        "shards": shards,
        "data_sha256": sha256(shards).hex(),
        "seconds": round(sum(note["seconds"] for note in ordered), 3),
    }
    write_json(folder / MANIFEST, manifest)
    return manifest


def why_nothing(manifest: dict[str, Any]) -> str:
    """One sentence on why a run has no frames."""
    if manifest["examples"]:
        reason = next(iter(manifest["skipped"]))
        return f"{reason} ({manifest['examples'][reason]})."
    if manifest["rejected"]:
        return str(manifest["rejected"][0]["fault"])
    return "The input holds no crystal."


def _sum(notes: Sequence[Note], name: str) -> Counter[str]:
    total: Counter[str] = Counter()
    for note in notes:
        total.update(note[name])
    return total
