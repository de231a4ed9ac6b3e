"""Crystals on which two potentials are aligned: relaxed, of the same elements, not compared."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from db.writes import insert_structures
from facet.graph.convert import structure_from
from facet.training.labels import reduced_formula
from workflows.convert import structure_document
from workflows.labeling.frames import Parent
from workflows.labeling.parents import read_parents

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from db.client import MongoDatabase
    from db.documents import StructureDoc
    from facet.training.labels import Formula

PER_ELEMENT = 8
LARGEST = 16
SEED = 20261


def pool_crystals(
    database: MongoDatabase, pool: Path, compared: Iterable[StructureDoc]
) -> list[StructureDoc]:
    """Store crystals of a pool that together hold every element of the compared ones often enough.

    None has a reduced formula that is compared, nor an element that is not.

    Args:
        database: Where they are stored.
        pool: Packed crystals, or any file of relaxed ones.
        compared: The crystals that are compared.
    """
    numbers: set[int] = set()
    formulas: set[Formula] = set()
    for each in compared:
        species = np.asarray(each.geometry.unpack()[0])
        numbers.update(species.tolist())
        formulas.add(reduced_formula(species))
    chosen = [
        structure_document(structure_from(each.crystal))
        for each in _chosen(pool, numbers, formulas)
    ]
    insert_structures(database, chosen)
    return chosen


def _chosen(pool: Path, numbers: set[int], formulas: set[Formula]) -> Iterator[Parent]:
    """Go through the pool in random order and take who brings an element that is still rare."""
    fitting = [each for each in read_parents([pool]) if _fits(each, numbers, formulas)]
    seen: Counter[int] = Counter()
    for index in np.random.default_rng(SEED).permutation(len(fitting)):
        parent = fitting[index]
        if not isinstance(parent, Parent):
            continue
        elements = set(parent.crystal.species.tolist())
        if min(seen[each] for each in elements) < PER_ELEMENT:
            seen.update(elements)
            yield parent


def _fits(each: object, numbers: set[int], formulas: set[Formula]) -> bool:
    if not isinstance(each, Parent) or len(each.crystal.species) > LARGEST:
        return False
    return (
        set(each.crystal.species.tolist()) <= numbers
        and reduced_formula(each.crystal.species) not in formulas
    )
