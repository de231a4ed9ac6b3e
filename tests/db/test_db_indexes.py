import pytest

from db import queries
from db.documents import BaseDoc
from db.indexes import INDEXES, ensure_indexes

pytestmark = pytest.mark.integration


def test_indexes_may_be_ensured_again(database):
    ensure_indexes(database)
    ensure_indexes(database)
    for collection in {index.collection for index in INDEXES}:
        wanted = {index.name for index in INDEXES if index.collection == collection}
        assert set(database[collection].index_information()) == wanted | {"_id_"}


def test_every_index_says_what_it_serves_and_names_known_fields():
    models = {model.collection: model for model in BaseDoc.__subclasses__()}
    for index in INDEXES:
        fields = {field.lstrip("-") for field in index.fields}
        assert fields <= {"_id", *models[index.collection].model_fields}
        assert index.serves


def test_no_two_indexes_share_a_name_or_fields():
    assert len({(index.collection, index.name) for index in INDEXES}) == len(INDEXES)
    assert len({(index.collection, index.fields) for index in INDEXES}) == len(INDEXES)


def test_queries_named_by_indexes_exist():
    text = " ".join(index.serves for index in INDEXES)
    for name in ("pending_structures", "relaxed_candidates", "counts_by", "relaxations_of"):
        assert name in text
        assert hasattr(queries, name)
