"""Measured stabilities as documents, and on their way through an archive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from db_samples import FINGERPRINT, campaign, candidate, reference, relaxation, structure
from pydantic import ValidationError

from db.archive.exporting import export_campaigns
from db.archive.importing import import_archive
from db.client import open_database
from db.documents.stability import ElasticPart, StabilityDoc
from db.stabilities import insert_stabilities, stabilities_of
from db.writes import (
    insert_candidates,
    insert_references,
    insert_structures,
    save_campaign,
    write_relaxations,
)

NOW = datetime(2026, 11, 1, tzinfo=UTC)
ROW = (100.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def stability(name, relaxation_id="ours", **changes):
    fields = {
        "stability_id": name,
        "relaxation_id": relaxation_id,
        "kind": "elastic",
        "potential_fingerprint": FINGERPRINT,
        "settings": {"strain": 0.005},
        "elastic": ElasticPart(
            eigenvalues=ROW, stiffness=(ROW,) * 6, bulk_modulus=33.0, shear_modulus=None
        ),
        "seconds": 0.5,
        "created_at": NOW,
    }
    return StabilityDoc(**(fields | changes))


@pytest.mark.parametrize(
    "changes", [{"elastic": None}, {"kind": "phonons"}, {"fault": "It broke."}]
)
def test_a_measurement_says_what_its_kind_says_or_why_not(changes):
    with pytest.raises(ValidationError, match="what its kind says, or a fault"):
        stability("s", **changes)
    assert stability("s", elastic=None, fault="It broke.").fault == "It broke."


@pytest.mark.integration
def test_the_first_of_two_measurements_stays_and_the_latest_of_several_comes_last(database):
    assert insert_stabilities(database, [stability("a", created_at=NOW + timedelta(1))]).num_new
    again = stability("a", elastic=None, fault="later")
    assert insert_stabilities(database, [again, stability("b")]).num_known == 1
    insert_stabilities(database, [stability("c", relaxation_id="other")])
    found = list(stabilities_of(database, ["ours", "unknown", "ours"]))
    assert [each.stability_id for each in found] == ["b", "a"]
    assert found[1] == stability("a", created_at=NOW + timedelta(1))


@pytest.mark.integration
def test_measurements_of_a_campaign_travel_with_it_and_others_stay(database, db_settings, tmp_path):
    insert_structures(database, [structure("s1")])
    write_relaxations(database, [relaxation("ours"), relaxation("other")])
    insert_candidates(database, [candidate("m1", status="screened", relaxation_id="ours")])
    insert_references(database, [reference()])
    save_campaign(database, campaign(reference_id="ref"))
    insert_stabilities(database, [stability("mine"), stability("theirs", relaxation_id="other")])
    manifest = export_campaigns(database, ["c1"], tmp_path / "a.zip")
    assert manifest.members["stabilities.bson"].num_documents == 1
    elsewhere = db_settings.model_copy(update={"database": f"{database.name}_copy"})
    with open_database(elsewhere) as other:
        import_archive(other, tmp_path / "a.zip")
        assert list(stabilities_of(other, ["ours", "other"])) == [stability("mine")]
        other.client.drop_database(other.name)
