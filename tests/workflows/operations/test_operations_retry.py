"""Crystals of a campaign that are relaxed anew."""

from __future__ import annotations

import pytest
from operation_samples import NUM_CRYSTALS, status_of, work_all
from workflow_samples import stored_relaxations

from db.documents import CandidateDoc, RelaxationDoc, TaskDoc
from db.progress import count_places

pytestmark = pytest.mark.integration


def test_a_failed_relaxation_is_tried_again_and_its_old_end_is_remembered(submit, facet, database):
    campaign_id = submit()["campaign_id"]
    work_all(database)
    key = database[CandidateDoc.collection].find_one({"material_id": "cu-au"})["relaxation_id"]
    failed = {"stop_reason": "failed", "message": "The device was lost."}
    database[RelaxationDoc.collection].update_one({"_id": key}, {"$set": failed})
    assert facet("retry", campaign_id, "--reason", "no such", "--json").document["ends"] == {}
    told = facet("retry", campaign_id, "--end", "failed", "--reason", "DEVICE", "--json").document
    assert told["ends"] == {"failed": 1}
    assert told["num_jobs_added"] == 2
    rows = list(database[CandidateDoc.collection].find({"status": "pending"}))
    assert {row["material_id"] for row in rows} == {"cu-au", "au-cu-again"}
    assert all(row["verdict"] is None for row in rows)
    work_all(database)
    after = status_of(facet, campaign_id)
    assert after["status"] == "finished"
    assert after["counts"]["end_converged"] == 5
    (retry,) = database[TaskDoc.collection].find_one({"_id": key})["retries"]
    assert (retry["stop_reason"], retry["message"]) == ("failed", "The device was lost.")


def test_a_retry_resets_every_campaign_that_shares_the_crystal(submit, facet, database):
    first = submit()["campaign_id"]
    second = submit("--limit", "1")["campaign_id"]
    work_all(database)
    failed = {"stop_reason": "failed", "message": "The device was lost."}
    shared = database[CandidateDoc.collection].find_one({"material_id": "cu-au"})
    where = {"_id": shared["relaxation_id"]}
    database[RelaxationDoc.collection].update_one(where, {"$set": failed})
    told = facet("retry", first, "--json").document
    assert told["other_campaigns"] == [second]
    work_all(database)
    for each in (first, second):
        assert status_of(facet, each)["status"] == "finished"
    assert stored_relaxations(database) == NUM_CRYSTALS


def test_what_was_set_aside_is_tried_again_when_asked(submit, facet, database):
    campaign_id = submit()["campaign_id"]
    task = database[TaskDoc.collection].find_one({})
    lost = {"status": "set_aside", "losses": 3, "losses_among_few": 3}
    database[TaskDoc.collection].update_one({"_id": task["_id"]}, {"$set": lost})
    work_all(database)
    assert status_of(facet, campaign_id)["tasks"]["set_aside"] == 1
    told = facet("retry", campaign_id, "--status", "set_aside", "--json").document
    assert told["num_set_aside"] == 1
    work_all(database)
    after = status_of(facet, campaign_id)
    assert (after["status"], after["rows"]) == ("finished", {"screened": 5, "relaxed": 3})


def test_a_retry_of_a_held_campaign_waits_with_it(submit, facet, database):
    campaign_id = submit()["campaign_id"]
    work_all(database)
    facet("cancel", campaign_id)
    told = facet("retry", campaign_id, "--end", "converged")
    assert "The campaign is cancelled" in told.out
    assert count_places(database, campaign_id).statuses["pending"] == NUM_CRYSTALS
    assert work_all(database) == 0
    facet("resume", campaign_id)
    work_all(database)
    assert status_of(facet, campaign_id)["status"] == "finished"


def test_an_end_that_does_not_exist_is_refused(submit, facet, database):
    campaign_id = submit()["campaign_id"]
    ended = facet("retry", campaign_id, "--end", "exploded")
    assert ended.code == 1
    assert ended.err.startswith("'exploded' is no end; choose among converged, ")
    assert facet("retry", campaign_id, "--status", "done").code == 1


def test_a_retry_while_other_jobs_wait_says_how_to_go_on_after_them(submit, facet, database):
    campaign_id = submit("--shard-size", "4")["campaign_id"]
    work_all(database, 1)
    key = database[RelaxationDoc.collection].find_one({})["_id"]
    failed = {"stop_reason": "failed", "message": "The device was lost."}
    database[RelaxationDoc.collection].update_one({"_id": key}, {"$set": failed})
    told = facet("retry", campaign_id).out
    assert told.startswith("Tried again: 1 failed.")
    assert f"`facet resume {campaign_id}` after them relaxes what they left" in told
    work_all(database)
    assert status_of(facet, campaign_id)["tasks"]["pending"] == 1
    resumed = facet("resume", campaign_id, "--json").document
    assert (resumed["num_left"], resumed["num_jobs_added"]) == (1, 2)
    work_all(database)
    assert status_of(facet, campaign_id)["status"] == "finished"
