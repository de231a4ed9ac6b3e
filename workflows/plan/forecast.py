"""From the sample to the campaign: time, ends, steps and documents, with their uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from screening.intervals import wilson
from workflows.plan.flight import Shard, fly
from workflows.plan.rates import rates_of
from workflows.plan.sizes import DocumentSizes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from workflows.plan.census import Census
    from workflows.plan.measuring import Measurement, Relaxed
    from workflows.plan.rates import Rates

REPLICATES = 200
SHARDS_PLAYED = 3
"""Of a campaign of many; the others take as long on average."""

FEWEST_IN_A_GROUP = 8
"""Crystals of a sample from which others are drawn; with fewer, their spread would not show."""

LEVEL = 0.9
"""Coverage of every interval."""


class Range(NamedTuple):
    """An expected number, and limits between which it lies in nine of ten cases.

    Attributes:
        expected: The number.
        low: Lower limit.
        high: Upper limit.
    """

    expected: float
    low: float
    high: float

    def times(self, factor: float) -> Range:
        """Return a multiple."""
        return Range(*(each * factor for each in self))

    def plus(self, more: float) -> Range:
        """Return the range moved by a number that is known."""
        return Range(*(each + more for each in self))

    def and_then(self, other: Range) -> Range:
        """Return the range of both together, as if the luck of one were that of the other."""
        return Range(*(mine + its for mine, its in zip(self, other, strict=True)))


@dataclass(frozen=True)
class Forecast:
    """What the relaxations of a campaign will take.

    Attributes:
        wall: Seconds of one device that relaxes shard after shard.
        processor: Processor seconds of the same.
        shard_wall: Wall seconds of one full shard.
        atom_evaluations: Evaluations of single atoms.
        steps: Optimizer steps.
        ends: Crystals by stop reason.
        num_shards: Jobs that relax.
        sizes: Mean sizes of the documents of a crystal.
    """

    wall: Range
    processor: Range
    shard_wall: Range
    atom_evaluations: Range
    steps: Range
    ends: Mapping[str, Range]
    num_shards: int
    sizes: DocumentSizes


class _Group(NamedTuple):
    """Crystals of like work, and those of the sample that stand for them.

    Attributes:
        here: Their places among all, shape (crystals,).
        table: Evaluations and steps of the sample, shape (sampled, 2).
        weights: How many each of the sample stands for, shape (sampled,).
    """

    here: np.ndarray
    table: np.ndarray
    weights: np.ndarray


class Forecaster:
    """Plays the campaign through, again and again with other crystals of the sample.

    Args:
        census: What the input holds; one crystal to be relaxed at least.
        measurement: What the sample showed.
        shard_size: Crystals that one job relaxes.
    """

    def __init__(self, census: Census, measurement: Measurement, shard_size: int) -> None:
        self._measurement = measurement
        self._random = np.random.default_rng(0)
        self._atoms = np.frombuffer(census.atoms, dtype=np.int64)
        self._edges = np.frombuffer(census.edges, dtype=np.float64) * measurement.edges_ratio
        self._stratum_of = census.strata_of_all()
        self._groups = [self._group(each) for each in _joined(measurement.strata)]
        self._shard_size = shard_size
        self._num_shards = -(-len(self._atoms) // shard_size)

    def forecast(self) -> Forecast:
        """Return what the relaxations will take."""
        told = np.array([self._replicate() for _ in range(REPLICATES)])
        limits = np.quantile(told, ((1 - LEVEL) / 2, (1 + LEVEL) / 2), axis=0)
        numbers = zip(told.mean(axis=0).tolist(), *limits.tolist(), strict=True)
        wall, processor, shard, atom_evaluations, steps = (Range(*each) for each in numbers)
        return Forecast(
            wall=wall,
            processor=processor,
            shard_wall=shard,
            atom_evaluations=atom_evaluations,
            steps=steps,
            ends=self._ends(),
            num_shards=self._num_shards,
            sizes=self._sizes(),
        )

    def _replicate(self) -> tuple[float, float, float, float, float]:
        """Play the campaign through with a sample drawn anew from the sample."""
        rates = self._rates()
        chosen = np.empty((len(self._atoms), 2))
        for each in self._groups:
            drawn = self._random.integers(len(each.weights), size=len(each.weights))
            odds = each.weights[drawn] / each.weights[drawn].sum()
            chosen[each.here] = each.table[self._random.choice(drawn, len(each.here), p=odds)]
        looks = _last_looks_each(self._measurement)
        rounds = np.maximum(1, np.rint(chosen[:, 0] - looks)).astype(np.int64)
        shards = [self._shard(place, rounds) for place in self._played()]
        flights = [fly(each, self._measurement.capacity) for each in shards]
        crystals_played = sum(len(each.atoms) for each in shards)
        share = len(self._atoms) / crystals_played
        walls, processors = ([each.seconds(rate) for each in flights] for rate in rates)
        return (
            sum(walls) * share,
            sum(processors) * share,
            max(walls),
            float((self._atoms * chosen[:, 0]).sum()),
            float(chosen[:, 1].sum()),
        )

    def _group(self, strata: Sequence[int]) -> _Group:
        """Lay strata together; each of their samples stands for its own share."""
        crystals = [(key, each) for key in strata for each in self._measurement.strata[key]]
        number = {key: float((self._stratum_of == key).sum()) for key in strata}
        sizes = {key: len(self._measurement.strata[key]) for key in strata}
        return _Group(
            here=np.flatnonzero(np.isin(self._stratum_of, strata)),
            table=np.array([(each.num_evaluations, each.num_steps) for _, each in crystals]),
            weights=np.array([number[key] / sizes[key] for key, _ in crystals]),
        )

    def _rates(self) -> tuple[Rates, Rates]:
        """Costs of rounds drawn anew from the rounds that were timed."""
        rounds = self._measurement.rounds
        drawn = [rounds[i] for i in self._random.integers(len(rounds), size=len(rounds))]
        looks = self._measurement.last_look_edges
        return rates_of(drawn, "wall", looks), rates_of(drawn, "processor", looks)

    def _played(self) -> Iterator[int]:
        """Yield the first crystals of some shards."""
        if self._num_shards <= SHARDS_PLAYED:
            yield from range(0, len(self._atoms), self._shard_size)
            return
        full = self._num_shards - 1  # the last one may be small
        for shard in self._random.choice(full, size=SHARDS_PLAYED, replace=False):
            yield int(shard) * self._shard_size

    def _shard(self, start: int, rounds: np.ndarray) -> Shard:
        mine = slice(start, start + self._shard_size)
        return Shard(self._atoms[mine], self._edges[mine], rounds[mine])

    def _weighted(self) -> list[tuple[float, Relaxed]]:
        """Crystals of the sample, each with the share of all that it stands for."""
        strata = self._measurement.strata
        number = {key: int((self._stratum_of == key).sum()) for key in strata}
        return [
            (number[key] / len(self._atoms) / len(crystals), each)
            for key, crystals in strata.items()
            for each in crystals
        ]

    def _ends(self) -> dict[str, Range]:
        """Crystals by stop reason; limits are Wilson's, of a sample of this size."""
        weighted = self._weighted()
        total, size = len(self._atoms), len(weighted)
        ends = {}
        for end in sorted({each.end for _, each in weighted}):
            share = min(1.0, sum(weight for weight, each in weighted if each.end == end))
            low, high = wilson(round(share * size), size, LEVEL)
            ends[end] = Range(share, min(low, share), max(high, share)).times(total)
        return ends

    def _sizes(self) -> DocumentSizes:
        weighted = self._weighted()
        columns = zip(*(each.sizes for _, each in weighted), strict=True)
        weights = np.array([weight for weight, _ in weighted])
        return DocumentSizes(*(round(float(weights @ np.array(each))) for each in columns))


def _joined(strata: Mapping[int, Sequence[Relaxed]]) -> list[list[int]]:
    """Join neighboring strata until each group holds enough crystals to draw from."""
    groups: list[list[int]] = []
    num_crystals = FEWEST_IN_A_GROUP
    for stratum in sorted(strata):
        if num_crystals >= FEWEST_IN_A_GROUP:
            groups.append([])
            num_crystals = 0
        groups[-1].append(stratum)
        num_crystals += len(strata[stratum])
    if len(groups) > 1 and num_crystals < FEWEST_IN_A_GROUP:
        few = groups.pop()
        groups[-1].extend(few)
    return groups


def _last_looks_each(measurement: Measurement) -> float:
    """Evaluations of a crystal that are last looks, rounded: most have one."""
    return min(1.0, round(measurement.last_looks_each))
