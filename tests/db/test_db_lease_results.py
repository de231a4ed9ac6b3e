"""What workers bring back under their claims: results, states, and what comes too late."""

from __future__ import annotations

import pytest
from pymongo.errors import AutoReconnect
from task_samples import (
    ask_for_tasks,
    counts,
    drop_answer_of,
    leases_of,
    lose,
    result_of,
    results,
    task,
)

from db.blobs import store_blob
from db.documents import RelaxationDoc, SuspendedState, TaskDoc
from db.documents.blob import Blob
from db.errors import DocumentRefusedError

pytestmark = pytest.mark.integration


def test_a_result_ends_its_task_in_the_same_step(database):
    (name,) = ask_for_tasks(database, "a")
    leases = leases_of(database)
    (claim,) = leases.claim([name], 9)
    assert leases.finish([result_of(claim)]) == set()
    ended = task(database, name)
    assert (ended.status, ended.lease, ended.state) == ("done", None, None)
    assert results(database) == 1
    assert leases.num_held == 0


def test_a_result_that_cannot_be_closed_is_not_stored_either(database, monkeypatch):
    tasks = ask_for_tasks(database, "a", "b")
    leases = leases_of(database)
    claims = leases.claim(tasks, 9)

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("db.leases.server_time", killed)  # asked when the results are written
    with pytest.raises(KeyboardInterrupt):
        leases.finish([result_of(each) for each in claims])
    assert results(database) == 0
    assert counts(database) == {"leased": 2}


def test_without_transactions_a_result_comes_before_its_task_is_closed(database, monkeypatch):
    monkeypatch.setattr("db.transactions.has_transactions", lambda _: False)
    tasks = ask_for_tasks(database, "a")
    leases = leases_of(database)
    (claim,) = leases.claim(tasks, 9)
    with monkeypatch.context() as patch:
        patch.setattr("db.leases.server_time", lambda _: pytest.fail("killed here"))
        with pytest.raises(pytest.fail.Exception):
            leases.finish([result_of(claim)])
    assert (results(database), counts(database)) == (1, {"leased": 1})
    assert leases.finish([result_of(claim)]) == set()
    assert (results(database), counts(database)) == (1, {"done": 1})


def test_a_stale_token_is_refused(database):
    tasks = ask_for_tasks(database, "a")
    slow, fast = leases_of(database, "slow"), leases_of(database, "fast")
    (old,) = slow.claim(tasks, 9)
    lose(database, slow)
    (new,) = fast.claim(tasks, 9)
    state = SuspendedState(num_steps=9, content=Blob.of(b"old"))
    assert slow.finish([result_of(old, energy=-99.0)]) == {"a"}
    assert slow.hand_back([(old, state)]) == 0
    assert slow.give_back() == 0
    held = task(database, "a")
    assert (held.status, held.lease.worker, held.state) == ("leased", "fast", None)
    assert results(database) == 0
    assert fast.finish([result_of(new, energy=-12.0)]) == set()
    assert slow.finish([result_of(old, energy=-99.0)]) == {"a"}
    assert database[RelaxationDoc.collection].find_one({"_id": "a"})["energy"] == -12.0


def test_a_late_result_counts_while_nobody_else_has_claimed_its_crystal(database):
    tasks = ask_for_tasks(database, "a")
    leases = leases_of(database)
    (claim,) = leases.claim(tasks, 9)
    lose(database, leases)
    assert leases.renew() == {"a"}
    assert leases.finish([result_of(claim)]) == set()
    assert (results(database), task(database, "a").status) == (1, "done")


def test_a_result_sent_twice_because_the_answer_was_lost_is_not_refused(database, monkeypatch):
    tasks = ask_for_tasks(database, "a", "b")
    leases = leases_of(database)
    documents = [result_of(each) for each in leases.claim(tasks, 9)]
    drop_answer_of(leases, "_store", monkeypatch)
    with pytest.raises(AutoReconnect):
        leases.finish(documents)
    assert results(database) == 0  # raised inside the transaction
    assert leases.finish(documents) == set()
    assert leases.finish(documents) == set()
    assert (results(database), counts(database)) == (2, {"done": 2})


def test_claims_whose_answer_was_lost_are_found_again(database, monkeypatch):
    tasks = ask_for_tasks(database, "a", "b", "c")
    leases = leases_of(database)
    drop_answer_of(leases, "_take", monkeypatch)
    with pytest.raises(AutoReconnect):
        leases.claim(tasks, 2)
    assert counts(database) == {"leased": 2, "pending": 1}
    assert {each.task_id for each in leases.claim(tasks, 2)} == {"a", "b"}
    assert {each.task_id for each in leases.claim(tasks, 2)} == {"c"}
    assert {each["token"] for each in database[TaskDoc.collection].find()} == {1}


def test_giving_back_finds_claims_whose_answer_was_lost_too(database, monkeypatch):
    tasks = ask_for_tasks(database, "a", "b")
    leases = leases_of(database)
    drop_answer_of(leases, "_take", monkeypatch)
    with pytest.raises(AutoReconnect):
        leases.claim(tasks, 2)
    assert leases.give_back() == 2
    assert counts(database) == {"pending": 2}
    assert task(database, "a").losses == 0


def test_what_is_handed_back_keeps_its_state_through_any_number_of_workers(database):
    tasks = ask_for_tasks(database, "a")
    state = SuspendedState(num_steps=17, content=store_blob(database, b"where it was"))
    first, second = leases_of(database, "first"), leases_of(database, "second")
    (claim,) = first.claim(tasks, 9)
    assert first.hand_back([(claim, state)]) == 1
    (again,) = second.claim(tasks, 9)
    assert again.state == state
    lose(database, second)
    third = leases_of(database, "third")
    assert third.claim(tasks, 9)[0].state == state
    assert third.give_back() == 1
    (last,) = leases_of(database, "last").claim(tasks, 9)
    assert last.state == state
    assert [each.how for each in task(database, "a").history] == [
        "handed_back",
        "lost",
        "handed_back",
    ]
    assert task(database, "a").losses == 1


def test_a_state_sent_twice_does_no_harm(database):
    tasks = ask_for_tasks(database, "a")
    leases = leases_of(database)
    (claim,) = leases.claim(tasks, 9)
    state = SuspendedState(num_steps=3, content=Blob.of(b"x"))
    assert leases.hand_back([(claim, state)]) == 1
    assert leases.hand_back([(claim, state)]) == 0
    assert len(task(database, "a").history) == 1


def test_a_result_too_large_for_mongodb_is_an_error_and_its_claim_is_kept(database):
    tasks = ask_for_tasks(database, "a")
    leases = leases_of(database)
    (claim,) = leases.claim(tasks, 9)
    with pytest.raises(DocumentRefusedError):
        leases.finish([result_of(claim, message="x" * 17 * 2**20)])
    assert (results(database), task(database, "a").status) == (0, "leased")
    assert leases.give_back() == 1
