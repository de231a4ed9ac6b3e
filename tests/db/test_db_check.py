import pytest
from db_samples import candidate
from pymongo import ASCENDING

from db.check import explain, index_faults
from db.filters import CandidateFilter, CandidateSort
from db.indexes import INDEXES, ensure_indexes
from db.writes import insert_candidates

pytestmark = pytest.mark.integration


@pytest.fixture
def stored(database):
    """6,000 candidates of which few are large."""
    documents = (candidate(f"m{i:04d}", nsites=9 if i == 5_999 else 2) for i in range(6_000))
    insert_candidates(database, documents)
    return database


def test_a_new_database_lacks_every_index_and_then_none(database):
    assert {each.kind for each in index_faults(database)} == {"missing"}
    assert len(index_faults(database)) == len(INDEXES)
    ensure_indexes(database)
    assert index_faults(database) == []


def test_missing_different_and_foreign_indexes_are_told_apart(database):
    ensure_indexes(database)
    collection = database["candidates"]
    collection.drop_index("hull")
    collection.drop_index("campaign_end")
    collection.create_index([("stop_reason", ASCENDING)], name="campaign_end")
    collection.create_index([("num_steps", ASCENDING)], name="mine")
    faults = {each.name: each for each in index_faults(database)}
    kinds = {name: each.kind for name, each in faults.items()}
    assert kinds == {"hull": "missing", "campaign_end": "different", "mine": "foreign"}
    assert "facet db init" in faults["hull"].sentence
    assert "drop it" in faults["mine"].sentence


def test_a_good_question_needs_no_mending(stored):
    ensure_indexes(stored)
    told = explain(stored, CandidateFilter(campaign_id="c1"))
    assert not told.is_slow
    assert told.is_kept_fast
    assert told.sentences[0].startswith("Nothing to mend: 100 candidates found")
    assert {each.index for each in told.stretches} == {"campaign_by_hull"}
    assert sum(each.num_documents for each in told.stretches) == 100


def test_reading_everything_is_called_slow_and_the_index_is_named(stored):
    told = explain(stored, CandidateFilter())
    assert told.is_slow
    assert "'hull' is missing: run `facet db init`" in told.sentences[0]
    assert any("whole collection is read" in each for each in told.sentences)


def test_a_question_without_an_index_is_told_how_to_be_asked(stored):
    ensure_indexes(stored)
    where = CandidateFilter(min_nsites=9, max_nsites=9)
    told = explain(stored, where, CandidateSort(field="energy_per_atom"))
    assert told.is_slow
    assert not told.is_kept_fast
    assert "No index is kept for nsites by energy_per_atom in all campaigns" in told.sentences[-1]
    assert "name a campaign" in told.sentences[-1]
