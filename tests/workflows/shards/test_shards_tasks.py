"""Asking for relaxations: what is known, what is shared, and what is done already."""

from __future__ import annotations

import pytest
from shard_samples import SETTINGS, results_of, save_a_campaign, shaken_crystals, store, tasks_of

from db.documents import RelaxationDoc, StructureDoc, TaskDoc
from db.errors import MissingDocumentError
from db.leases import Leases
from facet.testing.fakes import LennardJones
from workflows.shards.run import relax_shard
from workflows.shards.tasks import ask_for

pytestmark = pytest.mark.integration

FINGERPRINT = LennardJones().fingerprint
PLAIN = SETTINGS.to_dict()


def test_a_task_says_who_asks_and_how_urgently(database):
    ids = store(database, shaken_crystals(2))
    campaign = save_a_campaign(database).model_copy(update={"priority": 3})
    tasks = ask_for(database, ids, FINGERPRINT, PLAIN, campaign)
    assert sorted(tasks.values()) == sorted(ids)
    for task in tasks_of(database).values():
        assert (task.campaigns, task.priority, task.nsites) == (("c1",), 3, 4)
        assert tasks[task.task_id] == task.structure_id


def test_two_campaigns_that_ask_for_the_same_share_its_task(database):
    ids = store(database, shaken_crystals(3))
    ask_for(database, ids, FINGERPRINT, PLAIN, save_a_campaign(database, "c1"))
    ask_for(database, ids[1:], FINGERPRINT, PLAIN, save_a_campaign(database, "c2"))
    tasks = tasks_of(database)
    assert [tasks[each].campaigns for each in ids] == [("c1",), ("c1", "c2"), ("c1", "c2")]


def test_other_settings_are_other_tasks_and_the_batch_size_is_not(database):
    ids = store(database, shaken_crystals(1))
    (key,) = ask_for(database, ids, FINGERPRINT, PLAIN)
    assert ask_for(database, ids, FINGERPRINT, PLAIN | {"max_batch_atoms": 8}).keys() == {key}
    assert ask_for(database, ids, FINGERPRINT, PLAIN | {"fmax": 0.7}).keys() != {key}
    assert database[TaskDoc.collection].count_documents({}) == 2


def test_what_has_a_result_is_not_asked_for(database):
    ids = store(database, shaken_crystals(3))
    relax_shard(database, ids[:2], LennardJones(), SETTINGS)
    assert list(ask_for(database, ids, FINGERPRINT, PLAIN).values()) == ids[2:]


def test_a_task_that_waits_although_its_result_is_stored_is_closed(database):
    ids = store(database, shaken_crystals(2))
    relax_shard(database, ids, LennardJones(), SETTINGS)
    database[TaskDoc.collection].update_one(
        {"structure_id": ids[0]}, {"$set": {"status": "pending"}}
    )
    assert ask_for(database, ids, FINGERPRINT, PLAIN) == {}
    assert {each.status for each in tasks_of(database).values()} == {"done"}
    assert len(results_of(database)) == 2


def test_a_result_that_was_deleted_is_asked_for_again(database):
    ids = store(database, shaken_crystals(2))
    relax_shard(database, ids, LennardJones(), SETTINGS)
    database[RelaxationDoc.collection].delete_one({"structure_id": ids[0]})
    assert list(ask_for(database, ids, FINGERPRINT, PLAIN).values()) == ids[:1]
    assert tasks_of(database)[ids[0]].status == "pending"


def test_asking_does_not_disturb_who_works_on_it(database):
    ids = store(database, shaken_crystals(1))
    (key,) = ask_for(database, ids, FINGERPRINT, PLAIN)
    (claim,) = Leases(database, "w", 60.0).claim([key], 1)
    ask_for(database, ids, FINGERPRINT, PLAIN)
    task = tasks_of(database)[ids[0]]
    assert (task.status, task.token, task.lease.worker) == ("leased", claim.token, "w")


def test_a_crystal_that_is_not_stored_cannot_be_asked_for(database):
    ids = store(database, shaken_crystals(1))
    database[StructureDoc.collection].delete_many({})
    with pytest.raises(MissingDocumentError, match="submit the campaign again"):
        ask_for(database, ids, FINGERPRINT, PLAIN)
