"""Comparisons of potentials and names of references in an archive."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from db_samples import FINGERPRINT, campaign, candidate, reference, relaxation, structure

from db.archive.exporting import export_campaigns
from db.archive.importing import import_archive
from db.client import open_database
from db.documents.comparison import ComparisonDoc
from db.reference_names import give_name, reference_name
from db.writes import (
    insert_candidates,
    insert_documents,
    insert_references,
    insert_structures,
    save_campaign,
    write_relaxations,
)

pytestmark = pytest.mark.integration

THEIRS = "a" * 64
STRANGER = "b" * 64


def compared(name, campaign_id="c1", **changes):
    fields = {
        "comparison_id": name,
        "campaign_id": campaign_id,
        "created_at": datetime(2026, 11, 1, tzinfo=UTC),
        "peers": ({"fingerprint": FINGERPRINT}, {"fingerprint": THEIRS}),
        "material_ids": ("m1",),
    }
    return ComparisonDoc(**(fields | changes))


@pytest.fixture
def stored(database):
    """Campaign c1, relaxed with two potentials, of which one has crystals of a pool too."""
    insert_structures(database, [structure(each) for each in ("s1", "pool", "elsewhere")])
    write_relaxations(
        database,
        [
            relaxation("ours"),
            relaxation("theirs", potential_fingerprint=THEIRS),
            relaxation("aligned", potential_fingerprint=THEIRS, structure_id="pool"),
            relaxation("strange", potential_fingerprint=STRANGER),
            relaxation("other", potential_fingerprint=THEIRS, structure_id="elsewhere"),
        ],
    )
    insert_candidates(database, [candidate("m1", status="screened", relaxation_id="ours")])
    insert_references(database, [reference()])
    save_campaign(database, campaign(reference_id="ref"))
    insert_documents(
        database,
        ComparisonDoc,
        [compared("of-c1", pool=("pool",), runs=({"seconds": 2.5},)), compared("of-c9", "c9")],
    )
    return database


@pytest.fixture
def other(db_settings):
    settings = db_settings.model_copy(update={"database": f"{db_settings.database}_b"})
    with open_database(settings) as b:
        yield b
        b.client.drop_database(b.name)


def keys(database, name):
    return sorted(raw["_id"] for raw in database[name].find({}, {"_id": 1}))


def test_a_comparison_travels_with_the_results_of_every_potential(stored, other, tmp_path):
    manifest = export_campaigns(stored, ["c1"], tmp_path / "c1.zip")
    import_archive(other, tmp_path / "c1.zip")
    assert keys(other, "comparisons") == ["of-c1"]
    assert keys(other, "relaxations") == ["aligned", "ours", "theirs"]
    assert keys(other, "structures") == ["pool", "s1"]
    assert other["comparisons"].find_one() == stored["comparisons"].find_one({"_id": "of-c1"})
    assert manifest.potential_fingerprints == (THEIRS, FINGERPRINT)
    assert manifest.members["relaxations.bson"].num_documents == 3
    again = import_archive(other, tmp_path / "c1.zip")
    assert {each.num_new for each in again.counts.values()} == {0}


def test_results_of_others_stay_behind_where_nothing_was_compared(stored, other, tmp_path):
    stored["comparisons"].delete_many({})
    export_campaigns(stored, ["c1"], tmp_path / "c1.zip")
    import_archive(other, tmp_path / "c1.zip")
    assert keys(other, "relaxations") == ["ours"]


def test_a_name_travels_with_its_reference_and_only_with_it(stored, other, tmp_path):
    first = reference()
    newer = first.model_copy(update={"reference_id": "newer"})
    insert_references(stored, [newer])
    give_name(stored, newer)
    give_name(stored, first, replaced="newer")
    export_campaigns(stored, ["c1"], tmp_path / "c1.zip")
    import_archive(other, tmp_path / "c1.zip")
    named = reference_name(other, first.name)
    assert named.reference_id == "ref"
    assert named.previous == ()  # the archive does not hold that one

    give_name(stored, newer, replaced="ref")
    export_campaigns(stored, ["c1"], tmp_path / "later.zip")
    import_archive(other, tmp_path / "later.zip")
    assert reference_name(other, first.name).reference_id == "ref"


def test_a_name_that_stands_for_something_here_stays(stored, other, tmp_path):
    mine = reference().model_copy(update={"reference_id": "mine"})
    insert_references(other, [mine])
    give_name(other, mine)
    give_name(stored, reference())
    export_campaigns(stored, ["c1"], tmp_path / "c1.zip")
    import_archive(other, tmp_path / "c1.zip")
    assert reference_name(other, mine.name).reference_id == "mine"
    assert keys(other, "references") == ["mine", "ref"]
