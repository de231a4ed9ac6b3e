"""Crystals whose workers were lost: who is to blame, and who only flew with them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from task_samples import ask_for_tasks, counts, leases_of, lose, result_of, task

from db.documents import TaskDoc
from db.expiry import FEW, MOST_LOSSES_ALONE, end_expired
from db.transactions import server_start, server_time

pytestmark = pytest.mark.integration


def test_a_crystal_that_kills_its_worker_three_times_is_set_aside_with_its_history(database):
    tasks = ask_for_tasks(database, "killer")
    for number in range(MOST_LOSSES_ALONE):
        victim = leases_of(database, f"victim-{number}")
        assert len(victim.claim(tasks, 64)) == 1
        lose(database, victim)
    aside = task(database, "killer")
    assert (aside.status, aside.losses) == ("set_aside", 3)
    assert [each.worker for each in aside.history] == ["victim-0", "victim-1", "victim-2"]
    assert {each.how for each in aside.history} == {"lost"}
    assert leases_of(database, "careful").claim(tasks, 64) == []


def test_innocents_that_flew_with_a_killer_are_not_set_aside(database):
    tasks = ask_for_tasks(database, *(f"innocent-{number:02}" for number in range(39)), "killer")
    num_deaths = 0
    while True:
        leases = leases_of(database, f"w{num_deaths}")
        claims = leases.claim(tasks, 64)
        if not claims:
            break
        if "killer" in {each.task_id for each in claims}:
            num_deaths += 1
            lose(database, leases)
        else:
            leases.finish([result_of(each) for each in claims])
    assert counts(database) == {"done": 39, "set_aside": 1}
    assert num_deaths == 5  # in the crowd, among eight, and three times alone
    assert [each.crowd for each in task(database, "killer").history] == [40, FEW, 1, 1, 1]


def test_a_restart_of_the_server_is_no_fault_of_what_was_claimed_before(database, monkeypatch):
    tasks = ask_for_tasks(database, "before", "after")
    early = leases_of(database, "early")
    early.claim(["before"], 1)
    now = server_time(database)
    past = {"lease.expires_at": now - timedelta(seconds=9)}
    claimed = {"before": now - timedelta(seconds=60), "after": now - timedelta(seconds=2)}
    leases_of(database, "late").claim(["after"], 1)
    for name, when in claimed.items():
        changed = {"$set": past | {"lease.claimed_at": when}}
        database[TaskDoc.collection].update_one({"_id": name}, changed)
    started = now - timedelta(seconds=5)
    monkeypatch.setattr("db.expiry.server_start", lambda _: started)
    assert end_expired(database) == 1
    assert [task(database, each).status for each in tasks] == ["leased", "pending"]
    assert early.renew() == set()
    database[TaskDoc.collection].update_one({"_id": "before"}, {"$set": past})
    monkeypatch.setattr("db.expiry.server_start", lambda _: now - timedelta(seconds=31))
    assert end_expired(database) == 1


def test_the_start_of_the_server_is_known(database):
    started, now = server_start(database), server_time(database)
    assert timedelta(0) <= now - started + timedelta(seconds=1) < timedelta(hours=2)


def test_bad_luck_among_others_sets_nobody_aside(database):
    tasks = ask_for_tasks(database, "a", "b")
    for number in range(2 * MOST_LOSSES_ALONE):
        database[TaskDoc.collection].update_many({}, {"$set": {"losses_among_few": 0, "losses": 0}})
        unlucky = leases_of(database, f"unlucky-{number}")
        assert len(unlucky.claim(tasks, 64)) == 2
        lose(database, unlucky)
    assert counts(database) == {"pending": 2}


def test_whoever_was_lost_alone_just_now_comes_after_the_others(database):
    tasks = ask_for_tasks(database, "a", "b", "c", losses=1, losses_among_few=1)
    order = []
    for number in range(4):
        leases = leases_of(database, f"w{number}")
        (claim,) = leases.claim(tasks, 64)
        order.append(claim.task_id)
        lose(database, leases)
    assert order == ["a", "b", "c", "a"]


def test_suspects_fly_only_when_nothing_else_does(database):
    tasks = ask_for_tasks(database, *(f"s{number:02}" for number in range(20)))
    lost = leases_of(database, "lost")
    lost.claim(tasks, 64)
    lose(database, lost)
    fresh = ask_for_tasks(database, "fresh")
    leases = leases_of(database)
    (claim,) = leases.claim(tasks + fresh, 64)
    assert claim.task_id == "fresh"
    assert leases.claim(tasks, 64) == []
    leases.finish([result_of(claim)])
    assert len(leases.claim(tasks, 64)) == FEW
