"""Every place in which a worker can be killed and leave FireWorks' documents half changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from fireworks import FWAction, FWorker
from jobflow.managers.fireworks import flow_to_workflow
from worker_jobs import chain, leave_trace

from workflows.launch import add_flow, fireworks_of, launchpad
from workflows.worker.rockets import last_error
from workflows.worker.upkeep import FAULT_OF_THE_DATABASE, Upkeep

pytestmark = pytest.mark.integration

LEASE = 60.0
FWORKER = FWorker("test", category="facet")
LONG_AGO = datetime.now(UTC) - timedelta(days=1)


class KilledError(BaseException):
    """Stands for the end of the process: nothing catches it."""


@pytest.fixture
def pad(facet_environment, database):
    return launchpad(database)


@pytest.fixture
def upkeep(pad):
    return Upkeep(pad, "test", "facet", LEASE)


def all_ready(pad) -> list[int]:
    return fireworks_of(pad, None, ("READY",))


def silent_since_long(database) -> None:
    database["launches"].update_many(
        {}, {"$set": {"state_history.$[].updated_on": LONG_AGO.isoformat()}}
    )


def test_a_firework_that_runs_with_a_living_worker_is_left_alone(pad, upkeep):
    add_flow(pad, chain(leave_trace("a")), "campaign-1")
    firework, _ = pad.checkout_fw(FWORKER, "/tmp")  # noqa: S108  only a text here
    upkeep.once()
    assert fireworks_of(pad, None, ("RUNNING",)) == [firework.fw_id]


def test_a_firework_whose_worker_fell_silent_is_ready_again(pad, upkeep, database):
    add_flow(pad, chain(leave_trace("a")), "campaign-1")
    firework, _ = pad.checkout_fw(FWORKER, "/tmp")  # noqa: S108  only a text here
    silent_since_long(database)
    upkeep.once()
    assert all_ready(pad) == [firework.fw_id]


def test_a_firework_of_another_category_is_not_ours_to_rerun(pad, upkeep, database):
    job = leave_trace("a")
    job.update_config({"manager_config": {"_category": "dft"}}, attributes=["manager_config"])
    pad.add_wf(flow_to_workflow(job))
    pad.checkout_fw(FWorker("other", category="dft"), "/tmp")  # noqa: S108  only a text here
    silent_since_long(database)
    upkeep.once()
    assert len(fireworks_of(pad, None, ("RUNNING",))) == 1


def test_a_firework_taken_in_the_moment_of_death_is_ready_again(pad, upkeep, database):
    fw_id = add_flow(pad, chain(leave_trace("a")), "campaign-1").fw_id
    taken = {"$set": {"state": "RESERVED", "updated_on": LONG_AGO}}
    database["fireworks"].update_one({"state": "READY"}, taken)
    upkeep.once()
    assert len(all_ready(pad)) == 1
    assert database["workflows"].find_one({"nodes": fw_id})["state"] != "COMPLETED"


def test_fireworks_whose_workflow_was_never_stored_are_removed(pad, upkeep, database):
    add_flow(pad, chain(leave_trace("a")), "campaign-1")
    database["workflows"].delete_many({})
    upkeep.once()
    assert len(all_ready(pad)) == 1, "it may be a submission of this very moment"
    database["fireworks"].update_many({}, {"$set": {"created_on": LONG_AGO.isoformat()}})
    upkeep.once()
    assert database["fireworks"].count_documents({}) == 0


def test_an_end_that_was_stored_before_the_firework_knew_is_noticed(
    pad, upkeep, database, monkeypatch
):
    add_flow(pad, chain(leave_trace("a")), "campaign-1")
    _, launch_id = pad.checkout_fw(FWORKER, "/tmp")  # noqa: S108  only a text here
    with monkeypatch.context() as patch:
        patch.setattr(type(pad), "_refresh_wf", killed)
        with pytest.raises(KilledError):
            pad.complete_launch(launch_id, FWAction(), "COMPLETED")
    upkeep.once()
    assert len(fireworks_of(pad, None, ("COMPLETED",))) == 1
    assert len(all_ready(pad)) == 1


def test_what_follows_an_end_is_done_again_when_it_was_cut_off(pad, upkeep, database, monkeypatch):
    add_flow(pad, chain(leave_trace("a")), "campaign-1")
    _, launch_id = pad.checkout_fw(FWORKER, "/tmp")  # noqa: S108  only a text here
    follower = leave_trace("follower")
    follower.update_config(
        {"manager_config": {"_category": "facet"}}, attributes=["manager_config"]
    )
    action = FWAction(detours=[flow_to_workflow(follower)])

    def cut_off(self, workflow, updated_ids):
        self._upsert_fws([workflow.id_fw[each] for each in updated_ids])
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(type(pad), "_update_wf", cut_off)
        with pytest.raises(KilledError):
            pad.complete_launch(launch_id, action, "COMPLETED")
    assert len(database["workflows"].find_one({})["nodes"]) == 2
    upkeep.once()
    workflow = database["workflows"].find_one({})
    assert len(workflow["nodes"]) == 3
    database["fireworks"].update_many({}, {"$set": {"created_on": LONG_AGO.isoformat()}})
    upkeep.once()
    assert {each["fw_id"] for each in database["fireworks"].find()} == set(workflow["nodes"])
    assert len(all_ready(pad)) == 1


@pytest.mark.parametrize(
    ("last_line", "is_rerun"),
    [
        ("pymongo.errors.AutoReconnect: 127.0.0.1: connection closed", True),
        ("db.errors.DatabaseUnreachableError: No MongoDB server answers", True),
        ("db.errors.DatabaseFullError: The database server has no disk space left", True),
        ("ValueError: this job is wrong, pymongo.errors.AutoReconnect: or so", False),
        ("pymongo.errors.DuplicateKeyError: E11000", False),
    ],
)
def test_only_faults_of_the_database_are_run_again(pad, upkeep, database, last_line, is_rerun):
    add_flow(pad, chain(leave_trace("a")), "campaign-1")
    _, launch_id = pad.checkout_fw(FWORKER, "/tmp")  # noqa: S108  only a text here
    text = f'Traceback (most recent call last):\n  File "x.py", line 1\n{last_line}\n'
    action = FWAction(stored_data={"_exception": {"_stacktrace": text}}, exit=True)
    pad.complete_launch(launch_id, action, "FIZZLED")
    upkeep.once()
    assert not all_ready(pad), "not before a pause"
    silent_since_long(database)
    upkeep.once()
    assert bool(all_ready(pad)) == is_rerun


def test_the_reason_of_a_failure_is_its_last_error_and_no_secret():
    text = (
        "Traceback (most recent call last):\n"
        '  File "a.py", line 1, in <module>\n'
        "KeyError: 'x'\n\nDuring handling of the above exception, another exception occurred:\n\n"
        "Traceback (most recent call last):\n"
        "ValueError: mongodb://user:secret@host/ is wrong\n"
    )
    assert last_error(text) == "ValueError: mongodb://***@host/ is wrong"
    assert FAULT_OF_THE_DATABASE.search(text) is None


def test_one_worker_at_a_time_looks_after_things(pad, monkeypatch):
    rounds = []
    monkeypatch.setattr(Upkeep, "once", lambda _: rounds.append(1))
    first, second = (Upkeep(pad, name, "facet", LEASE) for name in ("first", "second"))
    for each in (first, second, first, second):
        each.when_due()
    assert len(rounds) == 1


def killed(*_):
    raise KilledError


def test_a_server_that_has_just_started_is_a_fault_of_the_database_and_a_refusal_is_none():
    said = "pymongo.errors.OperationFailure: No keys found, full error: {'ok': 0.0, 'code': 211}"
    assert FAULT_OF_THE_DATABASE.search(f"Traceback (most recent call last):\n{said}\n")
    assert FAULT_OF_THE_DATABASE.search(said.replace("211", "13")) is None
    assert FAULT_OF_THE_DATABASE.search(said.replace("211", "2110")) is None
