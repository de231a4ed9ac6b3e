"""Campaigns in the LaunchPad: added once, held, released, canceled, and without secrets."""

from __future__ import annotations

import bson
import pytest
from fireworks import FWorker
from fireworks.core.rocket_launcher import launch_rocket
from worker_jobs import chain, fail, leave_trace, traces

from db.embedded import embedded_server
from workflows.launch import (
    ENDED,
    add_flow,
    cancel_fireworks,
    fireworks_of,
    hold_fireworks,
    job_store,
    launchpad,
    prioritize_fireworks,
    release_fireworks,
    rerun_fizzled,
    use_job_store,
)

pytestmark = pytest.mark.integration


@pytest.fixture
def pad(facet_environment, database, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return launchpad(database)


def run_all(pad) -> int:
    num_run = 0
    with use_job_store(job_store(pad.db)):
        while launch_rocket(pad, FWorker("test", category="facet"), strm_lvl="CRITICAL"):
            num_run += 1
    return num_run


def test_a_flow_runs_from_the_launchpad_and_its_outputs_are_stored(pad, database):
    added = add_flow(pad, chain(leave_trace("a"), leave_trace("b")), "campaign-1")
    assert added.is_new
    assert run_all(pad) == 3
    assert sorted(traces(database)) == ["a", "b", "end"]
    assert database["workflows"].find_one({"nodes": added.fw_id})["state"] == "COMPLETED"
    assert database["job_outputs"].count_documents({}) == 3


def test_a_campaign_is_not_added_twice_while_it_is_unfinished(pad):
    first = add_flow(pad, chain(leave_trace("a")), "campaign-1")
    again = add_flow(pad, chain(leave_trace("a")), "campaign-1")
    other = add_flow(pad, chain(leave_trace("a")), "campaign-2")
    assert again == (first.fw_id, False)
    assert other.is_new
    run_all(pad)
    assert add_flow(pad, chain(leave_trace("a")), "campaign-1").is_new


def test_opening_the_launchpad_again_resets_nothing(pad, database):
    first = add_flow(pad, chain(leave_trace("a")), "campaign-1").fw_id
    again = launchpad(database)
    assert fireworks_of(again, "campaign-1", ("READY", "WAITING")) == [first, first + 1]
    assert min(add_flow(again, chain(leave_trace("b")), "campaign-2")[:1]) == first + 2


def test_a_held_campaign_waits_until_it_is_released(pad, database):
    add_flow(pad, chain(leave_trace("a")), "campaign-1")
    add_flow(pad, chain(leave_trace("x")), "campaign-2")
    assert hold_fireworks(pad, "campaign-1") == 2
    assert run_all(pad) == 2
    assert traces(database) == ["x", "end"]
    assert release_fireworks(pad, "campaign-1") == 2
    assert run_all(pad) == 2


def test_a_canceled_campaign_never_runs_and_may_be_submitted_again(pad, database):
    add_flow(pad, chain(leave_trace("a")), "campaign-1")
    assert cancel_fireworks(pad, "campaign-1") == 2
    assert run_all(pad) == 0
    assert database["workflows"].find_one({})["state"] in ENDED
    assert add_flow(pad, chain(leave_trace("a")), "campaign-1").is_new


def test_what_failed_runs_again_when_asked(pad, database):
    add_flow(pad, chain(fail("bad")), "campaign-1")
    run_all(pad)
    assert len(fireworks_of(pad, "campaign-1", ("FIZZLED",))) == 1
    assert rerun_fizzled(pad, "campaign-1") == 1
    run_all(pad)
    assert traces(database) == ["bad", "bad"]


def test_higher_priority_goes_first(pad, database):
    add_flow(pad, chain(leave_trace("low")), "campaign-1", priority=1)
    add_flow(pad, chain(leave_trace("high")), "campaign-2", priority=5)
    run_all(pad)
    assert traces(database) == ["high", "end", "low", "end"]


def test_a_changed_priority_moves_a_campaign_and_keeps_the_order_within(pad, database):
    first, second = leave_trace("first"), leave_trace("second")
    first.config.manager_config |= {"_priority": 0.75}
    second.config.manager_config |= {"_priority": 0.5}
    add_flow(pad, chain(second, first), "campaign-1")
    add_flow(pad, chain(leave_trace("other")), "campaign-2", priority=2)
    prioritize_fireworks(pad, "campaign-1", 3)
    run_all(pad)
    assert traces(database) == ["first", "second", "end", "other", "end"]


def test_no_secret_is_stored_with_a_workflow_that_ran_and_failed(pad, database, db_settings):
    with embedded_server(db_settings.home) as server:
        uri = server.uri.get_secret_value()
    password = uri.split("@")[0].rpartition(":")[2]
    add_flow(pad, chain(leave_trace("a"), fail("bad")), "campaign-1")
    run_all(pad)
    for name in database.list_collection_names():
        for document in database[name].find():
            stored = bson.encode(document)
            assert password.encode() not in stored
            assert b"mongodb://facet" not in stored
    assert password not in str(pad.to_dict())
    assert "mongodb://facet" not in str(pad.to_dict())


def test_the_lock_of_a_worker_that_died_ends_by_itself(pad, database, monkeypatch):
    monkeypatch.setattr("workflows.patient_launchpad.LOCK_SECONDS", 1.0)
    monkeypatch.setattr("workflows.patient_launchpad.SECONDS_FOR_FOREIGN_LOCKS", 0.5)
    add_flow(pad, chain(leave_trace("a")), "campaign-1")
    database["workflows"].update_one({}, {"$set": {"locked": True}})
    assert run_all(pad) == 2
    assert "locked" not in database["workflows"].find_one({})
