"""Campaigns as flows of jobs: what happens when they are cut off, fail, or are sent elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from jobflow import Flow
from workflow_samples import AT_REST, campaign_settings, run_whole, stored_relaxations

from db.documents import CampaignDoc
from db.queries import documents_by_id
from facet.errors import CheckpointError
from workflows.campaign import CampaignMaker, run_campaign, work_of
from workflows.potentials import resident_potential
from workflows.progress import listening
from workflows.screen import screen
from workflows.shards.run import relax_shard
from workflows.submit import submit

pytestmark = pytest.mark.integration


def test_an_interrupted_campaign_keeps_its_results_and_goes_on_with_the_rest(
    facet_environment, database, tmp_path
):
    settings = campaign_settings(tmp_path)
    campaign = submit(database, settings).campaign
    work = work_of(database, campaign)
    ended = []

    def interrupt(reason: str) -> None:
        ended.append(reason)
        if len(ended) == 2:
            raise KeyboardInterrupt

    with listening(interrupt), pytest.raises(KeyboardInterrupt):
        run_campaign(database, campaign, work)
    assert stored_relaxations(database) == 2
    (stored,) = documents_by_id(database, CampaignDoc, [campaign.campaign_id])
    assert stored.status == "running"
    rest = work_of(database, campaign)
    assert rest.num_known == 2
    with listening(ended.append):
        finished = run_campaign(database, campaign, rest)
    assert len(ended) == work.num_structures
    assert finished.status == "finished"


def test_a_failing_job_is_an_error_of_the_run(facet_environment, database, tmp_path):
    campaign = submit(database, campaign_settings(tmp_path)).campaign
    changed = campaign.model_copy(update={"potential_fingerprint": "0" * 64})
    with pytest.raises(CheckpointError, match="submitted with 000000000000"):
        run_campaign(database, changed, work_of(database, changed))


def test_screening_before_all_is_relaxed_leaves_the_campaign_running(
    facet_environment, database, tmp_path
):
    campaign = submit(database, campaign_settings(tmp_path)).campaign
    some = work_of(database, campaign).missing[:3]
    relax_shard(database, some, resident_potential("facet-s"), AT_REST)
    partial = screen(database, campaign.campaign_id)
    assert partial.status == "running"
    assert partial.counts["pending"] > 0


def test_a_flow_holds_ids_and_no_structures_and_survives_serialization(
    facet_environment, database, tmp_path
):
    campaign = submit(database, campaign_settings(tmp_path)).campaign
    work = work_of(database, campaign)
    flow = CampaignMaker(shard_size=3).rest(campaign, work.missing)
    assert len(flow.jobs) == 4
    text = str(flow.as_dict())
    assert "lattice" not in text
    assert "mongodb://" not in text
    assert [job.name for job in Flow.from_dict(flow.as_dict()).jobs] == ["relax shard"] * 3 + [
        "screen"
    ]


def test_nothing_is_left_in_the_working_folder(facet_environment, database, tmp_path, monkeypatch):
    settings = campaign_settings(tmp_path)
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    run_whole(database, settings)
    assert list(here.iterdir()) == []
    assert Path.cwd() == here
