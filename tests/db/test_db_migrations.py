from pathlib import Path

import bson
import pytest
from bson import json_util
from bson.codec_options import CodecOptions
from db_samples import FINGERPRINT, campaign, candidate, relaxation, structure

from db.documents import CampaignDoc, CandidateDoc, ReferenceDoc, RelaxationDoc, StructureDoc
from db.documents.candidate import ELEMENT_SETS
from db.errors import SchemaMismatchError
from db.migrations import KINDS, STEPS, migrate, upgraded
from db.queries import candidates
from db.writes import insert_candidates, insert_structures, save_campaign, write_relaxations

WRITTEN_BY_VERSION_1 = Path(__file__).parent / "data" / "v1"
UTC_TIMES = json_util.DEFAULT_JSON_OPTIONS.with_options(tz_aware=True)
UTC = CodecOptions(tz_aware=True)
COLLECTIONS_1 = {
    kind.collection: kind
    for kind in (CampaignDoc, CandidateDoc, ReferenceDoc, RelaxationDoc, StructureDoc)
}


def of_version_1(collection):
    text = (WRITTEN_BY_VERSION_1 / f"{collection}.json").read_text(encoding="utf-8")
    return json_util.loads(text, json_options=UTC_TIMES)


@pytest.fixture
def old_database(database):
    for collection in COLLECTIONS_1:
        database[collection].insert_many(of_version_1(collection))
    return database


def everything(database):
    return {
        name: sorted(database[name].find(), key=lambda raw: raw["_id"]) for name in COLLECTIONS_1
    }


def test_the_steps_of_every_kind_lead_from_its_first_version_to_the_one_that_is_read():
    for kind in KINDS:
        versions = [1, *(step.to_version for step in STEPS if step.kind is kind)]
        assert versions == list(range(1, kind.model_fields["schema_version"].default + 1))


@pytest.mark.integration
def test_documents_of_version_1_become_what_this_version_writes(old_database):
    migrate(old_database)
    for name, raws in everything(old_database).items():
        for raw in raws:
            document = COLLECTIONS_1[name].from_mongo(raw)
            assert bson.decode(bson.encode(document.to_mongo()), UTC) == raw
    (first, *_) = candidates(old_database)
    assert first.potential_fingerprint == FINGERPRINT
    assert old_database["candidates"].find_one({ELEMENT_SETS: "Mg-O"}) is not None
    rejected = old_database["candidates"].find_one({"_id": "c1/m3"})
    assert rejected["potential_fingerprint"] is None


@pytest.mark.integration
def test_nothing_that_was_known_is_changed(old_database):
    before = everything(old_database)
    migrate(old_database)
    for name, raws in everything(old_database).items():
        for old, new in zip(before[name], raws, strict=True):
            kept = {key: new[key] for key in old}
            assert kept | {"schema_version": 1} == old


@pytest.mark.integration
def test_migrating_again_does_nothing_and_a_dry_run_only_tells(old_database):
    before = everything(old_database)
    told = migrate(old_database, is_dry_run=True)
    assert everything(old_database) == before
    assert migrate(old_database) == told
    assert {each.collection: each.num_documents for each in told} == {
        "campaigns": 2,
        "candidates": 3,
        "references": 1,
        "relaxations": 2,
    }
    after = everything(old_database)
    assert {each.num_documents for each in migrate(old_database)} == {0}
    assert everything(old_database) == after


@pytest.mark.integration
def test_a_migration_that_was_cut_off_goes_on_where_it_was(old_database):
    unit = everything(old_database)
    migrate(old_database)
    whole = everything(old_database)
    half = unit["candidates"][1]
    old_database["candidates"].replace_one({"_id": half["_id"]}, half)
    migrate(old_database)
    assert everything(old_database) == whole


@pytest.mark.integration
def test_documents_of_this_version_are_left_alone(database):
    save_campaign(database, campaign())
    insert_structures(database, [structure()])
    insert_candidates(database, [candidate()])
    write_relaxations(database, [relaxation()])
    before = {name: list(database[name].find()) for name in ("campaigns", "candidates")}
    assert {each.num_documents for each in migrate(database)} == {0}
    assert {name: list(database[name].find()) for name in before} == before


@pytest.mark.integration
def test_documents_of_a_newer_facet_stop_the_migration_before_it_changes_anything(old_database):
    old_database["structures"].update_one({}, {"$set": {"schema_version": 99}})
    before = everything(old_database)
    with pytest.raises(SchemaMismatchError, match="use a newer Facet"):
        migrate(old_database)
    assert everything(old_database) == before


def test_reading_says_which_way_to_mend_a_version():
    (old, *_) = of_version_1("relaxations")
    with pytest.raises(SchemaMismatchError, match="run `facet db migrate`"):
        RelaxationDoc.from_mongo(old)
    with pytest.raises(SchemaMismatchError, match="use a newer Facet"):
        RelaxationDoc.from_mongo(old | {"schema_version": 99})


def test_a_raw_document_is_upgraded_by_the_same_steps():
    (old, *_) = of_version_1("candidates")
    new = upgraded(CandidateDoc, old, {"c1": FINGERPRINT})
    assert CandidateDoc.from_mongo(new).potential_fingerprint == FINGERPRINT
    with pytest.raises(SchemaMismatchError, match="newer"):
        upgraded(CandidateDoc, old | {"schema_version": 3}, {})
