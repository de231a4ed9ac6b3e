"""What campaigns cost, on a real mongod."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from workflow_samples import campaign_settings, run_whole

from db.accounting import DftSpending, dft_spending
from db.documents import RelaxationDoc, TaskDoc
from db.documents.stability import StabilityDoc
from workflows.accounting import account
from workflows.cli.account_text import account_lines
from workflows.power import power_of

pytestmark = pytest.mark.integration


ASKED = "c0ffee"


@pytest.fixture
def relaxations(database):
    """Raw relaxations: three that a campaign asked for, and one that another did."""
    common = {"device": "cpu", "device_name": "any", "num_threads": 2, "nsites": 2}
    rows = [
        {"_id": str(place), "stop_reason": end, "wall_share": 36.0, "num_evaluations": 3, **common}
        for place, end in enumerate(("converged", "converged", "max_steps", "converged"))
    ]
    database[RelaxationDoc.collection].insert_many(rows)
    database[TaskDoc.collection].insert_many(
        {"_id": each["_id"], "campaigns": ["other", ASKED][: 1 + (place < 3)], "status": "done"}
        for place, each in enumerate(rows)
    )
    flagged = {"_id": f"{ASKED}/m", "campaign_id": ASKED, "role": "candidate", "is_flagged": True}
    database["candidates"].insert_one(flagged)
    return database[RelaxationDoc.collection]


def test_every_crystal_is_counted_once_with_its_share(database, relaxations):
    told = account(database, ASKED)
    assert told["num_structures"] == 3
    assert told["device_hours"] == pytest.approx(0.03)
    assert told["structures_per_device_hour"] == pytest.approx(100)
    assert told["per_converged"]["device_seconds"] == pytest.approx(54)
    assert told["per_flagged"]["device_seconds"] == pytest.approx(108)
    assert told["ends"]["max_steps"]["device_hours"] == pytest.approx(0.01)
    (device,) = told["devices"]
    assert (device["device"], device["device_name"]) == ("cpu", "any")
    assert device["core_hours"] == pytest.approx(0.06)
    assert device["atom_evaluations"] == 3 * 3 * 2
    assert told["energy_kwh_estimate"] == pytest.approx(0.03 * device["watts"] / 1000)


def test_gpus_of_a_kind_are_one_and_others_apart(database, relaxations):
    for key in ("0", "1"):
        place = {"device": f"cuda:{key}", "device_name": "NVIDIA H200", "num_threads": 1}
        relaxations.update_one({"_id": key}, {"$set": {**place, "wall_share": 3600.0}})
    told = account(database, ASKED)
    hours = {each["device"]: each["device_hours"] for each in told["devices"]}
    assert hours == pytest.approx({"cpu": 0.01, "cuda": 2.0})
    assert told["energy_kwh_estimate"] == pytest.approx(2 * 0.7 + 0.01 * 0.02)
    given = account(database, ASKED, watts=100.0)
    assert given["energy_kwh_estimate"] == pytest.approx(2 * 0.1 + 0.01 * 0.2)


def test_documents_of_older_layouts_are_counted_with_what_is_known(database, relaxations):
    unknown = dict.fromkeys(("device_name", "num_threads", "num_evaluations"), "")
    relaxations.update_many({}, {"$unset": unknown})
    told = account(database, ASKED)
    assert told["devices"][0]["device_name"] is None
    assert told["num_structures"] == 3


NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
GPU = {"device": "cuda:0", "device_name": "NVIDIA H200", "num_threads": 1, "device_id": "GPU-1"}


def test_processes_that_share_a_gpu_take_its_time_once(database, relaxations):
    for key, process in (("0", "a"), ("1", "b")):
        ran = {**GPU, "process": process, "wall_share": 3600.0, "created_at": NOON}
        relaxations.update_one({"_id": key}, {"$set": ran})
    told = account(database, ASKED)
    (gpu,) = [each for each in told["devices"] if each["device"] == "cuda"]
    assert gpu["device_hours"] == pytest.approx(1.0)
    assert gpu["process_hours"] == pytest.approx(2.0)
    assert (gpu["num_devices"], gpu["num_processes"]) == (1, 2)
    assert gpu["energy_kwh_estimate"] == pytest.approx(0.7)
    assert told["ends"]["converged"]["device_hours"] == pytest.approx(1.0)
    assert told["process_hours"] == pytest.approx(2.01)
    assert "1.0 h of 1 device that 2 processes shared" in "\n".join(account_lines(told))
    later = NOON + timedelta(hours=1)
    relaxations.update_one({"_id": "1"}, {"$set": {"created_at": later}})
    assert account(database, ASKED)["device_hours"] == pytest.approx(2.01)
    other = {"device_id": "GPU-2", "created_at": NOON}
    relaxations.update_one({"_id": "1"}, {"$set": other})
    told = account(database, ASKED)
    assert told["device_hours"] == pytest.approx(2.01)
    assert "shared" not in "\n".join(account_lines(told))


def test_measurements_of_stability_are_the_expense_of_who_asked_first(database, relaxations):
    cpu = {"device": "cpu", "device_name": "any", "num_threads": 2, "process": "a"}
    rows = (
        ("phonons", 36.0, None, ASKED),
        ("phonons", 72.0, "It broke.", ASKED),
        ("elastic", 36.0, None, ASKED),
        ("elastic", 900.0, None, "other"),
        ("elastic", 900.0, None, None),
    )
    database[StabilityDoc.collection].insert_many(
        {"kind": kind, "seconds": seconds, "fault": fault, "campaign_id": whose, **cpu}
        for kind, seconds, fault, whose in rows
    )
    told = account(database, ASKED)
    assert told["device_hours"] == pytest.approx(0.07)
    assert told["relaxing_device_hours"] == pytest.approx(0.03)
    assert told["structures_per_device_hour"] == pytest.approx(100)
    assert told["per_flagged"]["device_seconds"] == pytest.approx(252)
    stability = told["stability"]
    assert (stability["num_measured"], stability["num_faults"]) == (3, 1)
    assert stability["kinds"]["phonons"]["device_hours"] == pytest.approx(0.03)
    (device,) = told["devices"]
    assert (device["num_structures"], device["num_measurements"]) == (3, 3)
    assert device["energy_kwh_estimate"] == pytest.approx(0.07 * device["watts"] / 1000)
    lines = "\n".join(account_lines(told))
    assert "of it 2.4 min for stability (1 elastic, 2 phonons, 1 of them in vain)" in lines


def test_power_is_looked_up_unless_it_is_given():
    assert power_of("cuda:0", "NVIDIA H200", None, None).watts == 700
    assert power_of("cuda", "NVIDIA A100-SXM4-80GB", 1, None).watts == 400
    assert power_of("cuda", None, None, None).watts == 400
    assert power_of("cuda", "NVIDIA H200", 8, 250.0).watts == 250
    assert power_of("cpu", "any", 4, None).watts == 40
    assert power_of("cpu", "any", 4, 5.0).watts == 20


def test_approved_calculations_are_added_up(database):
    assert dft_spending(database, ASKED) == DftSpending()
    follow_ups = (
        ("approved", 10.0, None),
        ("finished", 20.0, {"core_hours": 25.0}),
        ("finished", 30.0, {"core_hours": None}),
        ("rejected", 40.0, None),
    )
    database["follow_ups"].insert_many(
        {
            "requests": [{"campaign_id": ASKED}],
            "status": status,
            "cost": cost,
            "result": result,
        }
        for status, cost, result in follow_ups
    )
    told = dft_spending(database, ASKED)
    assert (told.num_approved, told.num_finished, told.num_without_hours) == (3, 2, 1)
    assert (told.approved_core_hours, told.spent_core_hours) == (60.0, 25.0)


def test_the_command_line_tells_it_in_words_and_beside_the_status(
    facet, facet_environment, database, tmp_path
):
    campaign = run_whole(database, campaign_settings(tmp_path))
    told = facet("account", campaign.campaign_id)
    assert told.code == 0
    assert "7 crystals" in told.out
    assert "per flagged crystal" in told.out
    assert "an estimate" in told.out
    status = facet("status", "--campaign", campaign.campaign_id)
    assert "spent:" in status.out
    document = facet("status", "--campaign", campaign.campaign_id, "--json").document
    assert document["accounting"]["num_structures"] == 7
    assert document["accounting"]["devices"][0]["device_name"]
    assert facet("account", "nothing").code == 1
    # What was known before a campaign asked is nobody's expense.
    again = run_whole(database, campaign_settings(tmp_path, limit=2))
    latest = facet("account").out
    assert again.campaign_id in latest
    assert "nothing was relaxed" in latest


def test_an_empty_database_has_nothing_to_account_for(facet, facet_environment):
    told = facet("account")
    assert (told.code, told.err.count("\n")) == (1, 1)
    assert "holds no campaign yet" in told.err
