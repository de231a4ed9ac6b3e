import pytest
from pymongo import ASCENDING, IndexModel

from db import queries
from db.documents import BaseDoc
from db.documents.candidate import ELEMENT_SETS
from db.indexes import INDEXES, ensure_indexes

pytestmark = pytest.mark.integration


def test_indexes_may_be_ensured_again(database):
    ensure_indexes(database)
    ensure_indexes(database)
    for collection in {index.collection for index in INDEXES}:
        wanted = {index.name for index in INDEXES if index.collection == collection}
        assert set(database[collection].index_information()) == wanted | {"_id_"}


def test_an_index_of_ours_that_differs_is_made_anew_and_those_of_others_stay(database):
    collection = database["candidates"]
    collection.create_indexes(
        [
            IndexModel([("status", ASCENDING)], name="campaign_status"),
            IndexModel([("num_steps", ASCENDING)], name="somebody's"),
            IndexModel([("chemsys", ASCENDING)], name="chemical_system"),
        ]
    )
    ensure_indexes(database)
    stored = collection.index_information()
    assert [field for field, _ in stored["campaign_status"]["key"]][:2] == ["campaign_id", "status"]
    assert "somebody's" in stored
    assert "chemical_system" not in stored


def test_writes_of_candidates_pay_for_no_more_than_twenty_indexes():
    assert sum(index.collection == "candidates" for index in INDEXES) <= 20


def test_every_index_says_what_it_serves_and_names_known_fields():
    models = {model.collection: model for model in BaseDoc.__subclasses__()}
    for index in INDEXES:
        fields = {field.lstrip("-").split(".")[0] for field in index.fields}
        assert fields <= {"_id", ELEMENT_SETS, *models[index.collection].model_fields}
        assert index.serves


def test_no_two_indexes_share_a_name_or_fields():
    assert len({(index.collection, index.name) for index in INDEXES}) == len(INDEXES)
    assert len({(index.collection, index.fields) for index in INDEXES}) == len(INDEXES)


def test_queries_named_by_indexes_exist():
    text = " ".join(index.serves for index in INDEXES)
    for name in ("pending_structures", "fingerprints_like", "counts_by", "relaxations_of"):
        assert name in text
        assert hasattr(queries, name)
