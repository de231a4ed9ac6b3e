"""A plan as plain values: units in the keys, ranges as expected, low and high."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from workflows.device_names import device_name, num_threads
from workflows.plan.forecast import LEVEL, Range
from workflows.plan.short_list import NO_RANGE
from workflows.plan.sizes import (
    BYTES_OF_A_REJECT,
    BYTES_OF_A_STABILITY,
    BYTES_OF_A_VERDICT,
    BYTES_OF_FIRST_BLOCKS,
    BYTES_OF_INDEX_KEYS,
    SHARE_ON_DISK,
    stored_bytes,
)
from workflows.power import power_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflows.plan.census import Census, Seconds
    from workflows.plan.forecast import Forecast
    from workflows.plan.measuring import Measurement
    from workflows.plan.planning import Preparation
    from workflows.plan.request import PlanRequest
    from workflows.plan.short_list import ShortList

HOUR = 3600.0
KILO = 1000.0
UNCERTAINTY = (
    f"Low and high hold {LEVEL:.0%} of what other samples of this size would have foretold; "
    "a machine that is busier, or quieter, than it was just now comes on top. Screening, which "
    "follows the relaxations, is not in the times."
)


def tell_census(census: Census, reading: Seconds) -> dict[str, Any]:
    """Return what the input holds.

    Args:
        census: What was counted.
        reading: Time that reading took.
    """
    return {
        "num_read": census.num_read,
        "num_candidates": census.num_candidates,
        "num_reference_inputs": census.num_read - census.num_candidates,
        "num_rejected": census.num_rejected,
        "rejects": dict(census.rejects.most_common()),
        "num_duplicates": census.num_duplicates,
        "num_unsupported": census.num_unsupported,
        "num_known": None if census.not_asked else census.num_known,
        "known": census.not_asked or "asked",
        "num_to_relax": census.num_to_relax,
        "num_atoms_to_relax": sum(census.atoms),
        "reading_seconds": reading.wall,
    }


def tell_short_list(listed: ShortList | None) -> dict[str, Any] | None:
    """Return what measuring the short list takes; None where the rule does not ask for it."""
    if listed is None:
        return None
    return {
        "kinds": list(listed.kinds),
        "num_candidates": listed.num_candidates,
        "num_shards": listed.num_shards,
        "num_sampled": listed.num_sampled,
        "num_faults": listed.num_faults,
        "sample_seconds": listed.took.wall,
        "seconds_one_device": None if listed.wall is None else _range(listed.wall),
        "processor_seconds": None if listed.processor is None else _range(listed.processor),
        "unknown": listed.unknown,
    }


def tell_forecast(
    request: PlanRequest,
    ready: Preparation,
    measured: Measurement,
    foreseen: Forecast,
    listed: ShortList | None,
) -> dict[str, Any]:
    """Return what was measured and what follows from it.

    Args:
        request: What was asked.
        ready: What was read.
        measured: What the sample showed.
        foreseen: What the relaxations will take.
        listed: What measuring the short list will take; None where nobody asks for it.
    """
    ends: dict[str, Any] = {name: _range(each) for name, each in foreseen.ends.items()}
    if ready.census.num_unsupported:
        sure = float(ready.census.num_unsupported)
        ends["unsupported"] = _range(Range(sure, sure, sure).plus(0.0))
    return {
        "sample": {
            "num_crystals": len(measured.crystals),
            "num_rounds_timed": len(measured.rounds),
            "atoms_in_full_batch": measured.capacity[0],
            "seconds": measured.took.wall,
            "processor_seconds": measured.took.processor,
        },
        "forecast": {
            **_times(request, ready, measured, foreseen, listed),
            "num_shards": foreseen.num_shards,
            "num_steps": _range(foreseen.steps),
            "atom_evaluations": _range(foreseen.atom_evaluations),
            "ends": ends,
            "documents": _documents(ready, listed),
            **_disk(ready, foreseen, listed),
            "peak_memory_mib_per_process": measured.peak_mib,
            "peak_device_memory_mib": measured.device_peak_mib,
        },
        "uncertainty": UNCERTAINTY,
    }


def _times(
    request: PlanRequest,
    ready: Preparation,
    measured: Measurement,
    foreseen: Forecast,
    listed: ShortList | None,
) -> dict[str, Any]:
    """Return times and energy; one process starts on every device."""
    closing, closing_shared = _closing(listed, request.num_devices)
    closing_processor = (listed.processor if listed else None) or NO_RANGE
    number = ready.census.num_to_relax
    beside = measured.entering.plus(measured.storing).times(number)
    starting = ready.loading.plus(measured.warm_up)
    relaxing = foreseen.wall.plus(beside.wall)
    most_shards = math.ceil(foreseen.num_shards / request.num_devices)
    shared = relaxing.times(most_shards / foreseen.num_shards)
    busy = min(request.num_devices, foreseen.num_shards)
    device_seconds = relaxing.plus(busy * starting.wall).and_then(closing)
    processor = foreseen.processor.plus(beside.processor + busy * starting.processor)
    processor = processor.and_then(closing_processor)
    first = ready.reading.wall + starting.wall
    device = str(ready.potential.device)
    power = power_of(device, device_name(device), num_threads(device), request.watts)
    is_gpu = not device.startswith("cpu")
    alone = foreseen.processor.plus(beside.processor).times(1 / num_threads(device))
    powered = device_seconds if is_gpu else processor.times(1 / num_threads(device))
    return {
        "device_name": device_name(device),
        "reading_seconds": ready.reading.wall,
        "starting_seconds_per_device": starting.wall,
        "relaxing_seconds_one_device": _range(relaxing),
        "relaxing_seconds_undisturbed": None if is_gpu else _range(alone),
        "wall_seconds_one_device": _range(relaxing.plus(first).and_then(closing)),
        "wall_seconds_all_devices": _range(shared.plus(first).and_then(closing_shared)),
        "num_devices_busy": busy,
        "device_hours": _range(device_seconds.times(1 / HOUR)),
        "gpu_hours": _range(device_seconds.times(1 / HOUR)) if is_gpu else None,
        "processor_hours": _range(processor.plus(ready.reading.processor).times(1 / HOUR)),
        "processor_seconds_relaxing": _range(foreseen.processor.plus(beside.processor)),
        "energy_kwh_estimate": _range(powered.times(power.watts / HOUR / KILO)),
        "watts": power.watts,
        "watts_source": power.source,
    }


def _closing(listed: ShortList | None, num_devices: int) -> tuple[Range, Range]:
    """Wall time of the short list on one device, and on all."""
    if listed is None or listed.wall is None:
        return NO_RANGE, NO_RANGE
    most_shards = math.ceil(listed.num_shards / num_devices)
    return listed.wall, listed.wall.times(most_shards / listed.num_shards)


def _documents(ready: Preparation, listed: ShortList | None) -> dict[str, int]:
    census = ready.census
    relaxed = census.num_to_relax + census.num_unsupported
    counts = {
        "structures": census.num_unique,
        "candidates": census.num_read,
        "relaxations": relaxed,
        "tasks": relaxed,
        "campaigns": 1,
        "references": 1,
    }
    if listed is not None:
        counts["stabilities"] = listed.num_documents
    return counts | {"all": sum(counts.values())}


def _disk(ready: Preparation, foreseen: Forecast, listed: ShortList | None) -> dict[str, Any]:
    """Return bytes of the documents, and of the disk with indexes and compression."""
    census, sizes, counts = ready.census, foreseen.sizes, _documents(ready, listed)
    reference, in_gridfs = stored_bytes(ready.reference) if ready.reference else (0, 0)
    phases = census.num_read - census.num_candidates
    documents = (
        counts["structures"] * sizes.structure
        + (census.num_read - census.num_rejected) * sizes.candidate
        - phases * BYTES_OF_A_VERDICT
        + census.num_rejected * BYTES_OF_A_REJECT
        + counts["relaxations"] * (sizes.relaxation + sizes.task)
        + counts.get("stabilities", 0) * BYTES_OF_A_STABILITY
        + reference
    )
    disk = BYTES_OF_FIRST_BLOCKS + SHARE_ON_DISK * documents
    return {
        "bytes_of_documents": documents,
        "bytes_in_gridfs": in_gridfs + counts["relaxations"] * sizes.in_gridfs,
        "bytes_on_disk": round(disk + BYTES_OF_INDEX_KEYS * census.num_unique),
    }


def _range(each: Range) -> Mapping[str, float]:
    return each._asdict()
