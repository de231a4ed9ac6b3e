"""Numbers of the training set that the network starts from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from facet.graph.neighbors import find_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facet.training.labels import Frame, FrameSet

LAST_ROW = 120
"""More than any atomic number."""

MAX_FITTED = 200_000
"""Frames that a least-squares fit takes; more would not change it."""

FORCE_CAP = 10.0
"""eV/A; larger forces do not widen the scale of atomic energies."""


def fit_species_shift(frames: FrameSet, indices: np.ndarray, species: Sequence[int]) -> np.ndarray:
    """Energy per atom of each element that explains total energies best, by least squares.

    Args:
        frames: Labeled frames.
        indices: Frames to fit.
        species: Atomic numbers in the order of the result; absent ones get zero.

    Returns:
        Energies in eV, shape (species,).
    """
    if len(indices) > MAX_FITTED:
        indices = np.random.default_rng(0).choice(indices, MAX_FITTED, replace=False)
    design = composition(frames, indices, species)
    energies = frames.energy[indices] / frames.n[indices].astype(float)
    solution, *_ = np.linalg.lstsq(design, energies, rcond=None)
    return np.asarray(solution)


def composition(frames: FrameSet, indices: np.ndarray, species: Sequence[int]) -> np.ndarray:
    """Share of each element in each frame, shape (indices, species).

    Args:
        frames: Labeled frames.
        indices: Frames to look at.
        species: Atomic numbers in the order of the columns.
    """
    owner = np.repeat(np.arange(len(frames)), frames.n.astype(np.int64))
    counts = np.zeros((len(frames), LAST_ROW), dtype=np.uint16)
    np.add.at(counts, (owner, np.asarray(frames.Z)), 1)
    found: np.ndarray = counts[indices][:, list(species)] / frames.n[indices, None].astype(float)
    return found


def rms_force(frames: Sequence[Frame]) -> float:
    """Root mean square of force components in eV/angstrom, large ones capped."""
    forces = np.concatenate([each.forces for each in frames])
    return float(np.sqrt(np.mean(np.clip(forces, -FORCE_CAP, FORCE_CAP) ** 2)))


def mean_neighbors(frames: Sequence[Frame], cutoff: float) -> float:
    """Mean number of neighbors of an atom within the cutoff (angstrom)."""
    pairs = sum(len(find_pairs(each.crystal, cutoff).center) for each in frames)
    return pairs / sum(len(each.crystal.species) for each in frames)
