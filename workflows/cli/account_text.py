"""What a campaign cost, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SHARED = 1.02
"""Seconds of processes for one of their device above which they are said to have shared it."""


def account_lines(told: Mapping[str, Any]) -> Iterator[str]:
    """Say in a few lines what a campaign cost.

    Args:
        told: What ``facet account CAMPAIGN --json`` prints.
    """
    if not told["devices"]:
        yield "spent: nothing was relaxed for this campaign yet, or all of it was known before"
    else:
        yield (
            f"spent: {hours(told['device_hours'])} of devices on {told['num_structures']} crystals"
            f"{_rate(told)}, about {energy(told['energy_kwh_estimate'])}"
        )
    for each in told["devices"]:
        cores = _cores(each["num_threads"])
        yield (
            f"  {each['device']} ({each['device_name'] or 'unknown model'}{cores}): "
            f"{hours(each['device_hours'])}{_shared(each)}, {each['num_structures']} crystals, "
            f"{energy(each['energy_kwh_estimate'])} at {each['watts_source']}"
        )
    yield from _stability(told["stability"])
    yield from _costs(told)
    dft = told["dft"]
    if dft["num_approved"]:
        silent = dft["num_without_hours"]
        unknown = f" ({silent} did not say what they took)" if silent else ""
        yield (
            f"DFT: {dft['num_approved']} approved for about {dft['approved_core_hours']:,.0f} "
            f"core-hours; {dft['num_finished']} finished, {dft['spent_core_hours']:,.0f} "
            f"core-hours spent{unknown}"
        )


def _rate(told: Mapping[str, Any]) -> str:
    rate = told["structures_per_device_hour"]
    return "" if rate is None else f" ({rate:,.0f} per device-hour of relaxing)"


def _shared(device: Mapping[str, Any]) -> str:
    """Say how long processes worked, where they shared a device."""
    if device["process_hours"] <= SHARED * device["device_hours"]:
        return ""
    number, processes = device["num_devices"], device["num_processes"]
    places = f"{number} device{'s' if number > 1 else ''}"
    return f" of {places} that {processes} processes shared"


def _stability(told: Mapping[str, Any]) -> Iterator[str]:
    """Say what of it the measurements of stability took."""
    if not told["num_measured"]:
        return
    kinds = ", ".join(f"{each['num_measured']} {name}" for name, each in told["kinds"].items())
    faults = f", {told['num_faults']} of them in vain" if told["num_faults"] else ""
    yield f"  of it {hours(told['device_hours'])} for stability ({kinds}{faults})"


def _costs(told: Mapping[str, Any]) -> Iterator[str]:
    """Say what one converged and one flagged crystal cost."""
    for key, name in (("per_converged", "converged"), ("per_flagged", "flagged")):
        each = told[key]
        if each["device_seconds"] is not None:
            yield (
                f"  per {name} crystal: {each['device_seconds']:.3g} device-seconds, "
                f"{each['energy_wh_estimate']:.2g} Wh"
            )


def _cores(number: int | None) -> str:
    if not number:
        return ""
    return f", {number} core{'s' if number > 1 else ''}"


def hours(number: float) -> str:
    """Write a time in the unit that suits it.

    Args:
        number: In hours.
    """
    if number >= 1.0:
        return f"{number:,.1f} h"
    return f"{60 * number:.1f} min" if 60 * number >= 1.0 else f"{3600 * number:.2g} s"


def energy(kilowatt_hours: float) -> str:
    """Write an energy in the unit that suits it."""
    if kilowatt_hours >= 1.0:
        return f"{kilowatt_hours:,.1f} kWh"
    return f"{1000 * kilowatt_hours:.2g} Wh"
