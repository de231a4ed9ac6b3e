"""Frames into shards: what every reader of other formats and every labeler writes."""

from __future__ import annotations

from dataclasses import fields
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from facet.training.labels import FrameSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from facet.training.labels import Frame

FRAMES_A_SHARD = 2000


def pack(frames: Sequence[Frame]) -> FrameSet:
    """Pack frames into arrays: positions and forces in single precision, energies in double."""
    fractions = [np.linalg.solve(f.crystal.cell.T, f.crystal.positions.T).T for f in frames]
    return FrameSet(
        n=np.array([len(each.forces) for each in frames], dtype=np.uint32),
        Z=np.concatenate([each.crystal.species for each in frames]).astype(np.uint8),
        frac=np.concatenate([each - np.floor(each) for each in fractions]).astype(np.float32),
        cell=np.stack([each.crystal.cell for each in frames]).astype(np.float32),
        energy=np.array([each.energy for each in frames], dtype=np.float64),
        forces=np.concatenate([each.forces for each in frames]).astype(np.float32),
        stress=np.stack([each.stress for each in frames]).astype(np.float32),
        kind=np.array([each.kind for each in frames], dtype=np.uint8),
        id=np.array([each.parent.encode() for each in frames]),
    )


def write_shard(path: Path, frames: FrameSet) -> None:
    """Write one shard uncompressed, so that it can be mapped; an old file is replaced at once."""
    partial = path.with_suffix(".partial")
    with partial.open("wb") as stream:
        np.savez(stream, **{each.name: getattr(frames, each.name) for each in fields(frames)})
    partial.replace(path)


def write_shards(frames: Iterable[Frame], folder: Path) -> list[Path]:
    """Write a stream of frames as shards, holding no more than one of them in memory."""
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    waiting = iter(frames)
    while group := list(islice(waiting, FRAMES_A_SHARD)):
        paths.append(folder / f"frames-{len(paths):05d}.npz")
        write_shard(paths[-1], pack(group))
    return paths
