"""Shards on disk: written whole or not at all, each with a note that says what is in it."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workflows.labeling.frames import fractions_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from workflows.labeling.frames import Draft
    from workflows.labeling.labelers import Label


class Labeled(NamedTuple):
    """A frame and its label."""

    draft: Draft
    label: Label


def shard_path(folder: Path, number: int) -> Path:
    """Path of the frames of a shard."""
    return folder / f"labels-{number:05d}.npz"


def note_path(folder: Path, number: int) -> Path:
    """Path of the note beside a shard."""
    return shard_path(folder, number).with_suffix(".json")


def finished_note(folder: Path, number: int, key: str) -> dict[str, Any] | None:
    """Return the note of a shard that is finished; None if it is not, or is another's.

    Args:
        folder: Of the run.
        number: Of the shard.
        key: Hash of everything that decides what is in it.
    """
    try:
        note: dict[str, Any] = json.loads(note_path(folder, number).read_text())
    except (OSError, ValueError):
        return None
    is_whole = note.get("num_frames") == 0 or shard_path(folder, number).is_file()
    return note if note.get("key") == key and is_whole else None


def write_shard(path: Path, frames: Sequence[Labeled], labeler: str) -> str:
    """Write frames, replacing an older shard only when the new one is complete.

    Beside the arrays that training reads it holds ``seed`` (one for each frame) and ``labeler``.
    Nothing is compressed: numbers of this kind hardly shrink, and training can map them.

    Args:
        path: File to write.
        frames: At least one.
        labeler: What made the labels, in a line.

    Returns:
        SHA-256 of the file; the same frames make the same bytes.
    """
    drafts, labels = [each.draft for each in frames], [each.label for each in frames]
    arrays = {
        "n": np.array([len(each.crystal.species) for each in drafts], dtype=np.uint16),
        "Z": np.concatenate([each.crystal.species for each in drafts]).astype(np.uint8),
        "frac": np.concatenate([fractions_of(each.crystal) for each in drafts]),
        "cell": np.stack([each.crystal.cell for each in drafts]).astype(np.float32),
        "energy": np.array([each.energy for each in labels], dtype=np.float64),
        "forces": np.concatenate([each.forces for each in labels]).astype(np.float32),
        "stress": np.stack([each.stress for each in labels]).astype(np.float32),
        "kind": np.array([each.kind for each in drafts], dtype=np.uint8),
        "id": np.array([each.parent.encode() for each in drafts]),
        "seed": np.array([each.seed for each in drafts], dtype=np.uint64),
        "labeler": np.array(labeler.encode()),
    }
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # numpy types its flag only
        file.flush()
        os.fsync(file.fileno())
    digest = hashlib.sha256(partial.read_bytes()).hexdigest()
    partial.replace(path)
    return digest


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Write a JSON document, replacing an older one only when the new one is complete."""
    partial = path.with_suffix(".json.partial")
    with partial.open("w") as file:
        file.write(json.dumps(document, indent=1, sort_keys=True) + "\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
