"""``facet plan``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from workflows.cli.account_text import energy, hours
from workflows.cli.progress import working
from workflows.cli.tables import print_answer
from workflows.plan.planning import make_plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workflows.plan.request import PlanRequest

HOUR = 3600.0
BUSY = 0.8
"""Below this share of a core the times by the clock say more of the others than of the campaign."""

UNITS = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


def run_plan(request: PlanRequest, *, as_json: bool) -> int:
    """Print what a campaign would take and return the exit code.

    Args:
        request: The campaign.
        as_json: Print JSON.

    Raises:
        InputError: A path does not exist.
    """
    with working("reading candidates"):
        told = make_plan(request)
    if told["input"]["num_to_relax"] == 0:
        sys.stderr.write("Nothing is to be relaxed: see what was read, rejected and known.\n")
    return print_answer(told, "\n".join(plan_lines(told)), as_json=as_json)


def plan_lines(told: Mapping[str, Any]) -> Iterator[str]:
    """Say in a few lines what a campaign would take.

    Args:
        told: What ``facet plan --json`` prints.
    """
    yield from _input_lines(told["input"])
    if told["forecast"] is None:
        yield from _stability_lines(told["stability"])
        return
    sample, forecast = told["sample"], told["forecast"]
    yield (
        f"sample: {sample['num_crystals']} crystals on {told['device']} "
        f"({forecast['device_name']}) with {told['potential']}, {sample['seconds']:.0f} s"
    )
    quiet = forecast["relaxing_seconds_undisturbed"]
    if quiet is not None and _share(sample) < BUSY:
        yield (
            f"  the machine was busy: the sample got {_share(sample):.0%} of a core; undisturbed, "
            f"relaxing takes about {hours(quiet['expected'] / HOUR)}"
        )
    yield from _time_lines(told, forecast)
    yield from _stability_lines(told["stability"])
    ends = (f"{_span(each)} {name}" for name, each in forecast["ends"].items())
    yield f"ends: {', '.join(ends)}"
    yield f"steps: {_span(forecast['num_steps'])}"
    yield from _storage_lines(forecast)
    yield told["uncertainty"]


def _input_lines(read: Mapping[str, Any]) -> Iterator[str]:
    phases = read["num_reference_inputs"]
    more = f" and {phases:,} competing phases" if phases else ""
    yield (
        f"input: {read['num_candidates']:,} candidates{more} read in "
        f"{read['reading_seconds']:.1f} s; {read['num_rejected']:,} rejected, "
        f"{read['num_duplicates']:,} duplicates, {read['num_unsupported']:,} with elements beyond "
        "the potential"
    )
    for reason, number in read["rejects"].items():
        yield f"  {number:,} rejected: {reason}"
    known = read["num_known"]
    yield f"relaxed before: {read['known'] if known is None else f'{known:,}'}"
    yield f"to relax: {read['num_to_relax']:,} crystals, {read['num_atoms_to_relax']:,} atoms"


def _time_lines(told: Mapping[str, Any], forecast: Mapping[str, Any]) -> Iterator[str]:
    yield f"time on one device: {_duration(forecast['wall_seconds_one_device'])}"
    if told["num_devices"] > 1:
        yield (
            f"time on {told['num_devices']} devices: "
            f"{_duration(forecast['wall_seconds_all_devices'])} "
            f"({forecast['num_devices_busy']} busy, {forecast['num_shards']} shards)"
        )
    is_gpu = forecast["gpu_hours"] is not None
    spent = forecast["gpu_hours"] if is_gpu else forecast["processor_hours"]
    kind = "GPU time" if is_gpu else "processor time"
    yield f"{kind}: {_duration({key: HOUR * value for key, value in spent.items()})}"
    used = forecast["energy_kwh_estimate"]
    yield f"energy: about {energy(used['expected'])} ({forecast['watts_source']})"


def _stability_lines(listed: Mapping[str, Any] | None) -> Iterator[str]:
    """Say what measuring the short list takes, and what of it nobody knows."""
    if listed is None:
        return
    what = f"{' and '.join(listed['kinds'])} of the first {listed['num_candidates']} flagged"
    seconds = listed["seconds_one_device"]
    if seconds is None:
        yield f"stability: {what} is not in the times; {listed['unknown']}"
        return
    yield (
        f"stability: {what}, in the times above: {_duration(seconds)} on one device, from "
        f"{listed['num_sampled']} crystals of the sample"
    )
    yield f"  {listed['unknown']}"


def _storage_lines(forecast: Mapping[str, Any]) -> Iterator[str]:
    blobs = forecast["bytes_in_gridfs"]
    yield (
        f"database: {forecast['documents']['all']:,} documents of "
        f"{_size(forecast['bytes_of_documents'])}, about {_size(forecast['bytes_on_disk'])} on "
        f"disk with indexes{f', {_size(blobs)} of it in GridFS' if blobs else ''}"
    )
    device = forecast["peak_device_memory_mib"]
    more = f", {device:,.0f} MiB on the device" if device is not None else ""
    yield f"memory of a process: {forecast['peak_memory_mib_per_process']:,.0f} MiB{more}"


def _share(sample: Mapping[str, float]) -> float:
    """Processor time of the sample for each second of it."""
    return sample["processor_seconds"] / max(1e-9, sample["seconds"])


def _span(each: Mapping[str, float]) -> str:
    """Write a range of counts."""
    low, high = round(each["low"]), round(each["high"])
    expected = f"{each['expected']:,.0f}"
    return expected if low == high else f"{expected} ({low:,} to {high:,})"


def _duration(seconds: Mapping[str, float]) -> str:
    expected, low, high = (hours(seconds[key] / HOUR) for key in ("expected", "low", "high"))
    return f"{expected} ({low} to {high})"


def _size(number: float) -> str:
    for unit, name in UNITS:
        if number >= unit:
            return f"{number / unit:,.1f} {name}"
    return f"{number:,.0f} bytes"
