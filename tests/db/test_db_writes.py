import threading

import pytest
from db_samples import campaign, candidate, reference, relaxation, structure

from db.documents import (
    CandidateDoc,
    CandidateOutcome,
    ReferenceDoc,
    ReferencePhaseDoc,
    RelaxationDoc,
    SiteProperty,
)
from db.errors import DocumentRefusedError
from db.queries import documents_by_id, known_ids, latest_campaign
from db.writes import (
    InsertCount,
    UpdateCount,
    insert_candidates,
    insert_references,
    insert_structures,
    save_campaign,
    update_candidates,
    write_relaxations,
)

pytestmark = pytest.mark.integration


def rows(database, collection):
    return sorted(database[collection].find(), key=lambda row: row["_id"])


def test_the_same_structures_twice_leave_the_same_rows_and_say_so(database):
    several = [structure(f"s{i}") for i in range(2500)]
    assert insert_structures(database, several) == InsertCount(num_new=2500, num_known=0)
    before = rows(database, "structures")
    more = [structure("s2500"), *several, structure("s2500")]
    assert insert_structures(database, iter(more)) == InsertCount(num_new=1, num_known=2501)
    after = rows(database, "structures")
    assert [row for row in after if row["_id"] != "s2500"] == before


def test_nothing_to_write_is_no_error(database):
    assert insert_structures(database, []) == InsertCount(0, 0)
    assert update_candidates(database, []) == UpdateCount(0, 0, 0)


def test_a_document_comes_back_from_the_server_as_it_went(database):
    sent = structure(site_properties=(SiteProperty(name="$magmom", values=[1.5, None]),))
    insert_structures(database, [sent])
    assert list(documents_by_id(database, type(sent), ["s1"])) == [sent]
    result = relaxation(
        energy=float("nan"), message="The forces turned NaN.", stop_reason="diverged"
    )
    write_relaxations(database, [result])
    assert list(documents_by_id(database, RelaxationDoc, ["r1"])) == [result]


def test_the_first_acknowledged_result_wins(database):
    assert write_relaxations(database, [relaxation(energy=-1.0)]) == InsertCount(1, 0)
    assert write_relaxations(database, [relaxation(energy=-2.0)]) == InsertCount(0, 1)
    assert database["relaxations"].find_one()["energy"] == -1.0


def test_two_workers_with_the_same_results_store_each_once(database):
    counts = []

    def work(energy):
        results = [relaxation(f"r{i}", energy=energy) for i in range(1500)]
        counts.append(write_relaxations(database, results))

    workers = [threading.Thread(target=work, args=(energy,)) for energy in (-1.0, -2.0, -3.0)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(count.num_new for count in counts) == 1500
    assert sum(count.num_known for count in counts) == 3000
    assert database["relaxations"].count_documents({}) == 1500


def test_submitting_again_does_not_undo_what_was_learned(database):
    insert_candidates(database, [candidate()])
    update_candidates(database, [("c1/m1", CandidateOutcome(status="relaxed", num_steps=9))])
    assert insert_candidates(database, [candidate()]) == InsertCount(0, 1)
    stored = CandidateDoc.from_mongo(database["candidates"].find_one())
    assert stored == candidate(status="relaxed", num_steps=9)


def test_an_update_sets_only_the_fields_that_were_given_and_may_be_repeated(database):
    insert_candidates(database, [candidate(), candidate("m2")])
    first = CandidateOutcome(status="relaxed", relaxation_id="r1", fmax=0.01)
    second = CandidateOutcome(status="screened", energy_above_hull=0.02, is_flagged=True)
    assert update_candidates(database, [("c1/m1", first)]) == UpdateCount(1, 0, 0)
    both = [("c1/m1", second), ("c1/gone", second)]
    assert update_candidates(database, both) == UpdateCount(1, 0, 1)
    assert update_candidates(database, both) == UpdateCount(0, 1, 1)
    changed, untouched = (CandidateDoc.from_mongo(row) for row in rows(database, "candidates"))
    assert (changed.relaxation_id, changed.fmax, changed.status) == ("r1", 0.01, "screened")
    assert untouched == candidate("m2")


def test_a_campaign_saved_again_keeps_what_was_asked_and_takes_what_was_learned(database):
    assert save_campaign(database, campaign())
    later = campaign(status="finished", counts={"flagged": 3}, source="renamed.cif")
    assert not save_campaign(database, later)
    stored = latest_campaign(database)
    assert stored is not None
    assert (stored.status, stored.counts) == ("finished", {"flagged": 3})
    assert (stored.source, stored.created_at) == ("input.cif", campaign().created_at)


def test_text_that_looks_like_an_operator_is_stored_as_text(database):
    nasty = ['{"$ne": null}', "$where", "a.b", "x\0y", "../../etc/passwd"]
    insert_candidates(database, [candidate(name, rejection=name) for name in nasty])
    found = {row["material_id"]: row["rejection"] for row in database["candidates"].find()}
    assert found == {name: name for name in nasty}


def test_a_document_above_sixteen_mebibytes_is_refused_by_name(database):
    with pytest.raises(DocumentRefusedError, match=r"'huge' takes 17\.0 MiB .* at most 16 MiB"):
        write_relaxations(database, [relaxation("huge", message="x" * 17 * 2**20)])
    assert database["relaxations"].count_documents({}) == 0


def test_a_number_that_bson_does_not_know_is_refused_by_name(database):
    with pytest.raises(DocumentRefusedError, match="'c1/m1' holds a value"):
        insert_candidates(database, [candidate(known_outcome={"count": 2**70})])


def test_a_reference_of_the_size_of_the_materials_project_fits(database):
    phases = tuple(
        ReferencePhaseDoc(phase_id=f"mp-{i}", formula="Li2FeO3", formation_energy_per_atom=-1.5)
        for i in range(34_000)
    )
    whole = reference(phases=phases)
    assert insert_references(database, [whole]) == InsertCount(1, 0)
    assert insert_references(database, [whole]) == InsertCount(0, 1)
    assert next(documents_by_id(database, ReferenceDoc, ["ref"])) == whole


def test_known_ids_say_what_need_not_be_done_again(database):
    write_relaxations(database, [relaxation("r1"), relaxation("r2")])
    assert known_ids(database, RelaxationDoc, ["r0", "r1", "r2"]) == {"r1", "r2"}
