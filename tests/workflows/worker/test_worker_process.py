"""Real workers: killed, drained, side by side, and without a database for a while."""

from __future__ import annotations

import json
import os
import signal
import time
from urllib.request import urlopen

import pytest
from worker_jobs import (
    chain,
    fail,
    fail_once_as_if_the_database_were_away,
    kill_the_server,
    kill_the_worker_once,
    leave_trace,
    take_seconds,
    traces,
    work_until_told,
)

from db.client import open_database
from db.documents.worker import WorkerDoc
from db.embedded import embedded_server
from db.embedded.folder import ServerFolder
from db.settings import DbSettings
from workflows.launch import add_flow, fireworks_of, hold_fireworks, launchpad, release_fireworks

pytestmark = pytest.mark.integration

SECONDS = 90.0
SECONDS_GONE = int(os.environ.get("FACET_TEST_SECONDS_GONE", "10"))


@pytest.fixture
def pad(facet_environment, database):
    return launchpad(database)


def states(database) -> list[str]:
    return [each["state"] for each in database["workflows"].find()]


def test_workers_side_by_side_run_every_job_once_and_leave_when_nothing_is_left(
    workers, pad, database
):
    names = [f"job {number}" for number in range(12)]
    add_flow(pad, chain(*(leave_trace(name) for name in names)), "campaign-1")
    both = [workers.start("--exit-when-idle", "--lease", "20") for _ in range(2)]
    assert [each.wait(SECONDS) for each in both] == [0, 0]
    assert sorted(traces(database)) == sorted([*names, "end"])
    assert traces(database)[-1] == "end"
    assert states(database) == ["COMPLETED"]
    seen = [WorkerDoc.from_mongo(raw) for raw in database["workers"].find()]
    assert {each.status for each in seen} == {"stopped"}
    assert sum(each.num_fireworks for each in seen) == 13


def test_what_a_killed_worker_ran_runs_again_without_an_operator(workers, pad, database):
    add_flow(pad, chain(kill_the_worker_once("deadly")), "campaign-1")
    first = workers.start("--lease", "3")
    assert first.wait(SECONDS) == -signal.SIGKILL
    second = workers.start("--exit-when-idle", "--lease", "3")
    assert second.wait(SECONDS) == 0
    assert traces(database) == ["deadly", "deadly", "end"]
    assert "lost with their workers" in workers.log_of(second)


def test_a_supervisor_replaces_a_worker_that_dies(workers, pad, database):
    add_flow(pad, chain(kill_the_worker_once("deadly"), leave_trace("other")), "campaign-1")
    both = workers.start("--processes", "2", "--exit-when-idle", "--lease", "3")
    assert both.wait(SECONDS) == 0
    assert sorted(traces(database)) == ["deadly", "deadly", "end", "other"]
    assert "died (SIGKILL)" in workers.log_of(both)


def test_a_worker_that_is_told_to_stop_hands_its_work_to_the_next(
    workers, pad, database, wait_until
):
    add_flow(pad, chain(work_until_told("long")), "campaign-1")
    first = workers.start()
    assert wait_until(lambda: traces(database) == ["long"])
    first.send_signal(signal.SIGTERM)
    assert first.wait(SECONDS) == 0
    second = workers.start("--exit-when-idle")
    assert second.wait(SECONDS) == 0
    assert traces(database) == ["long", "long continued", "end"]


def test_a_supervisor_passes_the_signal_on(workers, pad, database, wait_until):
    add_flow(pad, chain(work_until_told("long")), "campaign-1")
    both = workers.start("--processes", "2")
    assert wait_until(lambda: traces(database) == ["long"])
    both.send_signal(signal.SIGTERM)
    assert both.wait(10.0) == 0
    assert wait_until(
        lambda: {each["status"] for each in database["workers"].find()} == {"stopped"}
    )


def test_a_worker_leaves_before_its_allocation_ends(workers, pad, database):
    add_flow(pad, chain(work_until_told("long")), "campaign-1")
    started = time.time()
    end = str(int(started + 40))
    worker = workers.start("--margin", "25", SLURM_JOB_END_TIME=end)
    assert worker.wait(SECONDS) == 0
    assert time.time() < started + 38
    assert "the end of its time is near" in workers.log_of(worker)
    assert len(fireworks_of(pad, "campaign-1", ("READY",))) == 1


def test_a_job_that_fails_is_told_and_stays_but_a_fault_of_the_database_is_run_again(
    workers, pad, database
):
    add_flow(pad, chain(fail("bad")), "campaign-1")
    add_flow(pad, chain(fail_once_as_if_the_database_were_away("unlucky")), "campaign-2")
    worker = workers.start("--exit-when-idle", "--lease", "8", "--log-format", "json")
    assert worker.wait(SECONDS) == 0
    assert sorted(traces(database)) == ["bad", "end", "unlucky", "unlucky"]
    lines = [json.loads(line) for line in workers.log_of(worker).splitlines()]
    assert "ValueError: this job is wrong" in [each.get("reason") for each in lines]


def test_a_paused_campaign_is_left_alone_without_spinning(workers, pad, database, wait_until):
    add_flow(pad, chain(leave_trace("held")), "campaign-1")
    add_flow(pad, chain(leave_trace("paused")), "campaign-2")
    database["campaigns"].insert_one({"_id": "campaign-2", "control": "paused"})
    hold_fireworks(pad, "campaign-1")
    worker = workers.start("--exit-when-idle")
    assert worker.wait(SECONDS) == 0
    assert traces(database) == []
    release_fireworks(pad, "campaign-1")
    database["campaigns"].update_one({}, {"$set": {"control": "active"}})
    worker = workers.start("--exit-when-idle")
    assert worker.wait(SECONDS) == 0
    assert sorted(traces(database)) == ["end", "end", "held", "paused"]


def test_a_worker_tells_the_database_and_prometheus_how_it_fares(
    workers, pad, database, wait_until
):
    add_flow(pad, chain(work_until_told("long")), "campaign-1")
    worker = workers.start("--metrics-port", "0", "--lease", "4")
    assert wait_until(lambda: traces(database) == ["long"])
    working = {"status": "working", "seen_at": {"$type": "date"}}
    assert wait_until(lambda: database["workers"].count_documents(working) == 1)
    address = workers.log_of(worker).split("Metrics are at ")[1].split()[0].rstrip(".")
    with urlopen(address, timeout=5) as answer:  # noqa: S310  our own address
        text = answer.read().decode()
    assert "facet_working 1" in text
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10.0) == 0


def test_a_second_signal_ends_a_worker_at_once(workers, pad, database, wait_until):
    add_flow(pad, chain(work_until_told("long")), "campaign-1")
    both = workers.start()
    assert wait_until(lambda: traces(database) == ["long"])
    both.send_signal(signal.SIGSTOP)
    both.send_signal(signal.SIGTERM)
    both.send_signal(signal.SIGINT)
    both.send_signal(signal.SIGCONT)
    assert both.wait(10.0) in {128 + signal.SIGTERM, 128 + signal.SIGINT}


def test_a_worker_outlives_its_private_server_between_jobs_and_in_the_middle_of_one(
    workers, tmp_path, monkeypatch, wait_until
):
    settings = DbSettings(mongo_uri=None, home=tmp_path / "own", database="outlive")
    monkeypatch.setenv("FACET_HOME", str(settings.home))
    monkeypatch.setenv("FACET_DATABASE", settings.database)
    folder = ServerFolder(settings.home / "mongo")
    with open_database(settings, patience_seconds=60) as database:
        add_flow(launchpad(database), chain(leave_trace("before")), "campaign-1")
        worker = workers.start("--lease", "4")
        assert wait_until(lambda: states(database) == ["COMPLETED"])
        os.kill(folder.pid(), signal.SIGKILL)
        add_flow(launchpad(database), chain(kill_the_server(str(settings.home))), "campaign-2")
        assert wait_until(lambda: states(database) == ["COMPLETED"] * 2)
        assert traces(database) == ["before", "end", "server killed", "end"]
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10.0) == 0
        assert "The database answers again" in workers.log_of(worker)


def test_a_database_that_is_gone_for_a_while_costs_nothing_but_time(
    workers, tmp_path, monkeypatch, wait_until
):
    home = tmp_path / "own"
    with embedded_server(home) as server:
        monkeypatch.setenv("FACET_MONGO_URI", server.uri.get_secret_value())
        monkeypatch.setenv("FACET_DATABASE", "gone")
        with open_database(patience_seconds=60) as database:
            jobs = [take_seconds(f"job {number}", 2.0) for number in range(2)]
            add_flow(launchpad(database), chain(*jobs), "campaign-1")
            worker = workers.start("--exit-when-idle", "--lease", "60")
            assert wait_until(lambda: traces(database))
            os.kill(server.pid, signal.SIGKILL)
            time.sleep(SECONDS_GONE)
            assert worker.poll() is None
            server.revive()
            assert worker.wait(SECONDS) == 0, workers.log_of(worker)
            assert sorted(traces(database)) == ["end", "job 0", "job 1"]
            assert states(database) == ["COMPLETED"]
            log = workers.log_of(worker)
            assert log.count("The database does not answer") <= 1 + SECONDS_GONE // 60


def test_a_worker_without_a_job_leaves_after_a_while(workers, pad):
    worker = workers.start("--max-idle", "1")
    assert worker.wait(SECONDS) == 0
    assert "Nothing to do for 1 s; leaving." in workers.log_of(worker)
