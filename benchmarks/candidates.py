"""The crystals that benchmarks relax: candidates of a campaign, labeled frames, the pool."""

from __future__ import annotations

import io
import lzma
from typing import TYPE_CHECKING

import ase.io
import numpy as np

from facet.graph.convert import crystal_from
from facet.graph.neighbors import Crystal
from facet.training.labels import read_shards

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CAMPAIGN = "campaign_substitution.extxyz.xz"
POOL = "pool.npz.xz"
SWAPPED = 3
"""Kind of the labeled frames whose species were swapped, and their volume guessed."""


def campaign_crystals(data: Path, limit: int) -> list[Crystal]:
    """Read unrelaxed candidates, evenly spaced in their file.

    Args:
        data: Folder of the file.
        limit: How many at most.
    """
    with lzma.open(data / CAMPAIGN, "rt") as file:
        read = ase.io.read(file, ":", format="extxyz")
    return [crystal_from(read[index]) for index in evenly(len(read), limit)]


def swapped_crystals(data: Path, limit: int) -> list[Crystal]:
    """Read labeled frames with swapped species, evenly spaced; their parents are in the pool.

    Args:
        data: Folder that holds the folder of the labels.
        limit: How many at most.
    """
    frames = read_shards(sorted((data / "labels").glob("labels-*.npz")))
    swapped = (frames.kind == SWAPPED).nonzero()[0]
    chosen = swapped[evenly(len(swapped), limit)]
    return [each.crystal for each in frames.frames(chosen)]


def pool_crystals(data: Path, max_atoms: int, seed: int = 20251) -> Iterator[Crystal]:
    """Relaxed crystals of the pool in random order, each once.

    Args:
        data: Folder of the file.
        max_atoms: Larger ones are left out.
        seed: Of the order.
    """
    with lzma.open(data / POOL) as file, np.load(io.BytesIO(file.read())) as archive:
        pool = {key: archive[key] for key in ("n", "Z", "frac", "cell")}
    count = pool["n"].astype(np.int64)
    first = np.cumsum(count) - count
    small = (count <= max_atoms).nonzero()[0]
    for index in np.random.default_rng(seed).permutation(small):
        atoms = slice(first[index], first[index] + count[index])
        cell = pool["cell"][index].astype(np.float64)
        fractions = pool["frac"][atoms].astype(np.float64) / 2**20
        yield Crystal(pool["Z"][atoms].astype(np.int64), fractions @ cell, cell)


def evenly(count: int, limit: int) -> np.ndarray:
    """Choose at most so many evenly spaced indices."""
    return np.linspace(0, count, min(limit, count), endpoint=False).astype(int)
