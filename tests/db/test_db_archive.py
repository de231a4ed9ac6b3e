import bson
import numpy as np
import pytest
from db_samples import FINGERPRINT, campaign, candidate, reference, relaxation, structure

from db.archive.exporting import all_campaigns, export_campaigns
from db.archive.importing import import_archive
from db.blobs import FILES
from db.client import open_database
from db.documents import Blob, TaskDoc, pack_geometry
from db.documents.task import Lease
from db.errors import ArchiveError, SchemaMismatchError
from db.tasks import add_tasks
from db.transactions import server_time
from db.writes import (
    insert_candidates,
    insert_references,
    insert_structures,
    save_campaign,
    write_relaxations,
)

pytestmark = pytest.mark.integration

DOCUMENTS = ("campaigns", "candidates", "structures", "relaxations", "references", "tasks")
LARGE = 90_000


def large_geometry():
    points = np.random.default_rng(0).random((LARGE, 3)) * 50
    return pack_geometry(np.full(LARGE, 8), points, np.eye(3) * 50)


def task(database, name, **changes):
    now = server_time(database)
    fields = {
        "task_id": name,
        "structure_id": "s1",
        "potential_fingerprint": FINGERPRINT,
        "nsites": 2,
        "campaigns": ("c1",),
        "created_at": now,
        "updated_at": now,
    }
    return TaskDoc(**(fields | changes))


@pytest.fixture
def full(database):
    """Campaign c1 with something of every kind, and another campaign beside it."""
    insert_structures(
        database, [structure("s1"), structure("s2"), structure("s3"), structure("s9")]
    )
    insert_structures(database, [structure("s4", geometry=large_geometry(), nsites=LARGE)])
    trajectory = Blob.of(np.random.default_rng(1).bytes(300_000))
    write_relaxations(database, [relaxation("r1", trajectory=trajectory, num_frames=9)])
    write_relaxations(database, [relaxation("r3", structure_id="s3"), relaxation("r9")])
    insert_references(database, [reference()])
    insert_candidates(
        database,
        [
            candidate("m1", status="screened", relaxation_id="r1", energy_above_hull=0.01, rank=1),
            candidate("m2", structure_id="s2"),
            candidate("m3", structure_id="s3"),
            candidate("m4", structure_id="s4"),
            candidate("m5", structure_id=None, status="rejected_input", rejection="Empty."),
            candidate("m9", campaign_id="c9", structure_id="s9", relaxation_id="r9"),
        ],
    )
    tasks = [
        task(database, "r1", status="done"),
        task(database, "r2", structure_id="s2", campaigns=("c1", "c9")),
        task(database, "r3", structure_id="s3", status="done"),
        task(database, "r4", structure_id="s4", status="set_aside", losses=3),
    ]
    add_tasks(database, tasks)
    save_campaign(database, campaign(status="finished", reference_id="ref", counts={"flagged": 1}))
    save_campaign(database, campaign("c9"))
    return database


@pytest.fixture
def other(db_settings):
    with open_database(
        db_settings.model_copy(update={"database": f"{db_settings.database}_b"})
    ) as b:
        yield b
        b.client.drop_database(b.name)


def everything(database):
    rows = {name: sorted(database[name].find(), key=lambda raw: raw["_id"]) for name in DOCUMENTS}
    return rows | {"blobs": sorted(raw["filename"] for raw in database[FILES].find())}


def test_a_campaign_comes_back_in_another_database_as_it_was(full, other, tmp_path):
    manifest = export_campaigns(full, ["c1"], tmp_path / "c1.zip")
    imported = import_archive(other, tmp_path / "c1.zip")
    assert imported.manifest == manifest
    before, after = everything(full), everything(other)
    assert [raw["_id"] for raw in after["candidates"]] == [f"c1/m{i}" for i in range(1, 6)]
    assert [raw["_id"] for raw in after["structures"]] == ["s1", "s2", "s3", "s4"]
    assert [raw["_id"] for raw in after["relaxations"]] == ["r1", "r3"]
    assert [raw["_id"] for raw in after["campaigns"]] == ["c1"]
    assert after["blobs"] == before["blobs"]
    for name in DOCUMENTS:
        kept = {raw["_id"]: raw for raw in before[name]}
        for raw in after[name]:
            expected = kept[raw["_id"]]
            if name == "tasks":  # of the campaigns that ask for it, those of the archive
                expected = expected | {"campaigns": ["c1"]}
            assert raw == expected


def test_all_campaigns_come_back_as_they_were(full, other, tmp_path):
    export_campaigns(full, all_campaigns(full), tmp_path / "all.zip")
    import_archive(other, tmp_path / "all.zip")
    assert everything(other) == everything(full)


def test_importing_twice_changes_nothing_and_says_so(full, other, tmp_path):
    export_campaigns(full, ["c1"], tmp_path / "c1.zip")
    first = import_archive(other, tmp_path / "c1.zip")
    assert {name: count.num_new for name, count in first.counts.items()} == {
        "structures": 4,
        "references": 1,
        "reference_names": 0,
        "relaxations": 2,
        "candidates": 5,
        "tasks": 4,
        "comparisons": 0,
        "stabilities": 0,
        "campaigns": 1,
    }
    before = everything(other)
    again = import_archive(other, tmp_path / "c1.zip")
    assert {count.num_new for count in again.counts.values()} == {0}
    assert again.num_brought_forward == 0
    assert everything(other) == before


def test_importing_where_it_came_from_changes_nothing(full, tmp_path):
    before = everything(full)
    export_campaigns(full, ["c1"], tmp_path / "c1.zip")
    import_archive(full, tmp_path / "c1.zip")
    assert everything(full) == before


def test_what_is_known_stays_and_what_waits_takes_over_what_was_learned(full, other, tmp_path):
    export_campaigns(full, ["c1"], tmp_path / "c1.zip")
    write_relaxations(other, [relaxation("r3", structure_id="s3", energy=-99.0)])
    insert_candidates(other, [candidate("m1"), candidate("m3", status="screened", rank=7)])
    add_tasks(other, [task(other, "r1")])
    save_campaign(other, campaign(status="running"))
    imported = import_archive(other, tmp_path / "c1.zip")
    assert other["relaxations"].find_one({"_id": "r3"})["energy"] == -99.0
    assert other["candidates"].find_one({"_id": "c1/m3"})["rank"] == 7
    assert other["candidates"].find_one({"_id": "c1/m1"})["energy_above_hull"] == 0.01
    assert other["tasks"].find_one({"_id": "r1"})["status"] == "done"
    assert other["campaigns"].find_one()["counts"] == {"flagged": 1}
    assert imported.num_brought_forward == 2


def test_the_manifest_names_licenses_potentials_and_what_is_inside(full, tmp_path):
    manifest = export_campaigns(full, ["c1"], tmp_path / "c1.zip")
    assert [each.license for each in manifest.licenses] == ["CC-BY-4.0"]
    assert manifest.potential_fingerprints == (FINGERPRINT,)
    assert manifest.members["candidates.bson"].num_documents == 5


def test_claims_do_not_travel(full, other, tmp_path):
    now = server_time(full)
    lease = Lease(worker="w", lease_id="w/1", claimed_at=now, expires_at=now, crowd=1)
    held = {"status": "leased", "token": 4, "lease": lease.model_dump()}
    full["tasks"].update_one({"_id": "r2"}, {"$set": held})
    export_campaigns(full, ["c1"], tmp_path / "c1.zip")
    import_archive(other, tmp_path / "c1.zip")
    raw = other["tasks"].find_one({"_id": "r2"})
    assert (raw["status"], raw["lease"]) == ("pending", None)


def test_an_unknown_campaign_is_refused_and_leaves_no_file(full, tmp_path):
    with pytest.raises(ArchiveError, match="holds no campaign c7"):
        export_campaigns(full, ["c1", "c7"], tmp_path / "c.zip")
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_fails_leaves_no_file(full, tmp_path):
    full["structures"].update_one({"_id": "s2"}, {"$set": {"schema_version": 0}})
    with pytest.raises(SchemaMismatchError, match="facet db migrate"):
        export_campaigns(full, ["c1"], tmp_path / "c.zip")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_told(full, tmp_path):
    with pytest.raises(ArchiveError, match="cannot be written"):
        export_campaigns(full, ["c1"], tmp_path / "absent" / "c.zip")


def test_members_are_plain_bson_that_other_tools_read(full, tmp_path):
    from zipfile import ZipFile

    export_campaigns(full, ["c1"], tmp_path / "c1.zip")
    with ZipFile(tmp_path / "c1.zip") as archive:
        raws = bson.decode_all(archive.read("candidates.bson"))
    assert [raw["material_id"] for raw in raws] == ["m1", "m2", "m3", "m4", "m5"]
