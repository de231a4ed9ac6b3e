"""Whole campaigns through the LaunchPad: the rows of a run in one process, stops included."""

from __future__ import annotations

import signal
from uuid import uuid4

import pytest
from workflow_samples import campaign_settings, cesium_chloride, rows_of, run_whole, write_lines

from db.client import open_database
from db.documents import CampaignDoc, TaskDoc
from db.indexes import ensure_indexes
from db.queries import documents_by_id
from facet.relaxation.settings import RelaxSettings
from workflows.campaign import CampaignMaker, work_of
from workflows.launch import add_flow, launchpad
from workflows.submit import submit

pytestmark = pytest.mark.integration

SECONDS = 240.0
METALS = ("Cu", "Ag", "Au", "Pd", "Pt")


def queue(database, settings, shard_size=2) -> CampaignDoc:
    """Submit a campaign and put its jobs into the LaunchPad."""
    ensure_indexes(database)
    campaign = submit(database, settings).campaign
    work = work_of(database, campaign)
    flow = CampaignMaker(shard_size=shard_size).rest(campaign, work.missing)
    add_flow(launchpad(database), flow, campaign.campaign_id)
    return campaign


def stored(database, campaign) -> CampaignDoc:
    (found,) = documents_by_id(database, CampaignDoc, [campaign.campaign_id])
    return found


def outcomes(database, campaign):
    """What was found of each candidate, energies to a millionth of an electronvolt."""
    found = {}
    for name, row in rows_of(database, campaign).items():
        energies = (row.energy_per_atom, row.energy_above_hull)
        rounded = [None if each is None else round(each, 6) for each in energies]
        found[name] = (row.status, row.stop_reason, row.is_flagged, *rounded)
    return found


def test_workers_give_the_rows_that_a_run_in_one_process_gives(
    workers, database, facet_environment, tmp_path
):
    settings = campaign_settings(tmp_path)
    campaign = queue(database, settings)
    both = [workers.start("--exit-when-idle", "--lease", "30") for _ in range(2)]
    assert [each.wait(SECONDS) for each in both] == [0, 0]
    finished = stored(database, campaign)
    assert finished.status == "finished"
    theirs = outcomes(database, campaign)
    elsewhere = facet_environment.model_copy(update={"database": f"test_{uuid4().hex}"})
    with pytest.MonkeyPatch.context() as patch, open_database(elsewhere) as other:
        patch.setenv("FACET_DATABASE", elsewhere.database)
        here = run_whole(other, settings)
        assert here.counts == finished.counts
        assert outcomes(other, here) == theirs
        other.client.drop_database(other.name)


def test_crystals_of_a_worker_that_is_told_to_stop_go_on_elsewhere_from_where_they_were(
    workers, database, tmp_path, wait_until
):
    pairs = [(a, b) for i, a in enumerate(METALS) for b in METALS[i + 1 :]]
    crystals = {
        f"{a}{b}-{edge}": cesium_chloride(a, b, edge).make_supercell(2)
        for a, b in pairs
        for edge in (3.4, 3.5, 3.6, 3.7)
    }
    settings = campaign_settings(
        tmp_path,
        candidates=(write_lines(tmp_path / "many.jsonl", crystals),),
        relax=RelaxSettings(fmax=1e-9, smax=1e-9, max_steps=20),
    )
    campaign = queue(database, settings, shard_size=500)
    tasks = database[TaskDoc.collection]
    first = workers.start()
    # Crystals enter as others leave, so once the first is done others are under way.
    assert wait_until(lambda: tasks.count_documents({"status": "done"}) > 0, SECONDS), (
        workers.log_of(first)
    )
    first.send_signal(signal.SIGTERM)
    assert first.wait(60) == 0, workers.log_of(first)
    handed_back = [TaskDoc.from_mongo(raw) for raw in tasks.find({"status": "pending"})]
    assert any(each.state is not None and each.state.num_steps > 0 for each in handed_back)
    assert tasks.count_documents({"status": "leased"}) == 0
    second = workers.start("--exit-when-idle")
    assert second.wait(SECONDS) == 0, workers.log_of(second)
    assert stored(database, campaign).status == "finished"
    assert tasks.count_documents({"status": {"$ne": "done"}}) == 0
