"""Reading everything that a campaign would read: rejects, duplicates, sizes, and a sample."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from dataclasses import dataclass, field
from time import perf_counter, process_time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from workflows.keys import structure_key
from workflows.plan.strata import Load, Sampled, Strata, load_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from facet.potential import Potential
    from workflows.inputs import InputCrystal
    from workflows.plan.known import Known

A_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


class Seconds(NamedTuple):
    """Time that something took or will take.

    Attributes:
        wall: By the clock.
        processor: Of all threads of this process.
    """

    wall: float
    processor: float

    def times(self, factor: float) -> Seconds:
        """Return a multiple."""
        return Seconds(self.wall * factor, self.processor * factor)

    def plus(self, other: Seconds) -> Seconds:
        """Return the sum."""
        return Seconds(self.wall + other.wall, self.processor + other.processor)


NO_TIME = Seconds(0.0, 0.0)


class Timer:
    """Takes time from when it was made."""

    def __init__(self) -> None:
        self._wall = perf_counter()
        self._processor = process_time()

    def seconds(self) -> Seconds:
        """Time since then."""
        return Seconds(perf_counter() - self._wall, process_time() - self._processor)


@dataclass
class Census:
    """What the input holds.

    Attributes:
        num_read: Crystals, those with a fault among them.
        num_candidates: How many of them are candidates; the others are competing phases.
        rejects: Inputs with a fault, by reason; numbers in a reason are written as #.
        num_duplicates: Crystals whose elements, cell and positions came before.
        num_unsupported: Different crystals with an element that the potential does not know.
        num_known: Different crystals that were relaxed before with these settings.
        not_asked: Why the database was not asked for those, if it was not.
        strata: The crystals to be relaxed, some of them kept.
        atoms: Number of atoms of each crystal to be relaxed, in the order of the input.
        edges: Expected edges of the same.
        seconds: Time that reading took.
    """

    num_read: int = 0
    num_candidates: int = 0
    rejects: Counter[str] = field(default_factory=Counter)
    num_duplicates: int = 0
    num_unsupported: int = 0
    num_known: int = 0
    not_asked: str | None = None
    strata: Strata = field(default_factory=lambda: Strata(0))
    atoms: array[int] = field(default_factory=lambda: array("q"))
    edges: array[float] = field(default_factory=lambda: array("d"))
    seconds: Seconds = NO_TIME

    @property
    def num_rejected(self) -> int:
        """Inputs with a fault."""
        return self.rejects.total()

    @property
    def num_unique(self) -> int:
        """Different crystals."""
        return self.num_read - self.num_rejected - self.num_duplicates

    @property
    def num_to_relax(self) -> int:
        """Different crystals that the potential knows and that have no result yet."""
        return len(self.atoms)

    def strata_of_all(self) -> np.ndarray:
        """Stratum of each crystal to be relaxed, shape (crystals,)."""
        edges = np.maximum(1.0, np.frombuffer(self.edges, dtype=np.float64))
        return np.floor(np.log2(edges)).astype(np.int64)


def take_census(
    candidates: Iterable[InputCrystal],
    references: Iterable[InputCrystal],
    potential: Potential,
    known: Known,
    most_sampled: int,
) -> Census:
    """Read every crystal once and keep none but those of the sample.

    Args:
        candidates: The candidates.
        references: Competing phases that are relaxed too.
        potential: Tells which elements it knows, and its cutoff.
        known: Tells which crystals were relaxed before.
        most_sampled: Size of the largest sample that may be drawn.
    """
    timer = Timer()
    census = Census(strata=Strata(most_sampled))
    counting = _Counting(census, potential, known)
    for crystal in candidates:
        counting.look_at(crystal)
        census.num_candidates += 1
    for crystal in references:
        counting.look_at(crystal)
    counting.ask()
    census.not_asked = known.not_asked
    census.seconds = timer.seconds()
    return census


class _Counting:
    """A census under way.

    Args:
        census: What is counted.
        potential: Tells which elements it knows, and its cutoff.
        known: Tells which crystals were relaxed before.
    """

    def __init__(self, census: Census, potential: Potential, known: Known) -> None:
        self._census = census
        self._potential = potential
        self._known = known
        self._seen: set[bytes] = set()
        self._waiting: dict[str, Sampled] = {}

    def look_at(self, crystal: InputCrystal) -> None:
        """Count one crystal."""
        self._census.num_read += 1
        structure = crystal.structure
        if structure is None:
            self._census.rejects[reason_of(crystal)] += 1
            return
        key = structure_key(structure)
        digest = bytes.fromhex(key)
        if digest in self._seen:
            self._census.num_duplicates += 1
            return
        self._seen.add(digest)
        if not self._potential.species.issuperset(structure.atomic_numbers):
            self._census.num_unsupported += 1
            return
        load = load_of(structure, self._potential.cutoff)
        self._waiting[key] = Sampled(crystal, load)
        if len(self._waiting) == self._known.AT_ONCE:
            self.ask()

    def ask(self) -> None:
        """Count those whose relaxation nobody knows yet."""
        waiting, self._waiting = self._waiting, {}
        known = self._known.of(waiting)
        self._census.num_known += len(known)
        for key, sampled in waiting.items():
            if key not in known:
                self._count(sampled, sampled.load)

    def _count(self, sampled: Sampled, load: Load) -> None:
        self._census.atoms.append(load.atoms)
        self._census.edges.append(load.edges)
        self._census.strata.offer(sampled)


def reason_of(crystal: InputCrystal) -> str:
    """Return the fault of an input without its name, numbers written as #."""
    fault = (crystal.fault or "").removeprefix(crystal.origin).lstrip(": ")
    return A_NUMBER.sub("#", fault)
