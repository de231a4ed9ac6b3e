"""Follow-ups: shared by campaigns, decided once, finished once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from db.documents import pack_geometry
from db.documents.follow_up import Comparison, DftResult, FollowUpDoc, Prediction, Request
from db.errors import MissingDocumentError
from db.follow_ups import (
    ask,
    ask_and_decide,
    decide,
    fail,
    finish,
    follow_up_by_id,
    follow_ups_by_id,
    follow_ups_of,
    follow_ups_of_candidate,
    mark_submitted,
    save_comparisons,
)
from db.indexes import ensure_indexes

pytestmark = pytest.mark.integration

GEOMETRY = pack_geometry([11, 17], [[0, 0, 0], [2, 2, 2]], [[4, 0, 0], [0, 4, 0], [0, 0, 4]])


def request(campaign_id="one", **changes):
    fields = {
        "campaign_id": campaign_id,
        "material_id": "salt",
        "candidate_id": f"{campaign_id}/salt",
        "kind": "flagged",
        "inclusion_probability": 1.0,
        "prediction": Prediction(p_stable=0.5, volume_per_atom=32.0),
    }
    return Request(**{**fields, **changes})


def follow_up(key="f1", **changes):
    fields = {
        "follow_up_id": key,
        "relaxation_id": "r1",
        "formula_pretty": "NaCl",
        "chemsys": "Cl-Na",
        "nsites": 2,
        "maker": "module:Maker",
        "maker_digest": "d1",
        "ordering": "ferromagnetic",
        "geometry": GEOMETRY,
        "magmoms": (0.6, 0.6),
        "cost": 3.0,
        "requests": (request(),),
        "created_at": datetime(2026, 11, 1, tzinfo=UTC),
    }
    return FollowUpDoc(**{**fields, **changes})


def result(energy=-6.0):
    return DftResult(energy=energy, run_type="GGA", geometry=GEOMETRY, volume_per_atom=32.0)


def test_what_is_stored_is_what_is_read(database):
    ensure_indexes(database)
    asked = follow_up(ordering_note="As MPRelaxSet.", status="approved", decided_by="ada")
    assert ask(database, [asked]) == 1
    assert follow_up_by_id(database, "f1") == asked
    assert FollowUpDoc.model_validate_json(asked.model_dump_json()) == asked


def test_campaigns_that_ask_for_the_same_share_it_and_the_first_wish_of_each_stays(database):
    assert ask(database, [follow_up()]) == 1
    assert ask(database, [follow_up(requests=(request(kind="exploration"),))]) == 0
    assert ask(database, [follow_up(requests=(request("two", rank=4),))]) == 1
    (found,) = follow_ups_of(database, "two")
    assert found.request_of("one").kind == "flagged"
    assert found.request_of("two").rank == 4
    assert follow_ups_of(database, "three") == []


def test_a_decision_changes_nothing_that_was_submitted(database):
    ask(database, [follow_up()])
    assert decide(database, ["f1"], "approved", "ada") == 1
    assert decide(database, ["f1"], "approved", "bob") == 0
    mark_submitted(database, "f1", [4, 5])
    assert decide(database, ["f1"], "rejected", "bob") == 0
    (found,) = follow_ups_of(database, "one", ["submitted"])
    assert (found.decided_by, found.fw_ids) == ("ada", (4, 5))


def test_the_first_result_stays_and_a_failure_gives_way_to_it(database):
    ask(database, [follow_up()])
    assert fail(database, "f1", "Killed.")
    assert finish(database, "f1", result(), b"frames")
    assert not finish(database, "f1", result(-9.0), None)
    assert not fail(database, "f1", "Killed again.")
    mark_submitted(database, "f1", [1])
    found = follow_up_by_id(database, "f1")
    assert (found.status, found.result.energy, found.failure) == ("finished", -6.0, None)
    assert found.frames == b"frames"
    assert follow_ups_of(database, "one")[0].frames is None


def test_a_comparison_goes_to_the_campaign_it_is_about(database):
    ask(database, [follow_up(), follow_up(requests=(request("two"),))])
    comparison = Comparison(base_reference_id="b", updated_reference_id="u", dft_above_hull=0.1)
    save_comparisons(database, "two", {"f1": comparison})
    found = follow_up_by_id(database, "f1")
    assert found.request_of("one").comparison is None
    assert found.request_of("two").comparison == comparison


def test_an_unknown_follow_up_is_missing(database):
    with pytest.raises(MissingDocumentError, match="facet dft status"):
        follow_up_by_id(database, "nothing")


def test_the_follow_ups_of_a_campaign_are_found_by_their_index(database):
    ensure_indexes(database)
    ask(database, [follow_up()])
    where = {"requests.campaign_id": {"$eq": "one"}, "status": {"$in": ["approved"]}}
    plan = database["follow_ups"].find(where).explain()["queryPlanner"]["winningPlan"]
    assert "IXSCAN" in str(plan)


def test_the_follow_ups_of_a_candidate_are_found_without_looking_at_others(database):
    ensure_indexes(database)
    others = [
        follow_up(f"f{at}", requests=(request(material_id=f"m{at}", candidate_id=f"one/m{at}"),))
        for at in range(2, 9)
    ]
    ask(database, [follow_up(requests=(request(), request("two"))), *others])
    (found,) = follow_ups_of_candidate(database, "two", "salt")
    assert found.follow_up_id == "f1"
    assert follow_ups_of_candidate(database, "three", "salt") == []
    asked = {"find": "follow_ups", "filter": {"requests.candidate_id": {"$eq": "one/salt"}}}
    told = database.command("explain", asked, verbosity="executionStats")["executionStats"]
    assert (told["nReturned"], told["totalDocsExamined"]) == (1, 1)


def test_what_is_asked_and_decided_in_one_step_says_who_and_keeps_what_others_asked(database):
    ask(database, [follow_up()])
    ask_and_decide(
        database, [follow_up(requests=(request("two"),)), follow_up("f2")], "approved", "ada"
    )
    found = follow_ups_by_id(database, ["f2", "f1", "f1", "nothing"])
    assert [(each.follow_up_id, each.status, each.decided_by) for each in found] == [
        ("f1", "approved", "ada"),
        ("f2", "approved", "ada"),
    ]
    assert [each.campaign_id for each in found[0].requests] == ["one", "two"]
