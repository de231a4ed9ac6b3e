"""Results that are given up: all traces of one go together, and it cannot come back."""

from __future__ import annotations

import pytest
from db_samples import candidate
from pymongo.errors import OperationFailure
from task_samples import ask_for_tasks, result_of, task

from db import retries
from db.documents import CandidateDoc, CandidateOutcome, RelaxationDoc
from db.leases import Leases
from db.retries import ended_as, give_up
from db.writes import insert_candidates, update_candidates

pytestmark = pytest.mark.integration


@pytest.fixture
def finished(database):
    """A worker that relaxed one crystal, which failed, for a candidate that knows of it."""
    keys = ask_for_tasks(database, "t1")
    worker = Leases(database, "w", 60.0)
    (claim,) = worker.claim(keys, 1)
    failed = result_of(claim, stop_reason="failed", message="The device was lost.")
    worker.finish([failed])
    row = candidate("a", structure_id=claim.structure_id)
    insert_candidates(database, [row])
    told = CandidateOutcome(status="relaxed", relaxation_id="t1", stop_reason="failed")
    update_candidates(database, [(row.candidate_id, told)])
    return worker, failed, row


def traces(database):
    """What is left of the result, the task's status, and what the candidate knows."""
    row = CandidateDoc.from_mongo(database[CandidateDoc.collection].find_one({}))
    num_results = database[RelaxationDoc.collection].count_documents({})
    return num_results, task(database, "t1").status, row.status, row.relaxation_id


def test_a_result_its_task_and_its_candidate_are_reset_together(database, finished):
    _, _, row = finished
    assert traces(database) == (1, "done", "relaxed", "t1")
    assert give_up(database, ended_as(database, ["t1"], ["failed"])) == {row.campaign_id}
    assert traces(database) == (0, "pending", "pending", None)
    (retry,) = task(database, "t1").retries
    assert (retry.stop_reason, retry.message) == ("failed", "The device was lost.")
    assert task(database, "t1").stop_reason is None


def test_only_ends_that_were_asked_for_are_given_up(database, finished):
    assert give_up(database, ended_as(database, ["t1"], ["max_steps"])) == set()
    assert give_up(database, ended_as(database, ["t2"], ["failed"])) == set()
    assert traces(database) == (1, "done", "relaxed", "t1")


def test_what_is_cut_off_in_the_midst_changes_nothing(database, finished, monkeypatch):
    def broken(*_):
        raise OperationFailure("no")

    monkeypatch.setattr(retries, "_reopening", broken)
    with pytest.raises(OperationFailure):
        give_up(database, ended_as(database, ["t1"], ["failed"]))
    assert traces(database) == (1, "done", "relaxed", "t1")


def test_the_worker_that_made_a_result_cannot_bring_it_back(database, finished):
    worker, failed, _ = finished
    give_up(database, ended_as(database, ["t1"], ["failed"]))
    assert worker.finish([failed]) == {"t1"}
    assert traces(database) == (0, "pending", "pending", None)
    (claim,) = Leases(database, "other", 60.0).claim(["t1"], 1)
    assert claim.token > failed[0].token
