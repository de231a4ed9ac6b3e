"""``facet plan`` as users run it."""

from __future__ import annotations

import pytest
from workflow_samples import alloys, campaign_settings, metals, run_whole, write_lines, write_table

from db.documents import RelaxationDoc

pytestmark = pytest.mark.integration

LOOSE = ("--fmax", "900", "--smax", "1e6")


@pytest.fixture
def files(tmp_path):
    """Candidates and competing phases."""
    candidates = write_lines(tmp_path / "candidates.jsonl", alloys())
    return candidates, write_lines(tmp_path / "metals.jsonl", metals())


@pytest.fixture
def no_database(tmp_path, monkeypatch):
    """A user who never set up a database."""
    monkeypatch.delenv("FACET_MONGO_URI", raising=False)
    monkeypatch.setenv("FACET_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_a_plan_foretells_what_the_campaign_stores(
    facet, files, facet_environment, database, tmp_path
):
    candidates, reference = files
    told = facet("plan", candidates, "--reference", reference, *LOOSE, "--json").document
    assert database.list_collection_names() == []
    campaign = run_whole(database, campaign_settings(tmp_path))
    read, forecast = told["input"], told["forecast"]
    assert (read["num_candidates"], read["num_reference_inputs"]) == (5, 3)
    assert (read["num_duplicates"], read["num_known"], read["num_to_relax"]) == (1, 0, 7)
    assert forecast["ends"]["converged"]["expected"] == pytest.approx(7)
    for name in ("structures", "candidates", "relaxations", "tasks", "campaigns", "references"):
        assert forecast["documents"][name] == database[name].count_documents({}), name
    assert campaign.counts["candidates"] == read["num_candidates"]


def test_what_is_known_needs_no_time(facet, files, facet_environment, database, tmp_path):
    run_whole(database, campaign_settings(tmp_path))
    before = database[RelaxationDoc.collection].count_documents({})
    told = facet("plan", *files[:1], *LOOSE, "--json")
    assert told.document["input"]["num_known"] == 4
    assert told.document["forecast"] is None
    assert "Nothing is to be relaxed" in told.err
    assert database[RelaxationDoc.collection].count_documents({}) == before


def test_without_a_database_nothing_is_asked_and_none_is_made(facet, files, no_database):
    told = facet("plan", files[0], *LOOSE, "--gpus", "2", "--shard-size", "2", "--watts", "50")
    assert told.code == 0, told.err
    assert "relaxed before: not asked: no database is set up here" in told.out
    assert "time on 2 devices:" in told.out
    assert "(50 W as given)" in told.out
    assert "4 (4)" not in told.out
    assert not no_database.exists()


def test_a_database_that_is_away_is_said_and_stops_nothing(facet, files, no_database, monkeypatch):
    monkeypatch.setenv("FACET_MONGO_URI", "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=50")
    told = facet("plan", files[0], *LOOSE, "--json")
    assert told.code == 0
    assert told.document["input"]["num_known"] is None
    assert told.document["input"]["known"].startswith("not asked: No MongoDB server answers")


def test_rejects_are_counted_by_reason(facet, no_database, tmp_path):
    broken = (
        '2\nLattice="4 0 0 0 4 0 0 0 4" Properties=species:S:1:pos:R:3\nCu 0 0 0\nCu 0 0 0.001\n'
    )
    path = tmp_path / "broken.extxyz"
    path.write_text(2 * broken)
    told = facet("plan", path)
    assert told.code == 0
    assert "2 rejected" in told.out
    assert "to relax: 0 crystals" in told.out


def test_a_table_of_energies_is_read_and_counted_as_one_document(
    facet, files, no_database, tmp_path
):
    table = write_table(tmp_path)
    told = facet("plan", files[0], "--reference", table, *LOOSE, "--json").document
    assert told["input"]["num_reference_inputs"] == 0
    assert told["forecast"]["documents"]["references"] == 1


def test_mistakes_are_one_sentence(facet, files, no_database, tmp_path):
    mistakes = {
        (tmp_path / "nothing",): "does not exist",
        (files[0], "--elements", files[1]): "give --reference too",
        (files[0], "--device", "cuda:99"): "is not here",
        (files[0], "--min-sample", "9", "--max-sample", "3"): "limits in order",
    }
    for arguments, sentence in mistakes.items():
        told = facet("plan", *arguments)
        assert (told.code, told.out) == (1, ""), arguments
        assert sentence in told.err, arguments
        assert len(told.err.strip().splitlines()) == 1
