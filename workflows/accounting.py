"""What a campaign cost: device-hours, energy, DFT, and what of it fell to each useful result."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pymongo.errors import ExecutionTimeout

from db.accounting import DeviceSpending, dft_spending, relaxation_spending
from db.filters import CandidateFilter
from db.queries import count_candidates
from workflows.power import power_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from db.client import MongoDatabase

SECONDS_OF_AN_HOUR = 3600.0
JOULES_OF_A_KILOWATT_HOUR = 3.6e6
MILLISECONDS_BESIDE_A_STATUS = 2000

TERMS = (
    "Device time is the wall time of the batches, each crystal with its share by atoms; reading, "
    "storing and screening, lost work and idle devices are not in it. The energy is an estimate: "
    "device time multiplied by a rated power."
)


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
    spending = relaxation_spending(database, campaign_id, milliseconds)
    devices = [_device(each, watts) for each in _by_device(spending)]
    hours = sum(each["device_hours"] for each in devices)
    energy = sum(each["energy_kwh_estimate"] for each in devices)
    num_structures = sum(each["num_structures"] for each in devices)
    flagged = CandidateFilter(campaign_id=campaign_id, role="candidate", is_flagged=True)
    num_flagged = count_candidates(database, flagged)
    num_converged = sum(e.num_structures for e in spending if e.stop_reason == "converged")
    return {
        "campaign_id": campaign_id,
        "devices": devices,
        "device_hours": hours,
        "core_hours": sum(each["core_hours"] for each in devices),
        "energy_kwh_estimate": energy,
        "num_structures": num_structures,
        "structures_per_device_hour": _ratio(num_structures, hours),
        "ends": _ends(spending),
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


def _by_device(spending: Iterable[DeviceSpending]) -> list[Sequence[DeviceSpending]]:
    groups: defaultdict[tuple[Any, ...], list[DeviceSpending]] = defaultdict(list)
    for each in spending:
        groups[each.device, each.device_name, each.num_threads].append(each)
    return list(groups.values())


def _device(spending: Sequence[DeviceSpending], watts: float | None) -> dict[str, Any]:
    first = spending[0]
    seconds = sum(each.seconds for each in spending)
    number = sum(each.num_structures for each in spending)
    power = power_of(first.device, first.device_name, first.num_threads, watts)
    hours = seconds / SECONDS_OF_AN_HOUR
    return {
        "device": first.device,
        "device_name": first.device_name,
        "num_threads": first.num_threads,
        "num_structures": number,
        "device_hours": hours,
        "core_hours": hours * (first.num_threads or 1),
        "structures_per_device_hour": _ratio(number, hours),
        "atom_evaluations": sum(each.atom_evaluations for each in spending),
        "watts": power.watts,
        "watts_source": power.source,
        "energy_kwh_estimate": seconds * power.watts / JOULES_OF_A_KILOWATT_HOUR,
    }


def _ends(spending: Iterable[DeviceSpending]) -> dict[str, dict[str, float]]:
    """Crystals and device-hours by stop reason, so that one sees what failures cost."""
    ends: defaultdict[str, dict[str, float]] = defaultdict(
        lambda: {"num_structures": 0, "device_hours": 0.0}
    )
    for each in spending:
        ends[each.stop_reason]["num_structures"] += each.num_structures
        ends[each.stop_reason]["device_hours"] += each.seconds / SECONDS_OF_AN_HOUR
    return dict(ends)


def _each(hours: float, energy: float, number: int) -> dict[str, float | None]:
    """All that was spent, divided by the number of useful results."""
    return {
        "num_structures": number,
        "device_seconds": _ratio(hours * SECONDS_OF_AN_HOUR, number),
        "energy_wh_estimate": _ratio(1000.0 * energy, number),
    }


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
