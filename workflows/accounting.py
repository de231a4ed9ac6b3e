"""What a campaign cost: device-hours, energy, DFT, and what of it fell to each useful result."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

from pymongo.errors import ExecutionTimeout

from db.accounting import (
    FAILED,
    RELAXATION,
    Spending,
    dft_spending,
    relaxation_spending,
    stability_spending,
)
from db.filters import CandidateFilter
from db.queries import count_candidates
from workflows.device_time import device_shares
from workflows.power import power_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from db.client import MongoDatabase

SECONDS_OF_AN_HOUR = 3600.0
JOULES_OF_A_KILOWATT_HOUR = 3.6e6
MILLISECONDS_BESIDE_A_STATUS = 2000

TERMS = (
    "Device time is the wall time of the batches, each crystal with its share by atoms, and of the "
    "stability measurements; processes that share a GPU take no more of it than the clock went on, "
    "while those on a processor have cores of their own. Reading, storing and screening, lost work "
    "and idle devices are not in it. The energy is an estimate: device time multiplied by a rated "
    "power."
)


class _Cost(NamedTuple):
    """What one process did, and what that took of its device."""

    spent: Spending
    hours: float

    @property
    def is_relaxation(self) -> bool:
        return self.spent.work == RELAXATION


def account(
    database: MongoDatabase,
    campaign_id: str,
    watts: float | None = None,
    milliseconds: int | None = None,
) -> dict[str, Any]:
    """Return what was spent on a campaign, as plain values with their units in the keys.

    Args:
        database: Holds the campaign's tasks and results.
        campaign_id: The campaign; what was known before it asked is not its expense.
        watts: Power of one GPU, or of one core; None looks it up.
        milliseconds: Time that the server may take to add up; None is no limit.

    Raises:
        ExecutionTimeout: It took longer.
    """
    spending = [
        *relaxation_spending(database, campaign_id, milliseconds),
        *stability_spending(database, campaign_id, milliseconds),
    ]
    costs = _costs(spending)
    devices = [_device(each, watts) for each in _by_device(costs)]
    hours = sum(each["device_hours"] for each in devices)
    energy = sum(each["energy_kwh_estimate"] for each in devices)
    relaxations = [each for each in costs if each.is_relaxation]
    num_structures = _number(relaxations)
    relaxing = _hours(relaxations)
    flagged = CandidateFilter(campaign_id=campaign_id, role="candidate", is_flagged=True)
    num_flagged = count_candidates(database, flagged)
    num_converged = _number(each for each in relaxations if each.spent.end == "converged")
    return {
        "campaign_id": campaign_id,
        "devices": devices,
        "device_hours": hours,
        "process_hours": sum(each["process_hours"] for each in devices),
        "core_hours": sum(each["core_hours"] for each in devices),
        "energy_kwh_estimate": energy,
        "num_structures": num_structures,
        "relaxing_device_hours": relaxing,
        "structures_per_device_hour": _ratio(num_structures, relaxing),
        "ends": _ends(relaxations),
        "stability": _stability(costs),
        "per_converged": _each(hours, energy, num_converged),
        "per_flagged": _each(hours, energy, num_flagged),
        "dft": asdict(dft_spending(database, campaign_id)),
        "terms": TERMS,
    }


def account_if_quick(database: MongoDatabase, campaign_id: str) -> dict[str, Any] | None:
    """Return what was spent if the server adds it up within two seconds, else None."""
    try:
        return account(database, campaign_id, milliseconds=MILLISECONDS_BESIDE_A_STATUS)
    except ExecutionTimeout:
        return None


def _costs(spending: Sequence[Spending]) -> list[_Cost]:
    """Lay on each process its part of the time of a device that it shared with others."""
    shares = device_shares(spending)
    return [
        _Cost(each, each.seconds * shares.get(each.device_id or "", 1.0) / SECONDS_OF_AN_HOUR)
        for each in spending
    ]


def _by_device(costs: Iterable[_Cost]) -> list[Sequence[_Cost]]:
    groups: defaultdict[tuple[Any, ...], list[_Cost]] = defaultdict(list)
    for each in costs:
        spent = each.spent
        groups[spent.device, spent.device_name, spent.num_threads].append(each)
    return list(groups.values())


def _device(costs: Sequence[_Cost], watts: float | None) -> dict[str, Any]:
    first = costs[0].spent
    power = power_of(first.device, first.device_name, first.num_threads, watts)
    hours = _hours(costs)
    relaxations = [each for each in costs if each.is_relaxation]
    number = _number(relaxations)
    joules = hours * SECONDS_OF_AN_HOUR * power.watts
    return {
        "device": first.device,
        "device_name": first.device_name,
        "num_threads": first.num_threads,
        "num_devices": _count(each.spent.device_id for each in costs),
        "num_processes": _count(each.spent.process for each in costs),
        "num_structures": number,
        "num_measurements": _number(costs) - number,
        "device_hours": hours,
        "process_hours": sum(each.spent.seconds for each in costs) / SECONDS_OF_AN_HOUR,
        "core_hours": hours * (first.num_threads or 1),
        "structures_per_device_hour": _ratio(number, _hours(relaxations)),
        "atom_evaluations": sum(each.spent.atom_evaluations for each in costs),
        "watts": power.watts,
        "watts_source": power.source,
        "energy_kwh_estimate": joules / JOULES_OF_A_KILOWATT_HOUR,
    }


def _ends(relaxations: Iterable[_Cost]) -> dict[str, dict[str, float]]:
    """Crystals and device-hours by stop reason, so that one sees what failures cost."""
    ends: defaultdict[str, dict[str, float]] = defaultdict(
        lambda: {"num_structures": 0, "device_hours": 0.0}
    )
    for each in relaxations:
        ends[each.spent.end]["num_structures"] += each.spent.number
        ends[each.spent.end]["device_hours"] += each.hours
    return dict(ends)


def _stability(costs: Iterable[_Cost]) -> dict[str, Any]:
    """Measurements and device-hours by kind; faults are among them."""
    kinds: defaultdict[str, list[_Cost]] = defaultdict(list)
    for each in costs:
        if not each.is_relaxation:
            kinds[each.spent.work].append(each)
    measurements = [each for found in kinds.values() for each in found]
    told = {name: _measurements(found) for name, found in sorted(kinds.items())}
    return {**_measurements(measurements), "kinds": told}


def _measurements(costs: Sequence[_Cost]) -> dict[str, Any]:
    return {
        "num_measured": _number(costs),
        "num_faults": _number(each for each in costs if each.spent.end == FAILED),
        "device_hours": _hours(costs),
    }


def _each(hours: float, energy: float, number: int) -> dict[str, float | None]:
    """All that was spent, divided by the number of useful results."""
    return {
        "num_structures": number,
        "device_seconds": _ratio(hours * SECONDS_OF_AN_HOUR, number),
        "energy_wh_estimate": _ratio(1000.0 * energy, number),
    }


def _hours(costs: Iterable[_Cost]) -> float:
    return sum(each.hours for each in costs)


def _number(costs: Iterable[_Cost]) -> int:
    return sum(each.spent.number for each in costs)


def _count(names: Iterable[str | None]) -> int | None:
    """Number of different names; None where nobody noted any."""
    return len(set(names) - {None}) or None


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
