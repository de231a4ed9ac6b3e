"""``facet db export|import|migrate|prune`` as a user types them."""

from __future__ import annotations

from pathlib import Path

import pytest
from bson import json_util
from workflow_samples import alloys, metals, write_lines

pytestmark = pytest.mark.integration

VERSION_1 = Path(__file__).parents[1] / "db" / "data" / "v1"
LOOSE = ("--fmax", "900", "--smax", "1e6", "--max-above-hull", "1000")


@pytest.fixture
def campaign_id(facet, facet_environment, tmp_path):
    """A campaign that was screened."""
    candidates = write_lines(tmp_path / "candidates.jsonl", alloys())
    reference = write_lines(tmp_path / "metals.jsonl", metals())
    told = facet("screen", candidates, "--reference", reference, *LOOSE, "--json")
    return told.document["campaign_id"]


def test_an_exported_campaign_answers_queries_after_its_import(
    facet, database, campaign_id, tmp_path
):
    path = tmp_path / "out.zip"
    before = facet("query", "--json").document
    wrote = facet("db", "export", "--out", path)
    assert "Wrote 1 campaign to" in wrote.out
    database.client.drop_database(database.name)
    told = facet("db", "import", path, "--json").document
    assert told["campaign_ids"] == [campaign_id]
    assert told["counts"]["candidates"]["num_new"] == len(alloys()) + len(metals())
    assert facet("query", "--json").document == before
    again = facet("db", "import", path)
    assert "0 documents are new" in again.out
    assert facet("db", "check").code == 0


def test_the_manifest_is_printed_for_programs(facet, campaign_id, tmp_path):
    path = tmp_path / "all.zip"
    told = facet("db", "export", "--all", "--out", path, "--json").document
    assert told["campaign_ids"] == [campaign_id]
    assert told["path"] == str(path)


def test_an_archive_that_is_none_ends_in_one_sentence(facet, facet_environment, tmp_path):
    (tmp_path / "a.zip").write_text("no archive")
    told = facet("db", "import", tmp_path / "a.zip")
    assert told.code == 1
    assert told.err.count("\n") == 1
    assert "nothing was changed" in told.err


def test_an_export_without_a_campaign_or_with_another_ending_is_a_mistake(
    facet, facet_environment, tmp_path
):
    assert "no campaign yet" in facet("db", "export", "--out", tmp_path / "a.zip").err
    wrong = facet("db", "export", "--campaign", "c1", "--out", tmp_path / "a.tar")
    assert "must end in .zip" in wrong.err
    assert "no campaign c1" in facet("db", "export", "--campaign", "c1").err


def test_a_database_of_version_1_is_refused_until_it_is_migrated(
    facet, database, facet_environment
):
    for file in VERSION_1.glob("*.json"):
        database[file.stem].insert_many(json_util.loads(file.read_text(encoding="utf-8")))
    refused = facet("query", "--campaign", "c1")
    assert refused.code == 1
    assert "run `facet db migrate`" in refused.err
    assert "3 documents of candidates would become version 2" in (
        facet("db", "migrate", "--dry-run").out
    )
    assert facet("query", "--campaign", "c1").code == 1
    done = facet("db", "migrate", "--json").document
    assert {each["collection"]: each["num_documents"] for each in done["migrations"]} == {
        "campaigns": 2,
        "candidates": 3,
        "references": 1,
        "relaxations": 2,
    }
    assert [each["material_id"] for each in facet("query", "--campaign", "c1", "--json").document]
    assert "newest version" in facet("db", "migrate").out


def test_pruning_says_what_it_would_free_and_then_frees_it(facet, database, facet_environment):
    from datetime import UTC, datetime

    for raw in json_util.loads((VERSION_1 / "relaxations.json").read_text(encoding="utf-8")):
        way = {"content": b"x" * 2**20, "key": None, "num_bytes": 2**20}
        old = {"created_at": datetime(2020, 1, 1, tzinfo=UTC)}
        database["relaxations"].insert_one(raw | old | {"trajectory": way, "num_frames": 3})
    ask = ("db", "prune", "--trajectories-older-than", "30d")
    assert "Would free 2 trajectories, 2.0 MiB." in facet(*ask, "--dry-run").out
    freed = facet(*ask, "--json").document
    assert freed["trajectories"] == {"number": 2, "num_bytes": 2 * 2**20}
    assert "Freed 0 trajectories" in facet(*ask).out
    assert facet("db", "prune", "--json").document["orphaned_blobs"]["number"] == 0


@pytest.mark.parametrize(
    ("options", "match"),
    [
        (("--trajectories-older-than", "soon"), "is no age"),
        (("--trajectories-older-than", "-3d"), "is no age"),
        (("--keep-flagged",), "need --trajectories-older-than"),
        (("--campaign", "c1"), "need --trajectories-older-than"),
    ],
)
def test_an_order_to_prune_that_makes_no_sense_is_a_mistake(
    facet, facet_environment, options, match
):
    told = facet("db", "prune", *options)
    assert told.code == 1
    assert match in told.err
