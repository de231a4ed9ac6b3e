"""A short list in shards, on a real mongod: in one process, and from the LaunchPad."""

from __future__ import annotations

from threading import Event

import pytest
from fireworks import FWorker
from fireworks.core.rocket_launcher import launch_rocket
from jobflow import Flow, JobStore
from maggma.stores import MemoryStore
from stability_samples import SMALL, alloy_campaign, centered, layered
from workflow_samples import rows_of

import workflows.campaign as campaign_module
import workflows.stability.maker as maker_module
import workflows.stability.measuring as measuring_module
from db.campaigns import set_control
from db.documents.stability import StabilityDoc
from db.indexes import ensure_indexes
from screening.rules import FlagRule
from workflows.campaign import CampaignMaker, work_of
from workflows.duty import Duty, on_duty
from workflows.errors import UnfinishedError
from workflows.launch import (
    add_flow,
    fireworks_of,
    job_store,
    launchpad,
    rerun_fizzled,
    use_job_store,
)
from workflows.stability.maker import StabilityMaker
from workflows.stability.shards import MOST_SHARDS, StabilityShardMaker, shards_of
from workflows.submit import submit

pytestmark = pytest.mark.integration

QUICK = {"kinds": ["elastic"], "settings": SMALL.to_dict()}
ALONE = StabilityMaker(**QUICK)
SHARED = StabilityMaker(**QUICK, shard_size=1)
EXPECTED = {"s1": "flagged", "s2": "flagged", "u1": "unstable", "u2": "unstable"}


@pytest.fixture
def campaign(facet_environment, database, tmp_path, monkeypatch):
    """A submitted campaign of two stable and two unstable alloys."""
    monkeypatch.chdir(tmp_path)
    ensure_indexes(database)
    alloys = {"s1": layered("Cu", "Au"), "s2": layered("Cu", "Ag")}
    alloys |= {"u1": centered("Ag", "Au"), "u2": centered("Cu", "Au")}
    return submit(database, alloy_campaign(tmp_path, **alloys)).campaign


@pytest.fixture
def inserted(monkeypatch):
    """Keys of all measurements that are made."""
    keys = []
    insert = measuring_module.insert_stabilities

    def noting(database, found):
        keys.extend(each.stability_id for each in found)
        return insert(database, found)

    monkeypatch.setattr(measuring_module, "insert_stabilities", noting)
    return keys


def flow_of(database, campaign, maker):
    missing = work_of(database, campaign).missing
    return CampaignMaker(stability_maker=maker).rest(campaign, missing)


def screened(database, campaign):
    """Relax and screen a campaign, and measure nothing."""
    silent = campaign.model_copy(update={"rule": FlagRule().to_dict()})
    campaign_module._run_here(CampaignMaker().rest(silent, work_of(database, campaign).missing))
    return campaign


def response_of(job):
    """What a job returns, run alone."""
    store = JobStore(MemoryStore())
    store.connect()
    return job.run(store)


def verdicts(database, campaign):
    return {name: row.verdict for name, row in rows_of(database, campaign).items()}


def relaxations(database, campaign):
    return [str(row.relaxation_id) for row in rows_of(database, campaign).values()]


def test_shards_in_one_process_give_the_verdicts_of_one_job(campaign, database, inserted):
    campaign_module._run_here(flow_of(database, campaign, SHARED))
    assert verdicts(database, campaign) == EXPECTED
    assert len(set(inserted)) == len(inserted) == 4
    campaign_module._run_here(flow_of(database, campaign, ALONE))
    assert verdicts(database, campaign) == EXPECTED
    assert len(inserted) == 4


def test_the_job_hands_ids_to_shards_and_one_after_them_looks_again(campaign, database):
    screened(database, campaign)
    before = [{"num_measured": 3, "num_faults": 1}]
    response = response_of(SHARED.make(campaign.campaign_id, {"num_relaxed": 7}, before))
    *shards, last, _output = response.replace.jobs
    assert [each.name for each in shards] == ["stability shard"] * 4
    assert sorted(each.function_args[0][0] for each in shards) == sorted(
        relaxations(database, campaign)
    )
    assert {each.metadata["campaign_id"] for each in (*shards, last)} == {campaign.campaign_id}
    assert (last.name, last.function_args[3]) == ("stability", 1)
    assert response.output["num_measured"] == 3
    assert response.output["num_relaxed"] == 7
    text = str(response.replace.as_dict())
    assert "lattice" not in text
    assert "mongodb://" not in text
    again = Flow.from_dict(response.replace.as_dict()).jobs[0].maker
    assert (again.kinds, again.campaign_id) == (["elastic"], campaign.campaign_id)


def test_jobs_are_bounded_by_larger_shards_and_by_a_last_round_alone(
    campaign, database, monkeypatch
):
    keys = [str(each) for each in range(1000)]
    shards = shards_of(keys, 5)
    assert len(shards) == MOST_SHARDS
    assert [key for shard in shards for key in shard] == keys
    assert [len(each) for each in shards_of(keys[:12], 5)] == [5, 5, 2]
    screened(database, campaign)
    monkeypatch.setattr(maker_module, "MOST_ROUNDS", 3)
    response = response_of(SHARED.make(campaign.campaign_id, None, None, 3))
    assert response.replace is None
    assert response.output["num_measured"] == 4
    assert verdicts(database, campaign) == EXPECTED


@pytest.mark.filterwarnings("ignore:cd is deprecated:FutureWarning")
def test_from_the_launchpad_a_lost_shard_repeats_nothing_and_the_verdicts_are_the_same(
    campaign, database, inserted, monkeypatch
):
    noting = measuring_module.insert_stabilities

    def lost_after_the_first(stored, found):
        if len(inserted) == 1 and not lost:
            lost.append(found[0].stability_id)
            raise RuntimeError("the machine is gone")
        return noting(stored, found)

    lost = []
    monkeypatch.setattr(measuring_module, "insert_stabilities", lost_after_the_first)
    pairs = StabilityMaker(**QUICK, shard_size=2)
    pad = launchpad(database)
    add_flow(pad, flow_of(database, campaign, pairs), campaign.campaign_id)

    def run_all():
        with use_job_store(job_store(database)), on_duty(Duty("w", can_requeue=True)):
            while launch_rocket(pad, FWorker("w", category="facet"), strm_lvl="CRITICAL"):
                pass

    run_all()
    assert len(fireworks_of(pad, campaign.campaign_id, ("FIZZLED",))) == 1
    assert rerun_fizzled(pad, campaign.campaign_id) >= 1
    run_all()
    assert verdicts(database, campaign) == EXPECTED
    assert lost
    assert len(set(inserted)) == len(inserted) == 4
    jobs = fireworks_of(pad, campaign.campaign_id, ("COMPLETED",))
    assert len(jobs) == database["fireworks"].count_documents({})
    # Relaxing, screening, the job, two shards, the one after them, and jobflow's, which keeps what
    # that returned.
    assert len(jobs) == 7
    categories = {raw["spec"]["_category"] for raw in database["fireworks"].find()}
    assert categories == {"facet"}


def test_a_shard_that_has_to_stop_leaves_the_rest_to_another(campaign, database, inserted):
    screened(database, campaign)
    keys = relaxations(database, campaign)
    shard = StabilityShardMaker(
        potential=campaign.potential_name, campaign_id=campaign.campaign_id, **QUICK
    )
    stop = Event()
    stop.set()
    with on_duty(Duty("w", can_requeue=True, stop=stop)):
        response = response_of(shard.make(keys))
    assert response.replace.jobs[0].function_args[0] == keys
    with on_duty(Duty("w", stop=stop)), pytest.raises(UnfinishedError, match="facet stability"):
        response_of(shard.make(keys))
    assert inserted == []
    set_control(database, campaign.campaign_id, "cancelled")
    with on_duty(Duty("w", can_requeue=True)):
        response = response_of(shard.make(keys))
    assert response.stop_jobflow
    set_control(database, campaign.campaign_id, "active")
    assert response_of(shard.make(keys[:3])).output == {"num_measured": 3, "num_faults": 0}
    assert response_of(shard.make(keys)).output == {"num_measured": 1, "num_faults": 0}
    assert response_of(shard.make(keys)).output == {"num_measured": 0, "num_faults": 0}
    assert database[StabilityDoc.collection].count_documents({}) == len(set(inserted)) == 4
