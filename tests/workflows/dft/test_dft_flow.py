"""Follow-ups in the queue: submitted once, run by the right workers, recorded whatever comes."""

from __future__ import annotations

import pytest
from dft_samples import RECORDED, store_campaign, stored
from recorded_dft import formation_energy

from db.follow_ups import follow_up_by_id, follow_ups_of
from workflows.convert import structure_of
from workflows.dft.approval import Calculation, approve
from workflows.dft.submission import fail_fizzled, submit_follow_ups
from workflows.launch import launchpad

pytestmark = pytest.mark.integration


def approved(database, campaign, maker=RECORDED, name="pair-0"):
    (asked,) = approve(database, campaign, [name], Calculation(maker), "ada")
    return asked


def status_of(database, follow_up):
    return follow_up_by_id(database, follow_up.follow_up_id).status


def test_an_approved_candidate_is_calculated_and_its_result_is_stored(
    campaign, database, run_fireworks
):
    asked = approved(database, campaign)
    assert (asked.status, asked.decided_by) == ("approved", "ada")
    assert submit_follow_ups(database, campaign).new == [asked.follow_up_id]
    assert run_fireworks("facet") == 0
    assert run_fireworks("vasp", "facet") == 3
    found = follow_up_by_id(database, asked.follow_up_id)
    assert (found.status, found.failure) == ("finished", None)
    formation = formation_energy(structure_of(found.result.geometry))
    assert found.result.corrected_energy / 2 == pytest.approx(-3 + formation)
    assert found.result.run_type == "GGA"
    assert found.result.potcar_titles[0].startswith("PAW_PBE")
    assert found.result.core_hours == pytest.approx(16.0)
    comparison = found.request_of(campaign.campaign_id).comparison
    assert comparison.dft_above_hull == pytest.approx(formation)
    assert comparison.volume_error == pytest.approx(1 / 1.02**2 - 1)
    assert comparison.rmsd < 0.01
    assert stored(database, campaign).summary["dft"]["num_results"] == 1


def test_submitting_again_adds_nothing_to_the_queue(campaign, database):
    asked = approved(database, campaign)
    submit_follow_ups(database, campaign)
    approved(database, campaign)
    again = submit_follow_ups(database, campaign)
    assert again.new == []
    assert database["workflows"].count_documents({}) == 1
    assert len(follow_up_by_id(database, asked.follow_up_id).fw_ids) == 3


def test_a_kill_between_adding_and_noting_leads_to_no_second_workflow(
    campaign, database, monkeypatch
):
    asked = approved(database, campaign)
    with monkeypatch.context() as patch:
        patch.setattr("workflows.dft.submission.mark_submitted", _killed)
        with pytest.raises(KeyboardInterrupt):
            submit_follow_ups(database, campaign)
    assert status_of(database, asked) == "approved"
    told = submit_follow_ups(database, campaign)
    assert (told.new, told.known) == ([], [asked.follow_up_id])
    assert status_of(database, asked) == "submitted"
    assert database["fireworks"].count_documents({}) == 3


def test_fireworks_whose_workflow_was_never_written_are_taken_out(
    campaign, database, run_fireworks
):
    asked = approved(database, campaign)
    submit_follow_ups(database, campaign)
    database["workflows"].delete_many({})
    database["follow_ups"].update_many({}, {"$set": {"status": "approved"}})
    assert submit_follow_ups(database, campaign).new == [asked.follow_up_id]
    assert database["fireworks"].count_documents({}) == 3
    run_fireworks("vasp", "facet")
    assert status_of(database, asked) == "finished"


def test_a_job_that_failed_is_told_and_runs_again_when_it_is_approved_again(
    campaign, database, run_fireworks, monkeypatch
):
    asked = approved(database, campaign, "recorded_dft:failing")
    submit_follow_ups(database, campaign)
    assert run_fireworks("vasp", "facet") == 1
    assert fail_fizzled(database, campaign.campaign_id) == 1
    failed = follow_up_by_id(database, asked.follow_up_id)
    assert failed.status == "failed"
    assert "'recorded relax'" in failed.failure
    approved(database, campaign, "recorded_dft:failing")
    assert submit_follow_ups(database, campaign).rerun == [asked.follow_up_id]
    assert status_of(database, asked) == "submitted"
    assert database["workflows"].count_documents({}) == 1


def test_another_maker_makes_another_follow_up_in_the_place_of_the_approved_one(campaign, database):
    asked = approved(database, campaign)
    told = submit_follow_ups(database, campaign, maker="recorded_dft:other_functional")
    (left,) = follow_ups_of(database, campaign.campaign_id)
    assert left.follow_up_id != asked.follow_up_id
    assert (told.new, left.status, left.decided_by) == ([left.follow_up_id], "submitted", "ada")


def test_a_result_of_another_functional_is_refused_by_name_and_moves_no_hull(
    campaign, database, run_fireworks
):
    asked = approved(database, campaign, "recorded_dft:other_functional")
    submit_follow_ups(database, campaign)
    run_fireworks("vasp", "facet")
    found = follow_up_by_id(database, asked.follow_up_id)
    assert found.status == "finished"
    assert found.result.run_type.lower() == "r2scan"
    assert found.frames is None
    learned = stored(database, campaign).summary["dft"]
    assert learned["num_new_phases"] == 0
    (refused,) = learned["refused"]
    assert "MP2020 does not cover" in refused["reason"]
    assert found.request_of(campaign.campaign_id).comparison.no_distance == refused["reason"]


def test_two_campaigns_that_ask_for_the_same_share_one_calculation(
    campaign, database, run_fireworks
):
    other = store_campaign(database, 3, campaign_id="campaign-2")
    first = approved(database, campaign)
    second = approved(database, other)
    assert second.follow_up_id == first.follow_up_id
    submit_follow_ups(database, other)
    run_fireworks("vasp", "facet")
    for each in (campaign, other):
        assert stored(database, each).summary["dft"]["num_new_phases"] == 1


def test_no_worker_of_ours_takes_vasp_jobs_and_no_address_lies_in_the_queue(campaign, database):
    approved(database, campaign)
    submit_follow_ups(database, campaign)
    for each in launchpad(database).fireworks.find():
        assert "mongodb://" not in str(each)
        is_ours = each["name"] == "record_follow_up"
        assert each["spec"]["_category"] == ("facet" if is_ours else "vasp")


def _killed(*_):
    raise KeyboardInterrupt
