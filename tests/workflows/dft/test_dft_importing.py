"""Results of groups who run DFT elsewhere."""

from __future__ import annotations

import pytest
from dft_samples import RECORDED
from recorded_dft import recorded, task_document

from db.follow_ups import follow_up_by_id
from workflows.convert import structure_of
from workflows.dft.approval import Calculation, approve
from workflows.dft.submission import submit_follow_ups

pytestmark = pytest.mark.integration


@pytest.fixture
def asked(campaign, database):
    return approve(database, campaign, ["pair-0", "pair-1"], Calculation(RECORDED), "ada")


def document_of(follow_up, **changes):
    return task_document(structure_of(follow_up.geometry), **changes)


def test_documents_are_matched_by_key_or_tag_and_the_others_are_named(
    facet, campaign, database, asked, write_json
):
    first, second = asked
    path = write_json(
        "tasks.json",
        [
            document_of(first, follow_up_id=first.follow_up_id),
            document_of(second, tags=["facet:" + second.follow_up_id[:12]]),
            recorded("nacl_task.json"),
        ],
    )
    told = facet("dft", "import", campaign.campaign_id, path, "--json").document
    assert sorted(told["finished"]) == sorted(each.follow_up_id for each in asked)
    assert told["learned"]["num_new_phases"] == 2
    (sentence,) = told["unmatched"]
    assert "name no follow-up" in sentence
    again = facet("dft", "import", campaign.campaign_id, path, "--json").document
    assert again["learned"] == told["learned"]


def test_several_tasks_of_one_calculation_are_one_result_with_all_their_hours(
    facet, campaign, database, asked, write_json
):
    follow_up = asked[0]
    tasks = [document_of(follow_up, formation=0.5), document_of(follow_up, formation=-0.1)]
    path = write_json("tasks.json", {follow_up.follow_up_id[:16]: tasks, "0000": tasks})
    told = facet("dft", "import", campaign.campaign_id, path, "--json").document
    assert told["finished"] == [follow_up.follow_up_id]
    assert "is no follow-up of this campaign" in told["unmatched"][0]
    found = follow_up_by_id(database, follow_up.follow_up_id)
    assert found.result.energy == pytest.approx(2 * (-3 - 0.1))
    assert (found.result.core_hours, found.result.num_frames) == (pytest.approx(16.0), 4)


def test_outputs_in_the_job_store_are_found_when_their_recording_was_lost(
    facet, campaign, database, asked, run_fireworks
):
    submit_follow_ups(database, campaign)
    assert run_fireworks("vasp") == 4
    told = facet("dft", "import", campaign.campaign_id, "--json").document
    assert len(told["finished"]) == 2
    run_fireworks("facet")
    assert facet("dft", "status", campaign.campaign_id, "--json").document["counts"] == {
        "finished": 2
    }


def test_a_document_that_is_no_result_is_told_with_its_reason(
    facet, campaign, database, asked, write_json
):
    key = asked[0].follow_up_id
    path = write_json("tasks.json", {key: document_of(asked[0], state="failed")})
    told = facet("dft", "import", campaign.campaign_id, path, "--json").document
    assert told["failed"] == [key]
    shown = facet("dft", "status", campaign.campaign_id)
    assert "ended as 'failed'" in " ".join(shown.out.split())


@pytest.mark.parametrize("text", ["", "{", "3"])
def test_a_file_that_holds_no_documents_is_a_mistake_in_one_sentence(
    facet, campaign, tmp_path, text
):
    path = tmp_path / "tasks.json"
    path.write_text(text)
    told = facet("dft", "import", campaign.campaign_id, path)
    assert (told.code, told.err.count("\n")) == (1, 1)


def test_an_unknown_campaign_is_a_mistake_in_one_sentence(facet, campaign):
    for verb in (("approve", "x", "y"), ("dft", "submit", "x"), ("dft", "status", "x")):
        told = facet(*verb)
        assert told.code == 1
        assert "no campaign 'x'" in told.err


def test_a_jobflow_store_of_others_is_read_by_its_description(
    facet, campaign, asked, tmp_path, write_json
):
    follow_up = asked[0]
    rows = [
        {
            "uuid": str(index),
            "index": 1,
            "name": "MP GGA static",
            "metadata": {"follow_up_id": follow_up.follow_up_id},
            "completed_at": f"2026-10-0{index}",
            "output": document_of(follow_up, formation=-0.1 * index),
        }
        for index in (2, 1)
    ]
    outputs = write_json("outputs.json", rows)
    described = write_json(
        "jobstore.json", {"docs_store": {"type": "JSONStore", "paths": [str(outputs)]}}
    )
    told = facet("dft", "import", campaign.campaign_id, "--store", described, "--json").document
    assert told["finished"] == [follow_up.follow_up_id]
    shown = facet("dft", "status", campaign.campaign_id, "--json").document["follow_ups"]
    (row,) = [each for each in shown if each["status"] == "finished"]
    assert row["dft_above_hull"] == pytest.approx(-0.2)
