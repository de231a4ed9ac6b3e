"""Submitting: what is stored before anything is relaxed."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure
from workflow_samples import (
    campaign_settings,
    fcc,
    metals,
    rocksalt,
    rows_of,
    write_lines,
    write_table,
)

from db.documents import CampaignDoc, CandidateDoc, ReferenceDoc, StructureDoc
from facet.errors import CheckpointError, ConfigError
from facet.relaxation.settings import RelaxSettings
from screening.errors import ScreeningError
from workflows.inputs import InputError
from workflows.settings import CampaignSettings
from workflows.submit import CRYSTALS_PER_WRITE, submit

pytestmark = pytest.mark.integration


def num_stored(database, kind):
    return database[kind.collection].count_documents({})


def key_of(database, settings):
    return submit(database, settings).campaign.campaign_id


def test_submitting_twice_stores_nothing_more_and_says_so(database, tmp_path):
    settings = campaign_settings(tmp_path)
    first = submit(database, settings)
    stored = [num_stored(database, kind) for kind in (CandidateDoc, StructureDoc, CampaignDoc)]
    second = submit(database, settings)
    assert (first.is_known, second.is_known) == (False, True)
    assert second.campaign.campaign_id == first.campaign.campaign_id
    assert second.campaign.created_at == first.campaign.created_at
    assert stored == [8, 7, 1]
    assert stored == [
        num_stored(database, kind) for kind in (CandidateDoc, StructureDoc, CampaignDoc)
    ]


def test_a_submission_that_was_cut_off_is_completed_by_the_next(database, tmp_path):
    settings = campaign_settings(tmp_path)
    whole = submit(database, settings).campaign
    database[CandidateDoc.collection].delete_many({"material_id": {"$in": ["cu-au", "Ag"]}})
    database[CampaignDoc.collection].update_one({}, {"$set": {"status": "submitted"}})
    again = submit(database, settings)
    assert not again.is_known
    assert again.campaign.status == "running"
    assert {"cu-au", "Ag"} <= rows_of(database, whole).keys() | rows_of(
        database, whole, "reference"
    ).keys()


def test_where_a_file_lies_does_not_matter_but_its_bytes_and_its_name_do(database, tmp_path):
    settings = campaign_settings(tmp_path)
    (original,) = settings.candidates
    key = key_of(database, settings)
    (tmp_path / "elsewhere").mkdir()
    moved = Path(shutil.copy(original, tmp_path / "elsewhere"))
    renamed = Path(shutil.copy(original, tmp_path / "other.jsonl"))
    assert key_of(database, replace(settings, candidates=(moved,))) == key
    assert key_of(database, replace(settings, candidates=(renamed,))) != key
    with original.open("a") as file:
        file.write("\n")
    assert key_of(database, settings) != key


def test_everything_that_can_change_a_row_changes_the_key_of_the_campaign(database, tmp_path):
    settings = campaign_settings(tmp_path)
    keys = {
        key_of(database, settings),
        key_of(database, replace(settings, limit=2)),
        key_of(database, replace(settings, relax=RelaxSettings(fmax=0.01))),
        key_of(database, replace(settings, reference=write_table(tmp_path))),
    }
    (tmp_path / "my-elemental-reference-entries.json").rename(tmp_path / "elements.json")
    lower = json.loads((tmp_path / "elements.json").read_text())
    lower[0]["energy"] -= 0.5
    (tmp_path / "lower.json").write_text(json.dumps(lower))
    table = replace(settings, reference=tmp_path / "known_hull.json")
    for name in ("elements.json", "lower.json"):
        keys.add(key_of(database, replace(table, element_energies=tmp_path / name)))
    assert len(keys) == 5  # the elements beside the table and those named are the same once


def test_how_crystals_are_batched_does_not_make_another_campaign(database, tmp_path):
    settings = campaign_settings(tmp_path)
    batched = replace(settings.relax, max_batch_atoms=7)
    other = replace(settings, relax=batched, shard_size=3)
    assert key_of(database, other) == key_of(database, settings)


def test_candidates_keep_their_names_and_references_give_way(database, tmp_path):
    settings = campaign_settings(
        tmp_path,
        candidates=(write_lines(tmp_path / "c.jsonl", {"Cu": fcc("Cu"), "x": fcc("Au")}),),
        reference=write_lines(tmp_path / "r.jsonl", metals()),
    )
    campaign = submit(database, settings).campaign
    assert set(rows_of(database, campaign)) == {"Cu", "x"}
    assert set(rows_of(database, campaign, "reference")) == {"Ag", "Au", "Cu-2"}


def test_every_bad_input_is_stored_with_a_sentence_that_names_its_file(database, tmp_path):
    folder = tmp_path / "inputs"
    folder.mkdir()
    shared = Structure(Lattice.cubic(3), [{"Cu": 0.5, "Au": 0.5}], [[0, 0, 0]])
    close = Structure(Lattice.cubic(4), ["Cu", "Au"], [[0, 0, 0], [0.01, 0, 0]])
    write_lines(folder / "shared.jsonl", {"shared": shared})
    write_lines(folder / "close.jsonl", {"close": close})
    write_lines(folder / "good.jsonl", {"good": fcc("Cu")})
    flat = '1\nLattice="3 0 0 0 3 0 3 3 0" Properties=species:S:1:pos:R:3\nCu 0 0 0\n'
    (folder / "flat.extxyz").write_text(flat)
    unknown = '1\nLattice="3 0 0 0 3 0 0 0 3" Properties=species:S:1:pos:R:3\nQq 0 0 0\n'
    (folder / "unknown.extxyz").write_text(unknown)
    (folder / "empty.cif").write_text("")
    (folder / "broken.cif").write_bytes(b"\x00\xff garbage")
    campaign = submit(database, campaign_settings(tmp_path, candidates=(folder,))).campaign
    rows = rows_of(database, campaign)
    rejected = {row.origin.file: row for row in rows.values() if row.status == "rejected_input"}
    assert len(rows) == 7
    assert len(rejected) == 6
    assert rows["good"].status == "pending"
    for origin, row in rejected.items():
        assert row.rejection.startswith(origin)
        assert row.rejection.endswith(".")
        assert row.structure_id is None


def test_a_path_that_does_not_exist_stops_before_anything_is_stored(database, tmp_path):
    settings = campaign_settings(tmp_path)
    missing = tmp_path / "nowhere.cif"
    for wrong in (
        replace(settings, candidates=(*settings.candidates, missing)),
        replace(settings, reference=missing),
    ):
        with pytest.raises(InputError, match=r"nowhere\.cif does not exist"):
            submit(database, wrong)
    with pytest.raises(CheckpointError, match="There is no potential 'nothing'"):
        submit(database, replace(settings, potential="nothing"))
    assert num_stored(database, CampaignDoc) == 0


def test_a_damaged_table_is_refused_and_a_table_is_stored_once(database, tmp_path):
    settings = campaign_settings(tmp_path, reference=write_table(tmp_path))
    submit(database, settings)
    submit(database, replace(settings, limit=1))
    assert num_stored(database, ReferenceDoc) == 1
    broken = tmp_path / "broken.json"
    broken.write_text(settings.reference.read_text()[:-20])
    with pytest.raises(ScreeningError, match=r"broken\.json cannot be read as JSON"):
        submit(database, replace(settings, reference=broken))


def test_crystals_in_a_json_file_are_reference_phases_and_no_table(database, tmp_path):
    path = tmp_path / "phases.json"
    path.write_text(json.dumps({name: each.as_dict() for name, each in metals().items()}))
    campaign = submit(database, campaign_settings(tmp_path, reference=path)).campaign
    assert campaign.reference_id is None
    assert set(rows_of(database, campaign, "reference")) == {"Ag", "Au", "Cu"}


def test_elemental_energies_beside_reference_crystals_are_a_mistake(database, tmp_path):
    write_table(tmp_path)
    elements = tmp_path / "my-elemental-reference-entries.json"
    with pytest.raises(InputError, match=r"metals\.jsonl holds crystals"):
        submit(database, campaign_settings(tmp_path, element_energies=elements))


def test_a_limit_reads_that_many_candidates_and_no_fewer_references(database, tmp_path):
    campaign = submit(database, campaign_settings(tmp_path, limit=2)).campaign
    assert len(rows_of(database, campaign)) == 2
    assert len(rows_of(database, campaign, "reference")) == len(metals())


def test_crystals_are_read_as_they_are_written(database, tmp_path, monkeypatch):
    from workflows import submit as module

    read, most_ahead = 0, 0
    real = module.read_crystals

    def watched(paths):
        nonlocal read, most_ahead
        for crystal in real(paths):
            read += 1
            most_ahead = max(most_ahead, read - num_stored(database, CandidateDoc))
            yield crystal

    monkeypatch.setattr(module, "read_crystals", watched)
    monkeypatch.setattr(module, "CRYSTALS_PER_WRITE", 2)
    submit(database, campaign_settings(tmp_path))
    assert read == 8 + 1  # the first phase is looked at before anything is stored
    assert most_ahead <= 2 + 1
    assert CRYSTALS_PER_WRITE < 10_000


def test_metadata_that_looks_like_an_operator_is_kept_as_text(database, tmp_path):
    hostile = rocksalt("Na", "Cl")
    hostile.add_site_property("$where", [{"$gt": 1}, {"$gt": 2}])
    hostile.add_site_property("magmom", [0.5, float("nan")])
    row = {"material_id": "a/$b", "$set": {"status": "screened"}, "structure": hostile.as_dict()}
    path = tmp_path / "hostile.jsonl"
    path.write_text(json.dumps(row) + "\n")
    campaign = submit(database, campaign_settings(tmp_path, candidates=(path,))).campaign
    (stored,) = rows_of(database, campaign).values()
    assert stored.status == "pending"
    assert stored.known_outcome == {"material_id": "a/$b", "_set": {"status": "screened"}}
    assert stored.material_id == "a_b"
    raw = database[StructureDoc.collection].find_one({"_id": stored.structure_id})
    assert raw["site_properties"] == [{"name": "magmom", "values": [0.5, None]}]


def test_a_campaign_without_candidates_or_with_empty_shards_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="at least one file"):
        CampaignSettings(candidates=(), reference=tmp_path)
    with pytest.raises(ConfigError, match="one or more"):
        CampaignSettings(candidates=(tmp_path,), reference=tmp_path, shard_size=0)


def test_a_reference_without_any_crystal_is_refused_before_anything_is_stored(database, tmp_path):
    empty = tmp_path / "phases"
    empty.mkdir()
    settings = campaign_settings(tmp_path, reference=empty)
    with pytest.raises(InputError, match="holds no crystal that can be read"):
        submit(database, settings)
    assert num_stored(database, CampaignDoc) == 0
