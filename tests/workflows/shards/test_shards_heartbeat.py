"""The heartbeat: leases that live as long as their job, and a job that knows when to stop."""

from __future__ import annotations

import threading
import time

import pytest
from pymongo.errors import AutoReconnect

from db.errors import DatabaseUnreachableError
from workflows.duty import Duty
from workflows.shards import heartbeat as module
from workflows.shards.heartbeat import Heartbeat


class CountedLeases:
    """Counts how often it was renewed; raises what it is told to."""

    def __init__(self, error=None):
        self.num_renewals = 0
        self._error = error

    def renew(self):
        self.num_renewals += 1
        if self._error is not None:
            raise self._error
        return set()


def beating(database=None, leases=None, is_wanted=lambda: True, **duty):
    duty = {"lease_seconds": 0.8, **duty}
    return Heartbeat(database, leases or CountedLeases(), Duty("w", **duty), is_wanted)


def wait_for(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_leases_are_renewed_several_times_in_each_lease():
    leases = CountedLeases()
    with beating(leases=leases) as heart:
        wait_for(lambda: leases.num_renewals >= 3)
        assert not heart.must_stop
    ended = leases.num_renewals
    time.sleep(0.5)
    assert leases.num_renewals == ended


def test_the_end_of_a_duty_interrupts_the_job():
    stop, interrupted = threading.Event(), threading.Event()
    with beating(stop=stop) as heart:
        heart.watch(interrupted.set)
        assert not interrupted.is_set()
        stop.set()
        assert interrupted.wait(5.0)
        assert heart.must_stop


def test_a_job_that_nobody_wants_any_more_is_interrupted():
    interrupted = threading.Event()
    with beating(is_wanted=lambda: False) as heart:
        heart.watch(interrupted.set)
        assert interrupted.wait(5.0)
        assert heart.must_stop


def test_who_begins_to_watch_too_late_is_told_at_once():
    stop = threading.Event()
    stop.set()
    interrupted = threading.Event()
    with beating(stop=stop) as heart:
        assert heart.must_stop
        heart.watch(interrupted.set)
        assert interrupted.is_set()


def test_an_error_of_renewing_is_raised_in_the_job():
    interrupted = threading.Event()
    with beating(leases=CountedLeases(ValueError("refused"))) as heart:
        heart.watch(interrupted.set)
        assert interrupted.wait(5.0)
        with pytest.raises(ValueError, match="refused"):
            _ = heart.must_stop


def test_a_database_that_is_away_is_waited_for_only_a_while_once_the_job_must_stop(
    database, monkeypatch
):
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.5)
    stop = threading.Event()

    def gone():
        raise AutoReconnect("gone")

    with beating(database, stop=stop) as heart:
        threading.Timer(1.0, stop.set).start()
        started = time.monotonic()
        with pytest.raises(DatabaseUnreachableError):
            heart.ask(gone)
        assert 1.0 < time.monotonic() - started < 8.0


def test_an_error_of_the_block_ends_all_waiting_soon(monkeypatch):
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.2)
    with beating() as heart:
        with pytest.raises(KeyboardInterrupt), heart.hurrying_on_errors():
            raise KeyboardInterrupt
        wait_for(heart.is_over)


def test_a_pause_ends_early_when_the_job_must_stop():
    stop = threading.Event()
    with beating(stop=stop) as heart:
        threading.Timer(0.3, stop.set).start()
        started = time.monotonic()
        heart.pause(60.0)
        assert time.monotonic() - started < 10.0
