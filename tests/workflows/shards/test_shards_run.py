"""Relaxing a shard under leases: stopped, paused, robbed, shared, and in the end always done."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from functools import partial

import pytest
from shard_samples import (
    assert_same_ends,
    once_at,
    results_of,
    run,
    save_a_campaign,
    shaken_crystals,
    stop_at,
    store,
    tasks_of,
    uninterrupted,
    watched,
)

from db.blobs import FILES, store_blob
from db.campaigns import set_control
from db.documents import TaskDoc
from db.expiry import end_expired
from db.leases import Leases
from db.transactions import server_time

pytestmark = pytest.mark.integration


def test_every_crystal_of_a_shard_is_relaxed_once(database):
    crystals = shaken_crystals(6)
    ids = store(database, crystals)
    report = run(database, ids)
    assert report.ends == {"converged": 6}
    assert (report.num_known, report.num_refused, report.left) == (0, 0, [])
    assert_same_ends(database, uninterrupted(crystals))
    again = run(database, ids)
    assert (again.num_known, again.ends.total()) == (6, 0)


def test_crystals_go_on_elsewhere_from_where_a_stopped_run_left_them(database):
    crystals = shaken_crystals(6)
    expected = uninterrupted(crystals)
    ids = store(database, crystals)
    potential, stop = stop_at(4)
    first = run(database, ids, potential, stop=stop)
    assert sorted(first.left) == sorted(ids)
    handed = tasks_of(database)
    assert {each.status for each in handed.values()} == {"pending"}
    num_taken = [each.state.num_steps for each in handed.values()]
    assert min(num_taken) >= 1
    second = watched()
    assert run(database, ids, second).ends == {"converged": 6}
    assert_same_ends(database, expected)
    num_left = sum(num_steps for _, num_steps in expected.values()) - sum(num_taken)
    assert sum(second.sizes) <= num_left + 2 * 6  # where they are, and a last look


def test_a_run_that_is_stopped_again_and_again_ends_where_it_would_have(database):
    crystals = shaken_crystals(4)
    ids = store(database, crystals)
    for _ in range(40):
        potential, stop = stop_at(3)
        if not run(database, ids, potential, stop=stop).left:
            break
    assert_same_ends(database, uninterrupted(crystals))


def test_a_stopped_run_returns_soon(database):
    ids = store(database, shaken_crystals(40))
    stopped = []

    def end():
        stopped.append(time.monotonic())
        stop.set()

    stop = threading.Event()
    run(database, ids, watched(once_at(4, end), seconds=0.05), stop=stop)
    assert time.monotonic() - stopped[0] < 5.0


def test_a_run_that_is_told_to_stop_before_it_begins_claims_nothing(database):
    ids = store(database, shaken_crystals(3))
    stop = threading.Event()
    stop.set()
    assert run(database, ids, stop=stop).left == sorted(ids)
    assert {each.token for each in tasks_of(database).values()} == {0}


@pytest.mark.parametrize("control", ["paused", "cancelled"])
def test_a_campaign_that_rests_is_noticed_at_the_next_heartbeat(database, control):
    crystals = shaken_crystals(5)
    ids = store(database, crystals)
    campaign = save_a_campaign(database)

    def rest():
        set_control(database, campaign.campaign_id, control)
        time.sleep(2.0)  # until the heartbeat, of every half second, has seen it

    report = run(database, ids, watched(once_at(3, rest)), campaign, lease_seconds=2.0)
    assert report.left == sorted(ids)
    assert all(each.state.num_steps > 0 for each in tasks_of(database).values())
    assert run(database, ids, campaign=campaign).left == sorted(ids)
    set_control(database, campaign.campaign_id, "active")
    assert run(database, ids, campaign=campaign).left == []
    assert_same_ends(database, uninterrupted(crystals))


def rob(database, thief):
    """Take every crystal from its worker, as if it had not been heard of for long."""
    past = server_time(database) - timedelta(seconds=1)
    tasks = database[TaskDoc.collection]
    tasks.update_many({"status": "leased"}, {"$set": {"lease.expires_at": past}})
    end_expired(database)
    tasks.update_many({}, {"$set": {"losses": 0, "losses_among_few": 0}})
    keys = [each["_id"] for each in tasks.find({}, {"_id": 1})]
    return thief.claim(keys, len(keys))


def test_results_of_a_worker_that_was_taken_for_dead_are_refused_and_counted(database):
    crystals = shaken_crystals(5)
    ids = store(database, crystals)
    thief = Leases(database, "thief", 60.0)
    stolen = []

    def steal():
        stolen.extend(rob(database, thief))
        threading.Timer(2.0, thief.give_back).start()

    report = run(database, ids, watched(once_at(3, steal)))
    assert len(stolen) == 5
    assert report.num_refused == 5
    assert report.ends == {"converged": 5}
    assert_same_ends(database, uninterrupted(crystals))


def test_what_others_relaxed_meanwhile_is_known_not_relaxed(database):
    ids = store(database, shaken_crystals(4))
    half = ids[:2]
    run(database, half)
    report = run(database, ids)
    assert (report.num_known, report.ends.total()) == (2, 2)


def test_two_workers_of_one_shard_share_it(database):
    crystals = shaken_crystals(90)
    ids = store(database, crystals)
    reports = []

    def work(name):
        reports.append(run(database, ids, watched(seconds=0.03), worker=name))

    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sum(each.ends.total() for each in reports) == 90
    assert all(each.ends.total() > 0 for each in reports)
    assert [each.left for each in reports] == [[], []]
    assert_same_ends(database, uninterrupted(crystals))


def test_crystals_that_are_set_aside_do_not_hold_their_shard_up(database):
    ids = store(database, shaken_crystals(3))
    potential, stop = stop_at(1)
    run(database, ids, potential, stop=stop)
    database[TaskDoc.collection].update_one(
        {"structure_id": ids[0]}, {"$set": {"status": "set_aside"}}
    )
    report = run(database, ids)
    assert (report.ends.total(), report.left) == (2, [])
    assert set(results_of(database)) == set(ids[1:])


def test_a_large_state_travels_through_gridfs(database, monkeypatch):
    few = partial(store_blob, most_inline_bytes=1000)
    monkeypatch.setattr("workflows.shards.run.store_blob", few)
    crystals = shaken_crystals(1)
    ids = store(database, crystals)
    potential, stop = stop_at(4)
    run(database, ids, potential, stop=stop)
    (task,) = tasks_of(database).values()
    assert task.state.content.content is None
    assert database[FILES].find_one({"filename": task.state.content.key}) is not None
    second = watched()
    run(database, ids, second)
    (expected,) = uninterrupted(crystals).values()
    assert_same_ends(database, {ids[0]: expected})
    assert len(second.times) <= expected[1] - task.state.num_steps + 3
