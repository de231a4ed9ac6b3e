"""A shard in trouble: errors give crystals back, and a database that is away loses nothing."""

from __future__ import annotations

import threading
import time
from functools import partial

import pytest
from cut_line import cut_line_to
from shard_samples import (
    assert_same_ends,
    once_at,
    results_of,
    run,
    shaken_crystals,
    stop_at,
    store,
    tasks_of,
    uninterrupted,
    watched,
)

from db.documents import RelaxationDoc, StructureDoc, SuspendedState, TaskDoc
from db.documents.blob import Blob
from db.errors import MissingDocumentError
from db.leases import Leases
from workflows.progress import listening

pytestmark = pytest.mark.integration


def test_a_state_that_is_gone_or_unreadable_only_costs_its_steps(database):
    crystals = shaken_crystals(2)
    ids = store(database, crystals)
    potential, stop = stop_at(4)
    run(database, ids, potential, stop=stop)
    broken = (Blob.of(b"no archive"), Blob(key="0" * 64, num_bytes=3))
    for name, content in zip(ids, broken, strict=True):
        state = SuspendedState(num_steps=5, content=content).model_dump()
        database[TaskDoc.collection].update_one({"structure_id": name}, {"$set": {"state": state}})
    run(database, ids)
    assert_same_ends(database, uninterrupted(crystals))


def test_an_error_of_the_job_gives_its_crystals_back(database):
    crystals = shaken_crystals(4)
    ids = store(database, crystals)

    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(database, ids, watched(once_at(5, interrupt)))
    left = tasks_of(database)
    assert {each.status for each in left.values()} == {"pending"}
    assert {each.losses for each in left.values()} == {0}
    run(database, ids)
    assert_same_ends(database, uninterrupted(crystals))


def test_an_error_of_whoever_listens_loses_no_result(database):
    ids = store(database, shaken_crystals(4))

    def fail(_reason):
        raise RuntimeError("the listener failed")

    with listening(fail), pytest.raises(RuntimeError, match="listener failed"):
        run(database, ids)
    assert len(results_of(database)) == 1
    assert {each.status for each in tasks_of(database).values()} == {"pending", "done"}


def test_an_error_of_the_reading_thread_reaches_the_job(database, monkeypatch):
    ids = store(database, shaken_crystals(3))

    def fail(*_):
        raise MissingDocumentError("The crystal is gone.")

    monkeypatch.setattr("workflows.shards.boarding.documents_by_id", fail)
    with pytest.raises(MissingDocumentError, match="crystal is gone"):
        run(database, ids)
    assert {each.status for each in tasks_of(database).values()} == {"pending"}


def test_an_error_of_the_heartbeat_reaches_the_job(database, monkeypatch):
    ids = store(database, shaken_crystals(3))

    def fail(_self):
        raise ValueError("renewing failed")

    monkeypatch.setattr(Leases, "renew", fail)
    with pytest.raises(ValueError, match="renewing failed"):
        run(database, ids, watched(seconds=0.2), lease_seconds=1.0)
    assert {each.status for each in tasks_of(database).values()} <= {"pending", "done"}


def test_a_crystal_that_is_not_stored_is_named(database):
    ids = store(database, shaken_crystals(2))
    database[StructureDoc.collection].delete_one({"_id": ids[0]})
    with pytest.raises(MissingDocumentError, match=ids[0]):
        run(database, ids)


def test_a_deleted_result_is_relaxed_again(database):
    crystals = shaken_crystals(2)
    ids = store(database, crystals)
    run(database, ids)
    database[RelaxationDoc.collection].delete_one({"structure_id": ids[0]})
    assert run(database, ids).ends == {"converged": 1}
    assert_same_ends(database, uninterrupted(crystals))


@pytest.mark.parametrize("lease_seconds", [60.0, 1.5])
def test_a_database_that_is_away_costs_nothing_and_the_engine_goes_on(
    database, db_settings, lease_seconds
):
    crystals = shaken_crystals(8)
    ids = store(database, crystals)
    with cut_line_to(database, db_settings) as (line, far):
        potential = watched(once_at(2, partial(line.cut_for, 3.0)), seconds=0.3)
        report = run(far, ids, potential, lease_seconds=lease_seconds)
    assert (report.ends, report.num_refused) == ({"converged": 8}, 0)
    cut_at = potential.times[1]
    assert sum(cut_at < each < cut_at + 3.0 for each in potential.times) >= 4
    assert_same_ends(database, uninterrupted(crystals))


def test_a_run_that_has_to_stop_while_the_database_is_away_ends_in_time(database, db_settings):
    ids = store(database, shaken_crystals(8))
    stop = threading.Event()
    with cut_line_to(database, db_settings) as (line, far):

        def cut_and_stop():
            line.cut()
            stop.set()
            time.sleep(0.4)

        started = time.monotonic()
        report = run(far, ids, watched(once_at(4, cut_and_stop)), stop=stop)
        assert time.monotonic() - started < 20.0
    assert sorted(report.left) == sorted(ids)
    assert {each.status for each in tasks_of(database).values()} == {"leased"}  # until it ends


def test_an_interrupted_run_does_not_wait_for_a_database_that_is_away(database, db_settings):
    ids = store(database, shaken_crystals(4))
    with cut_line_to(database, db_settings) as (line, far):

        def cut_and_interrupt():
            line.cut()
            raise KeyboardInterrupt

        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            run(far, ids, watched(once_at(4, cut_and_interrupt)))
        assert time.monotonic() - started < 20.0
