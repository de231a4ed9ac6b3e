"""The crystals that every potential is timed on, the same in every process."""

from __future__ import annotations

import hashlib
import io
import lzma
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from machine import ROOT

from facet.graph.neighbors import Crystal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

POOL = Path("shared", "data", "pool.npz.xz")
SEED = 20251
NUM_MIXED = 256
RATTLE = 0.03
"""Standard deviation of the displacements in angstrom: no atom sits on a symmetric site."""

ATOMS = {"150": 150, "1k": 1_000, "10k": 10_000, "50k": 50_000, "100k": 100_000}
"""Cases that are one batch of mixed crystals with at least this many atoms."""

PROTOTYPES = {
    "rocksalt": ([(0, 0, 0), (0.5, 0.5, 0.5)], [0, 1], "fcc"),
    "zincblende": ([(0, 0, 0), (0.25, 0.25, 0.25)], [0, 1], "fcc"),
    "fluorite": ([(0, 0, 0), (0.25, 0.25, 0.25), (0.75, 0.75, 0.75)], [0, 1, 1], "fcc"),
    "cscl": ([(0, 0, 0), (0.5, 0.5, 0.5)], [0, 1], "cubic"),
    "perovskite": (
        [(0, 0, 0), (0.5, 0.5, 0.5), (0.5, 0.5, 0), (0.5, 0, 0.5), (0, 0.5, 0.5)],
        [0, 1, 2, 2, 2],
        "cubic",
    ),
}
"""Fractional positions, kind of each site, and lattice of the crystals made where no pool is."""

CELLS = {"cubic": np.eye(3), "fcc": 0.5 * (np.ones((3, 3)) - np.eye(3))}
CATIONS = (3, 11, 12, 13, 19, 20, 22, 25, 26, 28, 29, 30, 38, 40, 47, 56)
ANIONS = (7, 8, 9, 15, 16, 17, 34, 35, 53)


def find_pool(given: Path | None) -> Path | None:
    """File of crystals: the given one, else one beside or inside the checkout, else none."""
    if given is not None:
        if not given.is_file():
            sys.exit(f"There is no pool of crystals at {given}; give another --pool or none.")
        return given
    near = (ROOT / POOL, ROOT.parent / POOL)
    return next((each for each in near if each.is_file()), None)


def slices_of(case: str, pool: Path | None, num_slices: int) -> list[list[Crystal]]:
    """Crystals of a case, in the portions that are timed in turns.

    Args:
        case: ``si64``, ``srtio3``, ``mixed`` or a key of ``ATOMS``.
        pool: File of crystals; None takes generated ones.
        num_slices: Portions of the case ``mixed``; the others are one portion.
    """
    generator = np.random.default_rng(SEED)
    if case == "si64":
        return [[_shaken(_silicon(), generator)]]
    if case == "srtio3":
        return [[_shaken(_strontium_titanate(), generator)]]
    source = _generated(generator) if pool is None else _from_pool(pool, generator)
    if case == "mixed":
        chosen = [_shaken(next(source), generator) for _ in range(NUM_MIXED)]
        length = NUM_MIXED // num_slices
        return [chosen[i : i + length] for i in range(0, NUM_MIXED, length)]
    batch: list[Crystal] = []
    missing = ATOMS[case]
    while missing > 0:
        batch.append(_shaken(next(source), generator))
        missing -= len(batch[-1].species)
    return [batch]


def cut(crystals: Sequence[Crystal], batch_atoms: int) -> list[list[Crystal]]:
    """Cut into batches of at most so many atoms, in order; a larger crystal goes alone."""
    batches: list[list[Crystal]] = []
    room = 0
    for each in crystals:
        if not batches or len(each.species) > room:
            batches.append([])
            room = batch_atoms
        batches[-1].append(each)
        room -= len(each.species)
    return batches


def count_atoms(crystals: Iterable[Crystal]) -> int:
    """Atoms of all crystals together."""
    return sum(len(each.species) for each in crystals)


def checksum_of(crystals: Iterable[Crystal]) -> str:
    """Hash of species, positions and cells, equal where the crystals are equal."""
    digest = hashlib.sha256()
    for each in crystals:
        digest.update(each.species.astype(np.int64).tobytes())
        digest.update(np.round(each.positions, 6).tobytes() + np.round(each.cell, 6).tobytes())
    return digest.hexdigest()[:16]


def _shaken(crystal: Crystal, generator: np.random.Generator) -> Crystal:
    moves = generator.normal(0, RATTLE, crystal.positions.shape)
    return crystal._replace(positions=crystal.positions + moves)


def _silicon() -> Crystal:
    corners = [(0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)]
    basis = np.array([*corners, *(np.array(each) + 0.25 for each in corners)])
    return _supercell(basis, np.full(8, 14), 5.469 * np.eye(3), 2)


def _strontium_titanate() -> Crystal:
    basis = np.array(PROTOTYPES["perovskite"][0])
    return _supercell(basis, np.array([38, 22, 8, 8, 8]), 3.94 * np.eye(3), 2)


def _supercell(basis: np.ndarray, species: np.ndarray, cell: np.ndarray, repeat: int) -> Crystal:
    steps = np.arange(repeat)
    shifts = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    fractional = (basis[None] + shifts[:, None]).reshape(-1, 3)
    return Crystal(np.tile(species, len(shifts)), fractional @ cell, repeat * cell)


def _from_pool(path: Path, generator: np.random.Generator) -> Iterator[Crystal]:
    """Crystals of the pool in random order, over and over."""
    with lzma.open(path) as file, np.load(io.BytesIO(file.read())) as data:
        pool = {key: data[key] for key in ("n", "Z", "frac", "cell")}
    count = pool["n"].astype(np.int64)
    first = np.cumsum(count) - count
    while True:
        for i in generator.permutation(len(count)):
            atoms = slice(first[i], first[i] + count[i])
            cell = pool["cell"][i].astype(np.float64)
            yield Crystal(
                pool["Z"][atoms].astype(np.int64), pool["frac"][atoms] / 2**20 @ cell, cell
            )


def _generated(generator: np.random.Generator) -> Iterator[Crystal]:
    """Ordinary structure types with random elements and sizes, 2 to 135 atoms."""
    names = sorted(PROTOTYPES)
    while True:
        basis, kinds, lattice = PROTOTYPES[names[generator.integers(len(names))]]
        elements = np.array([*generator.permutation(CATIONS)[:2], generator.choice(ANIONS)])
        if max(kinds) == 1:
            elements = elements[[0, 2]]
        volume = generator.uniform(11, 20) * len(basis)
        shape = CELLS[lattice]
        cell = shape * (volume / abs(np.linalg.det(shape))) ** (1 / 3)
        repeat = int(generator.choice([1, 1, 2, 2, 3]))
        yield _supercell(np.array(basis), elements[kinds], cell, repeat)
