"""Claims on crystals: each is held by one worker at a time, and ends when it is not renewed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from task_samples import ask_for_tasks, counts, leases_of, lose, results, task

from db.documents import TaskDoc

pytestmark = pytest.mark.integration

HERE = Path(__file__).parent


def test_many_threads_claim_every_task_exactly_once(database):
    tasks = ask_for_tasks(database, *(f"t{number:04}" for number in range(2000)))

    def work(worker):
        leases, claimed = leases_of(database, f"w{worker}"), []
        while claims := leases.claim(tasks, 25):
            claimed += [each.task_id for each in claims]
        return claimed

    with ThreadPoolExecutor(12) as pool:
        claimed = [name for names in pool.map(work, range(12)) for name in names]
    assert sorted(claimed) == tasks
    assert counts(database) == {"leased": 2000}
    assert {each["token"] for each in database[TaskDoc.collection].find()} == {1}


def test_many_processes_claim_and_end_every_task_exactly_once(facet_environment, database):
    tasks = ask_for_tasks(database, *(f"t{number:04}" for number in range(2000)))
    environment = os.environ | {"PYTHONPATH": f"{HERE}{os.pathsep}{HERE.parents[1]}"}
    workers = [
        subprocess.Popen(
            [sys.executable, HERE / "lease_processes.py", f"process-{number}"],
            env=environment,
            stdout=subprocess.PIPE,
        )
        for number in range(4)
    ]
    claimed = [json.loads(each.communicate(timeout=120)[0]) for each in workers]
    assert sorted(name for names in claimed for name in names) == tasks
    assert counts(database) == {"done": 2000}
    assert results(database) == 2000


def test_what_a_worker_holds_nobody_else_can_claim(database):
    tasks = ask_for_tasks(database, "a", "b", "c")
    first, second = leases_of(database, "first"), leases_of(database, "second")
    assert {each.task_id for each in first.claim(tasks, 2)} == {"a", "b"}
    assert [each.task_id for each in second.claim(tasks, 9)] == ["c"]
    assert first.claim(tasks, 9) == second.claim(tasks, 9) == []
    held = task(database, "a")
    assert (held.status, held.lease.worker, held.token) == ("leased", "first", 1)


def test_only_tasks_that_are_asked_for_are_claimed(database):
    ask_for_tasks(database, "a", "b")
    assert [each.task_id for each in leases_of(database).claim(["b"], 9)] == ["b"]
    assert task(database, "a").status == "pending"


def test_higher_priority_is_claimed_first(database):
    urgent = ask_for_tasks(database, "z1", "z2", priority=5)
    usual = ask_for_tasks(database, "a1", "a2")
    leases = leases_of(database)
    assert {each.task_id for each in leases.claim(usual + urgent, 2)} == set(urgent)
    assert {each.task_id for each in leases.claim(usual + urgent, 2)} == set(usual)


def test_a_claim_that_is_not_renewed_ends_by_itself(database):
    tasks = ask_for_tasks(database, "a", "b")
    dead, alive = leases_of(database, "dead", 2.0), leases_of(database, "alive")
    dead.claim(tasks, 9)
    assert alive.claim(tasks, 9) == []
    time.sleep(2.1)
    (claim,) = alive.claim(tasks, 9)  # alone: it may be what ended the worker
    assert claim.token == 2
    assert task(database, "b").status == "pending"
    (attempt,) = task(database, "a").history
    assert (attempt.worker, attempt.how, attempt.crowd) == ("dead", "lost", 2)


def test_a_renewed_claim_outlives_its_lease(database):
    tasks = ask_for_tasks(database, "a")
    leases = leases_of(database, "alive", 2.0)
    leases.claim(tasks, 9)
    for _ in range(4):
        time.sleep(0.6)
        assert leases.renew() == set()
    assert leases_of(database, "other").claim(tasks, 9) == []


def test_renewing_tells_what_is_lost(database):
    tasks = ask_for_tasks(database, "a", "b")
    leases = leases_of(database)
    leases.claim(tasks, 9)
    lose(database, leases)
    leases_of(database, "other").claim(["a"], 1)
    assert leases.renew() == {"a", "b"}
    assert leases.num_held == 0
    assert task(database, "b").status == "pending"


def test_the_clock_of_the_worker_does_not_count(database, monkeypatch):
    tasks = ask_for_tasks(database, "a")
    leases_of(database, "holder").claim(tasks, 9)

    class Tomorrow(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(days=1)

    for module in ("db.leases", "db.claim", "db.expiry", "db.tasks"):
        monkeypatch.setattr(f"{module}.datetime", Tomorrow, raising=False)
    monkeypatch.setattr(time, "time", lambda: 4e9)
    assert leases_of(database, "fast clock").claim(tasks, 9) == []
    until = task(database, "a").lease.expires_at - datetime.now(UTC)
    assert timedelta(0) < until <= timedelta(seconds=60)
