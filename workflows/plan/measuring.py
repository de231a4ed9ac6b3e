"""Relaxing the sample as the campaign would, and timing full batches beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from facet.relaxation.relaxer import Relaxation
from workflows.convert import structure_document
from workflows.plan.census import Seconds, Timer
from workflows.plan.full_batches import WARM_UP_ROUNDS, FullBatches, named
from workflows.plan.memory import device_peak_mib, process_peak_mib, watch_device
from workflows.plan.sizes import DocumentSizes, sizes_of
from workflows.plan.stopwatch import Stopwatch, TimedPotential
from workflows.progress import report, tell
from workflows.relaxation_documents import relaxation_documents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from facet.graph.neighbors import Crystal
    from facet.potential import Potential
    from facet.relaxation.result import RelaxResult
    from facet.relaxation.settings import RelaxSettings
    from workflows.plan.stopwatch import Round
    from workflows.plan.strata import Load, Sampled


@dataclass(frozen=True)
class Relaxed:
    """What the relaxation of one crystal of the sample showed.

    Attributes:
        load: What one evaluation of it costs.
        end: Its stop reason.
        num_steps: Optimizer steps.
        num_evaluations: Times that the potential was asked.
        sizes: Its documents, in bytes.
        crystal: Where it ended; None where nobody kept it.
    """

    load: Load
    end: str
    num_steps: int
    num_evaluations: int
    sizes: DocumentSizes
    crystal: Crystal | None = None


@dataclass(frozen=True)
class Measurement:
    """What the sample showed.

    Attributes:
        strata: The crystals by stratum.
        rounds: Of the sample and of full batches, without the warm-up.
        capacity: Atoms and edges of the fullest batch.
        edges_ratio: Edges that the engine counted for one that was expected from the density.
        last_looks: Last looks at the crystals of the sample.
        last_look_edges: Edges evaluated in these for each edge of the sample.
        warm_up: Time until the first round after the warm-up, entering apart.
        entering: Time to let one crystal in.
        storing: Time to make the documents of one crystal.
        took: Time of the whole measurement.
        peak_mib: Resident memory of this process at its peak, in MiB.
        device_peak_mib: The same of the device; None on a processor.
    """

    strata: Mapping[int, Sequence[Relaxed]]
    rounds: Sequence[Round]
    capacity: tuple[int, int]
    edges_ratio: float
    last_looks: int
    last_look_edges: float
    warm_up: Seconds
    entering: Seconds
    storing: Seconds
    took: Seconds
    peak_mib: float
    device_peak_mib: float | None

    @property
    def crystals(self) -> list[Relaxed]:
        """The crystals of all strata."""
        return [each for stratum in self.strata.values() for each in stratum]

    @property
    def last_looks_each(self) -> float:
        """Last looks at one crystal, on average."""
        return self.last_looks / max(1, len(self.crystals))


def measure(
    sample: Mapping[int, Sequence[Sampled]],
    potential: Potential,
    settings: RelaxSettings,
    most_in_flight: int,
) -> Measurement:
    """Time full batches made of the sample, then relax the sample.

    Args:
        sample: Crystals by stratum.
        potential: Relaxes them.
        settings: Of the relaxation.
        most_in_flight: Crystals that there are: no batch of the campaign holds more.
    """
    timer = Timer()
    watch_device(potential.device)
    crystals = [each for stratum in sample.values() for each in stratum]
    report("crystals of the sample relaxed", 0, len(crystals))
    full = FullBatches(crystals, potential, settings, most_in_flight)
    full.run()
    stopwatch = Stopwatch()
    timed = TimedPotential(potential, stopwatch)
    results = {}
    for each in Relaxation(named(crystals), timed, settings):
        results[int(each.name)] = each
        tell(each.stop_reason.value)
    storing = Timer()
    told = [_relaxed(each, results[i], potential, settings) for i, each in enumerate(crystals)]
    spent = storing.seconds()
    places = iter(told)
    ratio = _edges_ratio(stopwatch, crystals)
    looks = [each for each in stopwatch.asked if each.is_last_look]
    expected = sum(each.load.edges for each in crystals)
    return Measurement(
        strata={key: [next(places) for _ in each] for key, each in sample.items()},
        rounds=[*full.stopwatch.rounds(WARM_UP_ROUNDS), *stopwatch.rounds()],
        capacity=full.capacity,
        edges_ratio=ratio,
        last_looks=sum(each.structures for each in looks),
        last_look_edges=sum(each.edges for each in looks) / (ratio * expected),
        warm_up=full.warm_up,
        entering=full.entering,
        storing=spent.times(1 / max(1, len(crystals))),
        took=timer.seconds(),
        peak_mib=process_peak_mib(),
        device_peak_mib=device_peak_mib(potential.device),
    )


def _relaxed(
    sampled: Sampled, result: RelaxResult, potential: Potential, settings: RelaxSettings
) -> Relaxed:
    structure = sampled.crystal.structure
    if structure is None:
        raise ValueError("Only crystals without a fault are sampled.")
    stored = structure_document(structure)
    (relaxation,) = relaxation_documents([(stored, result)], potential, settings)
    return Relaxed(
        load=sampled.load,
        end=result.stop_reason.value,
        num_steps=result.num_steps,
        num_evaluations=result.num_evaluations,
        sizes=sizes_of(sampled.crystal, stored, relaxation),
        crystal=result.crystal,
    )


def _edges_ratio(stopwatch: Stopwatch, crystals: Sequence[Sampled]) -> float:
    """Edges of the first batch for one that was expected of its crystals."""
    if not stopwatch.asked:
        return 1.0
    first = stopwatch.asked[0]
    expected = sum(each.load.edges for each in crystals[: first.structures])
    return first.edges / expected
