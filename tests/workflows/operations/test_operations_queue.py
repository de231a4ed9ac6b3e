"""Campaigns from the command line to workers: submitted, watched, held, put first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from operation_samples import NUM_CRYSTALS, status_of, work_all
from workflow_samples import alloys, fcc, stored_relaxations, write_lines

from db.documents import CampaignDoc, CandidateDoc, RelaxationDoc, TaskDoc
from db.documents.worker import WorkerDoc
from db.progress import category_of
from db.transactions import server_time
from db.workers import save_heartbeat

pytestmark = pytest.mark.integration


def test_a_submission_says_what_it_found_before_anything_is_relaxed(submit, database):
    told = submit()
    assert told["crystals"] == {
        "num_inputs": 8,
        "num_rejected": 0,
        "num_duplicates": 1,
        "num_different": NUM_CRYSTALS,
        "num_already_relaxed": 0,
        "num_set_aside": 0,
        "num_to_relax": NUM_CRYSTALS,
    }
    assert told["num_jobs_added"] == 2
    assert stored_relaxations(database) == 0


def test_submitting_again_adds_nothing_before_and_after_the_work(submit, database):
    first, again = submit(), submit()
    assert again["is_resubmission"]
    assert again["has_earlier_jobs"]
    assert again["num_jobs_added"] == 0
    assert work_all(database) == 2
    after = submit()
    assert after["campaign_id"] == first["campaign_id"]
    assert after["status"] == "finished"
    assert (after["num_jobs_added"], after["crystals"]["num_to_relax"]) == (0, 0)
    assert work_all(database) == 0


def test_changed_files_are_another_campaign_that_relaxes_only_what_is_new(submit, files, database):
    first = submit()
    work_all(database)
    write_lines(files[0], {**alloys(), "gold": fcc("Au", 6.6)})
    second = submit()
    assert second["campaign_id"] != first["campaign_id"]
    assert second["crystals"]["num_already_relaxed"] == NUM_CRYSTALS
    assert second["crystals"]["num_to_relax"] == 1


def test_the_status_follows_a_campaign_from_the_database_alone(submit, facet, database):
    campaign_id = submit("--shard-size", "4", "--priority", "3")["campaign_id"]
    before = status_of(facet, campaign_id)
    assert before["tasks"] == {"pending": NUM_CRYSTALS, "leased": 0, "done": 0, "set_aside": 0}
    assert before["jobs"] == {"READY": 2, "WAITING": 1}
    assert (before["priority"], before["eta_seconds"]) == (3, None)
    assert work_all(database, 1) == 1
    between = status_of(facet, campaign_id)
    num_done = stored_relaxations(database)
    assert num_done in (3, 4)
    assert between["tasks"]["done"] == num_done
    assert between["ends"] == {"converged": num_done}
    assert between["structures_per_second"] > 0
    assert between["eta_seconds"] > 0
    work_all(database)
    after = status_of(facet, campaign_id)
    assert after["status"] == "finished"
    assert after["rows"] == {"screened": 5, "relaxed": 3}
    assert after["jobs"] == {"COMPLETED": 3}
    (listed,) = facet("status", "--json").document
    assert listed["campaign_id"] == campaign_id
    assert listed["tasks"]["done"] == NUM_CRYSTALS
    told = facet("status", "--campaign", campaign_id, "--watch").out
    assert told.startswith(f"relaxations: {NUM_CRYSTALS} done, 0 running, 0 pending, 0 set aside; ")
    assert told.endswith("/s, none left\n")


def test_a_campaign_that_has_just_begun_is_timed_from_its_first_result(submit, facet, database):
    campaign_id = submit()["campaign_id"]
    now = server_time(database)
    keys = sorted(raw["_id"] for raw in database[TaskDoc.collection].find({}, {"_id": 1}))
    for number, key in enumerate(keys[:3]):
        ended = {"status": "done", "updated_at": now - timedelta(seconds=100 - 10 * number)}
        database[TaskDoc.collection].update_one({"_id": key}, {"$set": ended})
    told = status_of(facet, campaign_id)
    assert told["structures_per_second"] == pytest.approx(2 / 100, rel=0.3)
    assert told["eta_seconds"] == pytest.approx((NUM_CRYSTALS - 3) * 50, rel=0.3)


def test_workers_that_were_heard_of_lately_are_listed(submit, facet, database):
    campaign_id = submit()["campaign_id"]
    common = {
        "host": "node7",
        "pid": 1,
        "category": "facet",
        "lease_seconds": 120.0,
        "started_at": server_time(database),
    }
    for status in ("working", "stopped"):
        save_heartbeat(database, WorkerDoc(worker_id=f"node7-{status}", status=status, **common))
    (worker,) = status_of(facet, campaign_id)["workers"]
    assert (worker["worker_id"], worker["status"]) == ("node7-working", "working")
    assert "worker node7-working: working" in facet("status", "--campaign", campaign_id).out


def test_failures_are_grouped_by_reason_with_numbers_left_out(submit, facet, database):
    campaign_id = submit()["campaign_id"]
    work_all(database)
    some = list(database[RelaxationDoc.collection].find({}, {"_id": 1}).limit(3))
    for number, each in enumerate(some):
        failed = {"stop_reason": "failed", "message": f"Out of memory at {number}.5 GB."}
        database[RelaxationDoc.collection].update_one(each, {"$set": failed})
    database[TaskDoc.collection].update_many({}, {"$set": {"stop_reason": None}})
    told = status_of(facet, campaign_id)
    assert told["ends"] == {"converged": NUM_CRYSTALS - 3, "failed": 3}
    assert told["failures"] == [
        {"stop_reason": "failed", "reason": "Out of memory at # GB.", "count": 3}
    ]
    text = facet("status", "--campaign", campaign_id).out
    assert "3 failed: Out of memory at # GB." in text


def test_an_unknown_campaign_is_one_sentence(facet, facet_environment):
    for words in (
        ("status", "--campaign", "none"),
        ("pause", "none"),
        ("resume", "none"),
        ("cancel", "none"),
        ("retry", "none"),
        ("priority", "none", "3"),
        ("rescore", "--campaign", "none", "--potential", "facet-s"),
    ):
        ended = facet(*words)
        assert ended.code == 1
        assert ended.err == (
            "The database holds no campaign 'none'; `facet status` lists those it holds.\n"
        )


def test_a_paused_campaign_waits_until_it_is_resumed(submit, facet, database):
    campaign_id = submit()["campaign_id"]
    assert facet("pause", campaign_id, "--json").document["num_jobs"] == 2
    assert work_all(database) == 0
    assert submit()["control"] == "paused"
    assert status_of(facet, campaign_id)["control"] == "paused"
    resumed = facet("resume", campaign_id, "--json").document
    assert resumed["num_jobs_released"] == 2
    assert work_all(database) == 2
    assert status_of(facet, campaign_id)["status"] == "finished"


def test_a_canceled_campaign_keeps_its_results_and_can_be_resumed(submit, facet, database):
    campaign_id = submit("--shard-size", "4")["campaign_id"]
    work_all(database, 1)
    facet("cancel", campaign_id)
    assert work_all(database) == 0
    num_done = stored_relaxations(database)
    assert num_done in (3, 4)
    resumed = facet("resume", campaign_id, "--json").document
    assert resumed["num_left"] == NUM_CRYSTALS - num_done
    assert resumed["num_jobs_added"] == 2
    work_all(database)
    assert status_of(facet, campaign_id)["status"] == "finished"


def test_a_campaign_of_higher_priority_is_relaxed_first(submit, facet, database):
    first = submit()["campaign_id"]
    second = submit("--limit", "2")["campaign_id"]
    facet("priority", second, "5")
    work_all(database, 2)
    assert status_of(facet, second)["status"] == "finished"
    assert status_of(facet, first)["status"] == "running"
    assert status_of(facet, second)["priority"] == 5


def test_the_control_of_a_campaign_survives_its_screening(submit, facet, database):
    campaign_id = submit()["campaign_id"]
    facet("priority", campaign_id, "7")
    work_all(database)
    stored = database[CampaignDoc.collection].find_one({"_id": campaign_id})
    assert (stored["priority"], stored["control"], stored["status"]) == (7, "active", "finished")


def test_jobs_go_to_the_workers_of_their_category_also_after_a_cancel(submit, facet, database):
    campaign_id = submit("--category", "large")["campaign_id"]
    assert work_all(database) == 0
    facet("cancel", campaign_id)
    facet("resume", campaign_id)
    categories = database["fireworks"].distinct("spec._category")
    assert categories == ["large"]
    assert work_all(database) == 0


def test_the_workers_of_a_comparison_do_not_inherit_the_campaign(submit, facet, database):
    campaign_id = submit("--category", "large")["campaign_id"]
    of_mace = {"spec": {"campaign_id": campaign_id, "_category": "mace"}, "fw_id": 0}
    fireworks = database["fireworks"]
    own = list(fireworks.find({}))
    fireworks.delete_many({})
    fireworks.insert_many([of_mace, *own])  # the server finds this one first
    assert category_of(database, campaign_id) == "large"
    fireworks.delete_many({"fw_id": {"$ne": 0}})
    assert category_of(database, campaign_id) is None


def test_a_submission_that_was_cut_off_is_submitted_again_and_not_resumed(submit, facet, database):
    campaign_id = submit()["campaign_id"]
    facet("cancel", campaign_id)
    database[CandidateDoc.collection].delete_one({"material_id": "ag-au"})
    database[CampaignDoc.collection].update_one({}, {"$set": {"status": "submitted"}})
    ended = facet("resume", campaign_id)
    assert ended.code == 1
    assert "was cut off; submit the same files again" in ended.err
    assert submit()["num_jobs_added"] == 2
