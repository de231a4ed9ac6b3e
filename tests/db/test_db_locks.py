"""Locks and heartbeats in the database."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from db.documents.worker import WorkerDoc
from db.locks import give_lock_back, take_lock
from db.transactions import server_time
from db.workers import forget_workers, living_workers, save_heartbeat

pytestmark = pytest.mark.integration


def worker_named(name: str, **more) -> WorkerDoc:
    fields = {
        "worker_id": name,
        "host": "node",
        "pid": 1,
        "category": "facet",
        "status": "idle",
        "lease_seconds": 60.0,
        "started_at": datetime.now(UTC),
    }
    return WorkerDoc(**fields | more)


def test_one_of_many_takers_gets_a_lock(database):
    with ThreadPoolExecutor(16) as pool:
        got = list(pool.map(lambda n: take_lock(database, "door", f"taker {n}", 60), range(64)))
    assert sum(got) == 1


def test_a_lock_that_is_given_back_is_free_and_only_its_holder_frees_it(database):
    assert take_lock(database, "door", "first", 60)
    assert take_lock(database, "door", "first", 60)
    give_lock_back(database, "door", "second")
    assert not take_lock(database, "door", "second", 60)
    give_lock_back(database, "door", "first")
    assert take_lock(database, "door", "second", 60)


def test_the_lock_of_a_dead_holder_ends_by_itself(database):
    assert take_lock(database, "door", "first", 0.2)
    assert not take_lock(database, "door", "second", 60)
    time.sleep(0.3)
    assert take_lock(database, "door", "second", 60)


def test_a_heartbeat_carries_the_time_of_the_server_and_no_text_is_an_operator(database):
    said = worker_named("w1", message="$$NOW", host="$seen_at")
    save_heartbeat(database, said)
    (heard,) = living_workers(database)
    assert heard.message == "$$NOW"
    assert heard.host == "$seen_at"
    assert abs(heard.seen_at - server_time(database)) < timedelta(seconds=30)


def test_stopped_and_silent_workers_are_not_among_the_living(database):
    for name, status in (("w1", "working"), ("w2", "stopped"), ("w3", "idle")):
        save_heartbeat(database, worker_named(name, status=status))
    long_ago = server_time(database) - timedelta(days=1)
    database["workers"].update_one({"_id": "w3"}, {"$set": {"seen_at": long_ago}})
    assert [each.worker_id for each in living_workers(database)] == ["w1"]
    assert forget_workers(database, 3600) == 1
