"""Crystals carried to machines without a database, and their results carried back."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections import Counter
from contextlib import contextmanager

import pytest
from operation_samples import other_potential
from workflow_samples import alloys, campaign_settings, metals, rows_of, stored_relaxations

from db.campaigns import control_of
from db.documents import CampaignDoc
from db.indexes import ensure_indexes
from db.progress import count_places
from db.queries import documents_by_id
from facet.errors import ConfigError
from facet.relaxation.settings import RelaxSettings
from workflows.campaign import run_campaign, work_of
from workflows.cli import spool as spool_module
from workflows.operations.spool.exchange import Part
from workflows.submit import submit

pytestmark = pytest.mark.integration

NUM_CRYSTALS = len(alloys()) - 1 + len(metals())


@pytest.fixture
def campaign(facet_environment, database, tmp_path):
    """A submitted campaign of crystals that are all at rest."""
    ensure_indexes(database)
    return submit(database, campaign_settings(tmp_path)).campaign


@pytest.fixture
def spool(facet, campaign, tmp_path):
    """A folder with all crystals of the campaign."""
    folder = tmp_path / "spool"
    told = facet("spool", "out", folder, "--campaign", campaign.campaign_id, "--json").document
    assert told["num_crystals"] == NUM_CRYSTALS
    return folder


def told_of(row):
    """What two runs must agree on to the last digit, and energies to what batches may change."""
    words = (row.relaxation_id, row.stop_reason, row.verdict, row.rank, row.duplicate_of)
    return words, pytest.approx(row.energy_per_atom, abs=1e-5)


def without_database(monkeypatch):
    monkeypatch.setenv("FACET_MONGO_URI", "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=100")


def test_results_that_were_carried_are_those_of_a_run_with_the_database(
    facet, spool, campaign, database, tmp_path, monkeypatch
):
    carried = shutil.copytree(spool, tmp_path / "elsewhere")
    with monkeypatch.context() as patch:
        without_database(patch)
        ran = facet("spool", "run", carried, "--json")
        assert (ran.code, ran.document["ends"]) == (0, {"converged": NUM_CRYSTALS})
        again = facet("spool", "run", carried, "--json").document
        assert (again["num_relaxed"], again["num_known"]) == (0, NUM_CRYSTALS)
    assert stored_relaxations(database) == 0
    told = facet("spool", "in", carried, "--json").document
    assert (told["num_new"], told["num_left"], told["status"]) == (NUM_CRYSTALS, 0, "finished")
    assert +Counter(count_places(database, campaign.campaign_id).statuses) == {"done": NUM_CRYSTALS}
    carried_rows = rows_of(database, campaign)
    twice = facet("spool", "in", carried, "--json").document
    assert (twice["num_new"], twice["num_known"]) == (0, NUM_CRYSTALS)
    database.client.drop_database(database.name)
    ensure_indexes(database)
    submit(database, campaign_settings(tmp_path))
    run_campaign(database, campaign, work_of(database, campaign))
    told_again = {name: told_of(row) for name, row in rows_of(database, campaign).items()}
    assert told_again == {name: told_of(row) for name, row in carried_rows.items()}


def test_parts_hold_every_crystal_once_whatever_was_relaxed_meanwhile(
    facet, campaign, database, tmp_path
):
    def crystals_of(number):
        folder = tmp_path / f"part-{number}"
        asked = ("--campaign", campaign.campaign_id, "--shard", f"{number}/3")
        assert facet("spool", "out", folder, *asked).code == 0
        lines = (folder / "crystals.jsonl").read_text().splitlines()
        return {json.loads(line)["structure_id"] for line in lines}

    first = crystals_of(1)
    facet("spool", "run", tmp_path / "part-1")
    facet("spool", "in", tmp_path / "part-1")
    others = [crystals_of(2), crystals_of(3)]
    assert sum(map(len, [first, *others])) == NUM_CRYSTALS
    assert len(first.union(*others)) == NUM_CRYSTALS
    with pytest.raises(ConfigError, match="write 1/4 for the first of 4"):
        Part.from_text("5/4")


def test_a_run_that_is_stopped_goes_on_from_where_its_crystals_were(
    facet, facet_environment, database, tmp_path, monkeypatch
):
    @contextmanager
    def interrupted(total):
        ends = []

        def advance(reason):
            ends.append(reason)
            if len(ends) == 1:  # a second signal would leave at once
                os.kill(os.getpid(), signal.SIGTERM)

        yield advance

    # Out of reach, so that crystals still fly when the first result has been written.
    asked = RelaxSettings(fmax=1e-9, smax=1e-9, max_steps=120)
    settings = campaign_settings(tmp_path, relax=asked)
    campaign = submit(database, settings).campaign
    folder = tmp_path / "spool"
    facet("spool", "out", folder, "--campaign", campaign.campaign_id)
    with monkeypatch.context() as patch:
        patch.setattr(spool_module, "progress", interrupted)
        cut = facet("spool", "run", folder, "--json")
    assert cut.code == 2
    num_suspended = len(list((folder / "suspended").glob("*.npz")))
    assert 0 < num_suspended <= cut.document["num_left"]
    rest = facet("spool", "run", folder, "--json")
    assert rest.code == 0
    assert rest.document["num_relaxed"] == cut.document["num_left"]
    assert list((folder / "suspended").glob("*.npz")) == []
    assert facet("spool", "in", folder, "--json").document["num_new"] == NUM_CRYSTALS


def test_a_first_result_stays_when_the_spool_brings_a_second(facet, spool, campaign, database):
    facet("spool", "run", spool)
    run_campaign(database, campaign, work_of(database, campaign))
    before = rows_of(database, campaign)
    told = facet("spool", "in", spool, "--json").document
    assert (told["num_new"], told["num_known"]) == (0, NUM_CRYSTALS)
    assert rows_of(database, campaign) == before


def test_other_weights_are_refused_by_the_run_and_by_the_database(
    facet, spool, campaign, database, tmp_path
):
    other = other_potential(tmp_path / "other.safetensors")
    refused = facet("spool", "run", spool, "--potential", other)
    assert refused.code == 1
    assert "use the same checkpoint" in refused.err
    facet("spool", "run", spool)
    changed = {"$set": {"potential_fingerprint": "0" * 64}}
    database[CampaignDoc.collection].update_one({"_id": campaign.campaign_id}, changed)
    ended = facet("spool", "in", spool)
    assert ended.code == 1
    assert "holds results of the weights" in ended.err
    assert stored_relaxations(database) == 0


def test_a_damaged_file_is_one_sentence_and_stores_nothing(facet, spool, database):
    facet("spool", "run", spool)
    (results,) = (spool / "results").glob("*.jsonl")
    whole = results.read_bytes()
    results.write_bytes(whole[:-100])
    assert "is damaged or was cut off" in facet("spool", "in", spool).err
    results.write_bytes(whole)
    (spool / "results" / "half.partial").write_bytes(whole[:50])
    with (spool / "crystals.jsonl").open("a") as file:
        file.write("\n")
    for verb in ("run", "in"):
        ended = facet("spool", verb, spool)
        assert ended.code == 1
        assert "crystals.jsonl is damaged" in ended.err
    assert stored_relaxations(database) == 0


def test_a_folder_that_is_no_spool_or_is_one_already_is_refused(facet, spool, campaign, tmp_path):
    asked = ("--campaign", campaign.campaign_id)
    assert "holds a spool already" in facet("spool", "out", spool, *asked).err
    assert "is no spool" in facet("spool", "run", tmp_path / "nothing").err
    assert facet("spool", "out", tmp_path / "x", "--campaign", "none").code == 1


def test_bringing_in_leaves_a_paused_campaign_paused(facet, spool, campaign, database):
    facet("spool", "run", spool)
    facet("pause", campaign.campaign_id)
    facet("spool", "in", spool)
    assert control_of(database, campaign.campaign_id) == "paused"
    (stored,) = documents_by_id(database, CampaignDoc, [campaign.campaign_id])
    assert stored.status == "finished"
