"""Copies among 10,000 candidates and matches to known crystals: what is found, missed, and takes.

Candidates are crystals of the pool and of known campaigns, some of them planted again in disguise:
another cell, another origin, atoms and cell a little off, as two relaxations of one crystal end.

    python benchmarks/novelty.py ../shared/data --output benchmarks/results/novelty.json
"""

from __future__ import annotations

import argparse
import io
import json
import lzma
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import patch

import ase.io
import numpy as np
from machine import hardware, revision
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from screening import fingerprint
from screening.novelty import group_duplicates, match_known

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SEED = 7
NUM_CANDIDATES = 10_000
NUM_PLANTED = 1_000
NUM_REDISCOVERED = 2_000
DISPLACEMENT = 0.02  # angstrom, as far as relaxations of one crystal end apart
STRAIN = 0.005
NUM_CROWDED = 150  # crystals of the commonest formulas, to be compared in every way
_MOST_SITES_DOUBLED = 30
_FRACTIONS = 2**20


class Item(NamedTuple):
    """A candidate: id, crystal, energy in eV/atom."""

    name: str
    structure: Structure
    energy: float


class Campaign(NamedTuple):
    """Candidates, with what is known of their copies.

    Attributes:
        items: The candidates.
        originals: Original of each planted copy.
        known: Known crystal of each candidate that is one in disguise.
    """

    items: list[Item]
    originals: dict[str, str]
    known: dict[str, str]


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--output", type=Path, default=None)
    arguments = parser.parse_args()
    pool = list(read_pool(arguments.data / "pool.npz.xz"))
    campaign = make_campaign(pool, list(read_truth(arguments.data)))
    report = {"hardware": hardware(), "revision": revision(), **measure(campaign, pool)}
    text = json.dumps(report, indent=1)
    print(text)
    if arguments.output:
        arguments.output.write_text(text + "\n")


def measure(campaign: Campaign, pool: list[tuple[str, Structure]]) -> dict[str, Any]:
    """Look for copies and known crystals, and count."""
    items = [tuple(item) for item in campaign.items]
    copies, copying = timed(lambda: group_duplicates(items))
    pairs = [(name, structure) for name, structure, _ in items]
    matches, matching = timed(lambda: match_known(pairs, pool))
    groups = {item.name: copies.get(item.name, item.name) for item in campaign.items}
    missed = [each for each, of in campaign.originals.items() if groups[each] != groups[of]]
    unknown = [each for each in campaign.known if each not in matches]
    return {
        "num_candidates": len(items),
        "num_known": len(pool),
        "copies_seconds": copying,
        "matches_seconds": matching,
        "planted": len(campaign.originals),
        "planted_missed": sorted(missed),
        "copies": len(copies),
        "rediscovered": len(campaign.known),
        "rediscovered_missed": sorted(unknown),
        "rediscovered_as_another": sum(
            matches.get(each, of) != of for each, of in campaign.known.items()
        ),
        "matches": len(matches),
        **checks(pool),
    }


def checks(pool: list[tuple[str, Structure]]) -> dict[str, Any]:
    """Look for copies among the commonest formulas, in other orders and without the fingerprint."""
    rng = np.random.default_rng(SEED)
    common = Counter(structure.composition.reduced_formula for _, structure in pool)
    crowd = sorted(pool, key=lambda item: -common[item[1].composition.reduced_formula])
    part = [(name, structure, -5.0) for name, structure in crowd[:NUM_CROWDED]]
    part += [(f"{name}-copy", disguised(structure, rng), -4.0) for name, structure, _ in part]
    found, seconds = timed(lambda: group_duplicates(part))
    with patch.object(fingerprint, "TOLERANCE", np.inf):
        every, every_seconds = timed(lambda: group_duplicates(part))
    return {
        "crowded": len(part),
        "crowded_copies": len(found),
        "crowded_seconds": seconds,
        "same_in_reverse": found == group_duplicates(part[::-1]),
        "same_without_fingerprint": found == every,
        "without_fingerprint_seconds": every_seconds,
    }


def make_campaign(
    pool: list[tuple[str, Structure]], truth: list[tuple[str, Structure]]
) -> Campaign:
    """Mix pool and campaigns with copies of both in disguise."""
    rng = np.random.default_rng(SEED)
    num_plain = NUM_CANDIDATES - NUM_PLANTED - NUM_REDISCOVERED - len(truth)
    chosen = [pool[row] for row in rng.permutation(len(pool))[: num_plain + NUM_REDISCOVERED]]
    originals, known = chosen[:num_plain] + truth, chosen[num_plain:]
    crystals = dict(originals)
    planted = {}
    for number, row in enumerate(rng.permutation(len(originals))[:NUM_PLANTED]):
        name, structure = originals[row]
        planted[f"copy-{number}"] = name
        crystals[f"copy-{number}"] = disguised(structure, rng)
    rediscovered = {}
    for number, (name, structure) in enumerate(known):
        rediscovered[f"again-{number}"] = name
        crystals[f"again-{number}"] = disguised(structure, rng)
    energies = rng.normal(-5.0, 1.0, len(crystals))
    items = [
        Item(name, structure, float(energy))
        for (name, structure), energy in zip(crystals.items(), energies, strict=True)
    ]
    order = rng.permutation(len(items))
    return Campaign([items[row] for row in order], planted, rediscovered)


def disguised(structure: Structure, rng: np.random.Generator) -> Structure:
    """Give a crystal another cell and origin, and move it as far as relaxations end apart."""
    copy = structure.copy()
    if len(copy) <= _MOST_SITES_DOUBLED and rng.random() < 1 / 2:
        copy.make_supercell([[1, 1, 0], [0, 1, 0], [0, 0, 2]])
    copy.translate_sites(list(range(len(copy))), rng.random(3))
    strain = np.eye(3) + rng.uniform(-STRAIN, STRAIN, (3, 3))
    moved = copy.cart_coords + rng.normal(0.0, DISPLACEMENT / np.sqrt(3), (len(copy), 3))
    matrix = copy.lattice.matrix @ strain
    return Structure(Lattice(matrix), copy.species, moved @ strain, coords_are_cartesian=True)


def read_pool(path: Path) -> Iterator[tuple[str, Structure]]:
    """Yield the relaxed crystals of the pool with their ids."""
    with lzma.open(path) as file:
        pool = np.load(io.BytesIO(file.read()))
    ends = np.cumsum(pool["n"].astype(int))
    numbers, fractions = pool["Z"], pool["frac"] / _FRACTIONS
    for row, (end, name, cell) in enumerate(zip(ends, pool["id"], pool["cell"], strict=True)):
        inside = slice(end - int(pool_size(ends, row)), end)
        yield (
            f"{row}:{name.decode()}",
            Structure(Lattice(cell.astype(float)), numbers[inside], fractions[inside]),
        )


def pool_size(ends: np.ndarray, row: int) -> int:
    """Number of atoms of a row."""
    return int(ends[row] - (ends[row - 1] if row else 0))


def read_truth(data: Path) -> Iterator[tuple[str, Structure]]:
    """Yield the relaxed crystals of known campaigns with their ids."""
    with lzma.open(data / "campaign_relaxed_truth.extxyz.xz", "rt") as file:
        frames = ase.io.read(io.StringIO(file.read()), ":", format="extxyz")
    for number, atoms in enumerate(frames):
        crystal = Structure(Lattice(atoms.cell[:]), atoms.numbers, atoms.get_scaled_positions())
        yield f"truth-{number}:{atoms.info['id']}", crystal


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Do some work, and tell the processor time in seconds that it took."""
    start = time.process_time()
    done = work()
    return done, round(time.process_time() - start, 1)


if __name__ == "__main__":
    main()
