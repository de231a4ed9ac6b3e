"""What phonons and elastic constants of the short list will take, where the rule asks for them.

A few relaxed crystals of the sample are measured as a shard of the short list is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from workflows.plan.census import NO_TIME, Seconds, Timer
from workflows.plan.forecast import LEVEL, REPLICATES, Range
from workflows.progress import noted
from workflows.stability.maker import StabilityMaker
from workflows.stability.measure import kinds_asked
from workflows.stability.measuring import measurements
from workflows.stability.rest import Fault
from workflows.stability.settings import StabilitySettings
from workflows.stability.shards import shards_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from db.documents.stability import StabilityKind
    from facet.graph.neighbors import Crystal
    from facet.potential import Potential
    from workflows.plan.census import Census
    from workflows.plan.measuring import Measurement
    from workflows.plan.request import PlanRequest

NO_RANGE = Range(0.0, 0.0, 0.0)
NOT_RELAXED = "unknown: nothing was relaxed now that could be measured"
MEASURED = (
    "unknown: how many are flagged, which ones, and how many come up where others fall; expected "
    "are as many crystals like the sample's, the upper limit leaves room for larger ones"
)
UNLIKE_THE_SAMPLE = 2.0
"""A short list took so much longer than as many crystals like the sample's
(benchmarks/plan_stability.py): those that are flagged were larger and less symmetric."""


@dataclass(frozen=True)
class ShortList:
    """What measuring a short list takes.

    Attributes:
        kinds: What the rule asks for.
        num_candidates: Flagged candidates that are measured at most, before any of them falls.
        num_shards: Jobs that share them.
        num_sampled: Crystals that were measured now.
        num_faults: Measurements of these that failed.
        wall: Seconds of one device; None where nothing could be measured.
        processor: Processor seconds of the same.
        took: Time that measuring took now.
    """

    kinds: tuple[StabilityKind, ...]
    num_candidates: int
    num_shards: int
    num_sampled: int = 0
    num_faults: int = 0
    wall: Range | None = None
    processor: Range | None = None
    took: Seconds = NO_TIME

    @property
    def unknown(self) -> str:
        """What nobody can tell yet, in words."""
        return NOT_RELAXED if self.wall is None else MEASURED

    @property
    def num_documents(self) -> int:
        """Measurements."""
        return self.num_candidates * len(self.kinds)


def short_list_of(request: PlanRequest, census: Census) -> ShortList | None:
    """Return how long the short list may be; None where the rule asks for nothing.

    Args:
        request: What is asked.
        census: What the input holds.
    """
    kinds = kinds_asked(request.rule)
    if not kinds:
        return None
    maker = StabilityMaker()
    different = census.num_candidates - census.num_rejected - census.num_duplicates
    number = min(maker.top, max(0, different))
    shards = shards_of([str(each) for each in range(number)], maker.shard_size)
    return ShortList(kinds, number, len(shards))


def measured_short_list(
    expected: ShortList,
    census: Census,
    measured: Measurement,
    potential: Potential,
    request: PlanRequest,
) -> ShortList:
    """Measure some of the sample, and return what the short list will take.

    Args:
        expected: How long it may be.
        census: What the input holds.
        measured: The relaxed sample.
        potential: Relaxed it.
        request: Tells how.
    """
    crystals = _chosen(census, measured, StabilityMaker().shard_size)
    if not crystals or not expected.num_candidates:
        return expected
    timer = Timer()
    missing = {kind: list(crystals) for kind in expected.kinds}
    found = list(
        noted(
            measurements(potential, crystals, missing, StabilitySettings(), request.relax),
            "stabilities of the sample measured",
            len(crystals) * len(expected.kinds),
        )
    )
    took = timer.seconds()
    each = dict.fromkeys(crystals, 0.0)
    for finding in found:
        each[finding.name] += finding.found.seconds
    # What belongs to no crystal alone, such as waiting for a batch to empty, is laid on all alike.
    seconds = np.array(list(each.values())) * took.wall / max(1e-9, sum(each.values()))
    wall = _range(seconds, expected.num_candidates)
    return replace(
        expected,
        num_sampled=len(crystals),
        num_faults=sum(isinstance(finding.found, Fault) for finding in found),
        wall=wall,
        processor=wall.times(took.processor / max(1e-9, took.wall)),
        took=took,
    )


def _chosen(census: Census, measured: Measurement, number: int) -> dict[str, Crystal]:
    """Converged crystals of the sample, evenly among all by the work of one evaluation."""
    stratum_of = census.strata_of_all()
    rows = sorted(
        (
            (each.load.edges, float((stratum_of == key).sum()) / len(crystals), each.crystal)
            for key, crystals in measured.strata.items()
            for each in crystals
            if each.end == "converged" and each.crystal is not None
        ),
        key=lambda row: row[0],
    )
    if not rows:
        return {}
    below = np.cumsum([weight for _, weight, _ in rows])
    marks = (np.arange(number) + 0.5) / number * below[-1]
    places = np.unique(np.searchsorted(below, marks)).tolist()
    return {str(place): rows[place][2] for place in places}


def _range(seconds: Sequence[float] | np.ndarray, number: int) -> Range:
    """Time of so many crystals, drawn again and again from a sample drawn anew from the sample.

    No draw tells how unlike the sample a short list is: the upper limit leaves room for that.
    """
    random = np.random.default_rng(0)
    values = np.asarray(seconds)
    totals = [
        float(random.choice(random.choice(values, len(values)), number).sum())
        for _ in range(REPLICATES)
    ]
    low, high = np.quantile(totals, ((1 - LEVEL) / 2, (1 + LEVEL) / 2)).tolist()
    return Range(float(values.mean()) * number, low, UNLIKE_THE_SAMPLE * high)
