"""Campaigns relaxed anew with another potential, from stored crystals alone."""

from __future__ import annotations

import pytest
from operation_samples import other_potential, work_all
from workflow_samples import alloys, campaign_settings, metals, rows_of, run_whole

from db.documents import CampaignDoc, TaskDoc
from db.queries import documents_by_id

pytestmark = pytest.mark.integration


@pytest.fixture
def parent(facet_environment, database, tmp_path, monkeypatch):
    """A finished campaign whose files are gone."""
    monkeypatch.chdir(tmp_path)
    campaign = run_whole(database, campaign_settings(tmp_path))
    for file in tmp_path.glob("*.jsonl"):
        file.unlink()
    return campaign


@pytest.fixture
def rescore(facet, parent, tmp_path):
    """Rescores the campaign with weights that differ in one number."""
    potential = other_potential(tmp_path / "other.safetensors")

    def call(*more):
        asked = ("--campaign", parent.campaign_id, "--potential", potential, "--json")
        return facet("rescore", *asked, *more)

    return call


def test_both_campaigns_hold_the_same_crystals_and_each_its_own_results(
    rescore, facet, parent, database
):
    told = rescore().document
    assert told["parent"] == parent.campaign_id
    assert told["crystals"]["num_to_relax"] == len(alloys()) - 1 + len(metals())
    work_all(database)
    (child,) = documents_by_id(database, CampaignDoc, [told["campaign_id"]])
    assert child.status == "finished"
    assert child.reference_scheme == f"own+MP2020:{child.potential_fingerprint}"
    assert child.reference_scheme != parent.reference_scheme
    old, new = rows_of(database, parent), rows_of(database, child)
    assert old.keys() == new.keys()
    for name, row in new.items():
        assert row.structure_id == old[name].structure_id
        assert row.relaxation_id != old[name].relaxation_id
        assert row.origin == old[name].origin
    for campaign in (parent, child):
        found = facet("query", "--campaign", campaign.campaign_id, "--json").document
        assert len(found) == len(alloys())
    assert rescore().document["is_resubmission"]


def test_reference_phases_come_first_and_then_those_near_the_hull(rescore, parent, database):
    told = rescore("--shard-size", "2", "--priority", "4").document
    tasks = {
        each["structure_id"]: each["priority"]
        for each in database[TaskDoc.collection].find({"campaigns": told["campaign_id"]})
    }
    phases = {row.structure_id for row in rows_of(database, parent, "reference").values()}
    assert all(tasks[each] == max(tasks.values()) for each in phases)
    rows = [row for row in rows_of(database, parent).values() if row.rank]
    nearest = [row.structure_id for row in sorted(rows, key=lambda row: row.rank)]
    priorities = [tasks[each] for each in nearest]
    assert priorities == sorted(priorities, reverse=True)
    jobs = database["fireworks"].find({"name": "relax shard"}).sort("spec._priority", -1)
    shards = [job["spec"]["_tasks"][0]["job"]["function_args"][0] for job in jobs]
    order = [each for shard in shards for each in shard]
    assert set(order[:3]) == phases
    assert [each for each in order if each in nearest] == nearest


def test_only_those_near_the_hull_are_relaxed_when_asked(rescore, parent, database):
    rows = [row for row in rows_of(database, parent).values() if row.energy_above_hull is not None]
    distances = sorted(row.energy_above_hull for row in rows)
    told = rescore("--max-above-hull", distances[0] + 1e-9).document
    work_all(database)
    (child,) = documents_by_id(database, CampaignDoc, [told["campaign_id"]])
    num_near = sum(each <= distances[0] + 1e-9 for each in distances)
    assert child.counts["candidates"] == num_near
    assert child.counts["reference_phases"] == len(metals())
    limited = rescore("--limit", "1").document
    assert limited["campaign_id"] != told["campaign_id"]
    assert limited["crystals"]["num_inputs"] == 1 + len(metals())


def test_the_same_potential_and_a_parent_without_distances_are_refused(
    facet, rescore, parent, database
):
    same = facet("rescore", "--campaign", parent.campaign_id, "--potential", "facet-s")
    assert same.code == 1
    assert "was relaxed with facet-s already" in same.err
    running = {"$set": {"status": "running"}}
    database[CampaignDoc.collection].update_one({"_id": parent.campaign_id}, running)
    early = rescore("--max-above-hull", "0.1")
    assert early.code == 1
    assert "is not screened yet" in early.err
