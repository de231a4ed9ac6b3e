"""Frames made from a crystal: what a potential must know beyond the crystal at rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from facet.graph.elements import symbol
from facet.graph.neighbors import Crystal
from facet.training.kinds import Kind
from workflows.labeling.elements import elements
from workflows.labeling.settings import frame_seed
from workflows.labeling.swap import swapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from collections.abc import Set as AbstractSet

    from workflows.labeling.settings import LabelSettings

RATTLE = (0.01, 0.12)
STRAIN = (0.0, 0.03)
STRONG_RATTLE = (0.12, 0.3)
STRONG_STRAIN = (0.03, 0.10)
SWAP_RATTLE = (0.0, 0.06)
COMPRESSION = (0.60, 0.95)
DIMER_DISTANCE = (0.7, 1.3)
"""Of the sum of the covalent radii."""

DIMER_VACUUM = 12.0
"""A; more than the cutoff of any potential here, so that a dimer does not see its images."""

DEFAULT_RADIUS = 1.5


class Draft(NamedTuple):
    """A frame before it has labels.

    Attributes:
        crystal: Rounded to what a shard stores, so that the labels belong to what is stored.
        kind: How it was made.
        parent: The crystal that it was made from; a dimer names its elements instead, because it
            has nothing of the crystal but these.
        seed: It is made again from parent, kind and this.
    """

    crystal: Crystal
    kind: Kind
    parent: str
    seed: int


class Parent(NamedTuple):
    """A crystal with a name that is unique in its run."""

    name: str
    crystal: Crystal


def make_drafts(
    parent: Parent, settings: LabelSettings, known: AbstractSet[int] | None
) -> Iterator[tuple[Kind, Draft | None]]:
    """Make the frames of one parent; a short relaxation comes as the crystal that it starts from.

    Args:
        parent: The crystal as given.
        settings: How many of each kind, and the seed of the run.
        known: Atomic numbers that the labeler knows; None for all.

    Yields:
        The kind, and the frame; None in its place where no element has a plausible stand-in.
    """
    for kind, count in settings.counts.items():
        for number in range(count):
            seed = frame_seed(settings.seed, parent.name, kind, number)
            yield kind, make_draft(parent, kind, seed, known)


def make_draft(
    parent: Parent, kind: Kind, seed: int, known: AbstractSet[int] | None = None
) -> Draft | None:
    """Make one frame; the same arguments give the same frame.

    Args:
        parent: The crystal as given.
        kind: What to do with it.
        seed: Decides all that is random.
        known: Atomic numbers that a swap may bring in; None for all.

    Returns:
        The frame; None if a swap is asked for and no element has a plausible stand-in.
    """
    rng = np.random.default_rng(seed)
    if kind in (Kind.SWAPPED, Kind.STEP):
        crystal = swapped(parent.crystal, rng, known)
        crystal = None if crystal is None else distorted(crystal, rng, SWAP_RATTLE, (0.0, 0.0))
    else:
        crystal = _MAKERS[kind](parent.crystal, rng)
    if crystal is None:
        return None
    name = dimer_name(crystal.species) if kind is Kind.DIMER else parent.name
    return Draft(stored(crystal), kind, name, seed)


def distorted(
    crystal: Crystal,
    rng: np.random.Generator,
    rattle: tuple[float, float],
    strain: tuple[float, float],
) -> Crystal:
    """Strain a crystal and shake its atoms, by amplitudes drawn from ranges.

    Args:
        crystal: What is distorted.
        rng: Source of chance.
        rattle: Smallest and largest standard deviation of a coordinate, in angstrom.
        strain: Smallest and largest standard deviation of a component of the strain.
    """
    raw = rng.normal(0.0, rng.uniform(*strain), (3, 3))
    deformation = np.eye(3) + 0.5 * (raw + raw.T)
    shift = rng.normal(0.0, rng.uniform(*rattle), crystal.positions.shape)
    return Crystal(
        crystal.species, crystal.positions @ deformation + shift, crystal.cell @ deformation
    )


def compressed(crystal: Crystal, rng: np.random.Generator) -> Crystal:
    """Shrink the volume and shake the atoms slightly."""
    scale = rng.uniform(*COMPRESSION) ** (1 / 3)
    smaller = Crystal(crystal.species, crystal.positions * scale, crystal.cell * scale)
    return distorted(smaller, rng, (0.0, 0.05), (0.0, 0.01))


def dimer(crystal: Crystal, rng: np.random.Generator) -> Crystal:
    """Put two atoms of the crystal's elements close together in a large empty cube."""
    species = np.sort(rng.choice(np.unique(crystal.species), 2))
    radii = [elements()[each].radius if each in elements() else DEFAULT_RADIUS for each in species]
    distance = rng.uniform(*DIMER_DISTANCE) * sum(radii)
    direction = rng.normal(size=3)
    offset = distance * direction / np.linalg.norm(direction)
    edge = DIMER_VACUUM + distance
    center = np.full(3, edge / 2)
    positions = np.stack([center - offset / 2, center + offset / 2])
    return Crystal(species, positions, edge * np.eye(3))


def dimer_name(species: np.ndarray) -> str:
    """The parent that a dimer names, so that its formula ties no crystals together in a split."""
    return f"dimer-{'-'.join(symbol(int(each)) for each in species)}"


def stored(crystal: Crystal) -> Crystal:
    """Round a crystal to the fractions and cell that a shard holds in single precision."""
    cell = crystal.cell.astype(np.float32).astype(np.float64)
    return Crystal(crystal.species, fractions_of(crystal).astype(np.float64) @ cell, cell)


def fractions_of(crystal: Crystal) -> np.ndarray:
    """Fractional positions within the cell in single precision, shape (atoms, 3)."""
    fractions = np.linalg.solve(crystal.cell.T, crystal.positions.T).T
    inside: np.ndarray = (fractions - np.floor(fractions)).astype(np.float32)
    return inside


_MAKERS: dict[Kind, Callable[[Crystal, np.random.Generator], Crystal]] = {
    Kind.RELAXED: lambda crystal, _: crystal,
    Kind.RATTLED: lambda crystal, rng: distorted(crystal, rng, RATTLE, STRAIN),
    Kind.STRONG: lambda crystal, rng: distorted(crystal, rng, STRONG_RATTLE, STRONG_STRAIN),
    Kind.COMPRESSED: compressed,
    Kind.DIMER: dimer,
}
