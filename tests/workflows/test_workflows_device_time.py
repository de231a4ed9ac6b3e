"""The time of devices that several processes share."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from db.accounting import Spending
from workflows.device_time import device_shares

START = datetime(2026, 11, 1, tzinfo=UTC)


def worked(process, first, last, seconds, gpu="GPU-1", **changes):
    """Results of a process that came from the first to the last second."""
    fields = {
        "work": "relaxation",
        "device": "cuda",
        "device_name": "NVIDIA H200",
        "num_threads": 1,
        "device_id": gpu,
        "process": process,
        "end": "converged",
        "number": 10,
        "seconds": seconds,
        "atom_evaluations": 0,
        "first_at": START + timedelta(seconds=first),
        "last_at": START + timedelta(seconds=last),
    }
    return Spending(**(fields | changes))


def device_seconds(*spending):
    shares = device_shares(spending)
    return sum(each.seconds * shares.get(each.device_id, 1.0) for each in spending)


def test_two_processes_at_the_same_time_take_no_more_of_a_device_than_the_clock_goes_on():
    assert device_seconds(worked("a", 1, 100, 100), worked("b", 2, 100, 100)) == pytest.approx(100)
    half = worked("b", 60, 100, 50)
    assert device_seconds(worked("a", 1, 100, 100), half) == pytest.approx(100)


def test_one_process_after_the_other_and_two_devices_are_added():
    assert device_seconds(worked("a", 1, 100, 100), worked("b", 110, 200, 100)) == 200
    apart = (worked("a", 1, 100, 100), worked("b", 1, 100, 100, gpu="GPU-2"))
    assert device_seconds(*apart) == 200


def test_processes_that_were_idle_half_of_the_time_may_have_taken_turns():
    told = device_seconds(worked("a", 0, 100, 50), worked("b", 0, 100, 50))
    assert told == pytest.approx(100)
    assert device_seconds(worked("a", 0, 100, 50), worked("b", 0, 100, 90)) == pytest.approx(100)


def test_one_process_shares_with_nobody_however_its_results_are_told_apart():
    failures = worked("a", 40, 90, 30, end="diverged")
    assert device_seconds(worked("a", 1, 100, 70), failures) == pytest.approx(100)
    later = worked("a", 150, 160, 20, work="phonons")
    assert device_seconds(worked("a", 1, 100, 100), later) == pytest.approx(120)


def test_results_that_came_at_one_moment_took_the_time_before_it():
    assert device_shares([worked("a", 9, 9, 9)]) == {"GPU-1": 1.0}
    both = worked("a", 9, 9, 9), worked("b", 9, 9, 9)
    assert device_seconds(*both) == pytest.approx(9)


@pytest.mark.parametrize(
    "unknown", [{"device_id": None}, {"process": None}, {"last_at": None}, {"seconds": 0.0}]
)
def test_what_nobody_noted_is_left_as_it_is(unknown):
    nobody = replace(worked("b", 1, 9, 9), **unknown)
    assert device_shares([worked("a", 1, 9, 9), nobody]) == {"GPU-1": 1.0}
