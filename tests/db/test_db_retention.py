from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from db_samples import FINGERPRINT, candidate, relaxation, structure

from db.blobs import CHUNKS, FILES, put_blob, store_blob
from db.documents import Blob, RelaxationDoc, StructureDoc, SuspendedState, TaskDoc, pack_geometry
from db.queries import documents_by_id
from db.retention import Freed, Trajectories, prune_orphans, prune_states, prune_trajectories
from db.tasks import add_tasks
from db.writes import insert_candidates, insert_structures, write_relaxations

pytestmark = pytest.mark.integration

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
MONTH = timedelta(days=30)
LENGTH = 100_000


def way(seed, length=LENGTH):
    return Blob.of(np.random.default_rng(seed).bytes(length))


def make_old(database):
    old = {"uploadDate": LONG_AGO, "metadata.put_at": LONG_AGO}
    database[FILES].update_many({}, {"$set": old})


@pytest.fixture
def with_ways(database):
    """Trajectories r1 to r4, all in GridFS; r4 is young, and r1 that of a flagged candidate."""
    for number, age in enumerate((400, 300, 200, 1), start=1):
        ended = datetime.now(UTC) - timedelta(days=age)
        write_relaxations(
            database,
            [relaxation(f"r{number}", trajectory=way(number), num_frames=5, created_at=ended)],
        )
    write_relaxations(database, [relaxation("r5", created_at=LONG_AGO)])
    insert_candidates(
        database,
        [
            candidate("m1", relaxation_id="r1", is_flagged=True),
            candidate("m2", relaxation_id="r2", is_flagged=False),
            candidate("m3", campaign_id="c2", relaxation_id="r3"),
        ],
    )
    make_old(database)
    return database


def those_with_a_way(database):
    return {raw["_id"] for raw in database["relaxations"].find({"trajectory": {"$ne": None}})}


def test_old_trajectories_go_and_the_rest_of_their_documents_stays(with_ways):
    before = with_ways["relaxations"].find_one({"_id": "r1"})
    assert prune_trajectories(with_ways, Trajectories(MONTH)) == Freed(3, 3 * LENGTH)
    assert those_with_a_way(with_ways) == {"r4"}
    after = with_ways["relaxations"].find_one({"_id": "r1"})
    assert after == before | {"trajectory": None, "num_frames": 0}
    assert prune_orphans(with_ways) == Freed(3, 3 * LENGTH)
    assert with_ways[FILES].count_documents({}) == 1
    (young,) = documents_by_id(with_ways, RelaxationDoc, ["r4"])
    assert young.num_frames == 5


def test_those_of_flagged_candidates_can_be_kept(with_ways):
    prune_trajectories(with_ways, Trajectories(MONTH, keep_flagged=True))
    assert those_with_a_way(with_ways) == {"r1", "r4"}


def test_those_of_one_campaign_can_go_alone(with_ways):
    prune_trajectories(with_ways, Trajectories(MONTH, campaign_id="c2"))
    assert those_with_a_way(with_ways) == {"r1", "r2", "r4"}


def test_a_dry_run_says_the_same_and_changes_nothing(with_ways):
    which = Trajectories(MONTH)
    told = prune_trajectories(with_ways, which, is_dry_run=True)
    assert those_with_a_way(with_ways) == {"r1", "r2", "r3", "r4"}
    assert prune_trajectories(with_ways, which) == told
    told = prune_orphans(with_ways, is_dry_run=True)
    assert with_ways[FILES].count_documents({}) == 4
    assert prune_orphans(with_ways) == told
    assert prune_orphans(with_ways) == Freed()


def test_bytes_that_any_document_refers_to_are_no_orphans(with_ways):
    n = 90_000
    points = np.random.default_rng(0).random((n, 3))
    large = structure(geometry=pack_geometry(np.full(n, 8), points, np.eye(3)), nsites=n)
    insert_structures(with_ways, [large])
    state = SuspendedState(num_steps=3, content=store_blob(with_ways, b"state" * 100_000))
    add_tasks(with_ways, [task("r9", state=state)])
    make_old(with_ways)
    assert prune_orphans(with_ways) == Freed()
    assert list(documents_by_id(with_ways, StructureDoc, ["s1"])) == [large]


def task(name, **changes):
    fields = {
        "task_id": name,
        "structure_id": "s1",
        "potential_fingerprint": FINGERPRINT,
        "nsites": 2,
        "created_at": LONG_AGO,
        "updated_at": LONG_AGO,
    }
    return TaskDoc(**(fields | changes))


def test_young_orphans_stay_since_their_document_may_be_on_its_way(database):
    put_blob(database, b"x" * LENGTH)
    assert prune_orphans(database) == Freed()
    make_old(database)
    put_blob(database, b"x" * LENGTH)
    assert prune_orphans(database) == Freed()
    make_old(database)
    assert prune_orphans(database) == Freed(1, LENGTH)


def test_an_upload_that_was_cut_off_long_ago_is_cleared(database):
    from bson import ObjectId

    database[CHUNKS].insert_one({"files_id": ObjectId(), "n": 0, "data": b"young"})
    old = ObjectId.from_datetime(LONG_AGO)
    database[CHUNKS].insert_one({"files_id": old, "n": 0, "data": b"old!"})
    assert prune_orphans(database) == Freed(1, 4)
    assert [raw["data"] for raw in database[CHUNKS].find()] == [b"young"]


def test_states_of_tasks_that_are_done_go_and_others_stay(database):
    state = SuspendedState(num_steps=3, content=Blob.of(b"state"))
    add_tasks(database, [task("a", state=state, status="done"), task("b", state=state)])
    assert prune_states(database, is_dry_run=True) == Freed(1, 5)
    assert prune_states(database) == Freed(1, 5)
    assert [raw["_id"] for raw in database["tasks"].find({"state": {"$ne": None}})] == ["b"]
