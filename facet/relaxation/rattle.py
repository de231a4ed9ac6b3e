"""Shaking a crystal a little, to leave a saddle on which its symmetry would hold it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from facet.relaxation.constraints import held_projectors

if TYPE_CHECKING:
    from facet.graph.neighbors import Crystal


def rattled(crystal: Crystal, amplitude: float, strain: float = 0.0, seed: int = 0) -> Crystal:
    """Move every atom a little, the same way whenever the crystal is the same.

    Held coordinates stay; atoms that are held in part move less.

    Args:
        crystal: Not changed.
        amplitude: How far each atom goes, in angstrom.
        strain: Largest component of a random symmetric strain of the cell.
        seed: Gives another of the many ways.
    """
    rng = np.random.default_rng([seed, *_content(crystal)])
    ways = rng.normal(size=crystal.positions.shape)
    ways *= amplitude / np.linalg.norm(ways, axis=1, keepdims=True)
    moved = crystal.positions + np.einsum("aij,aj->ai", held_projectors(crystal), ways)
    upper = np.triu(rng.uniform(-strain, strain, (3, 3)))
    stretch = np.eye(3) + upper + np.triu(upper, 1).T
    return crystal._replace(positions=moved @ stretch, cell=crystal.cell @ stretch)


def _content(crystal: Crystal) -> np.ndarray:
    """Digest of species, positions and cell as four integers."""
    digest = hashlib.sha256()
    for each in (crystal.species, crystal.positions, crystal.cell):
        digest.update(np.ascontiguousarray(each).tobytes())
    return np.frombuffer(digest.digest(), dtype=np.uint64)
