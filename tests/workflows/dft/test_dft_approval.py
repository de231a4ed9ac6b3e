"""Who decides what is calculated, and what a budget may decide."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from dft_samples import RECORDED, pair, store_campaign, store_candidate

from db.errors import SchemaMismatchError
from db.follow_ups import follow_ups_of
from workflows.dft.approval import (
    Calculation,
    Wishes,
    approve,
    approve_within,
    decide_on,
    reject,
)
from workflows.dft.errors import FollowUpError
from workflows.dft.makers import MATERIALS_PROJECT, dft_maker, maker_digest
from workflows.dft.proposals import ranked, ranked_by_name

pytestmark = pytest.mark.integration

CALCULATION = Calculation(RECORDED)


def statuses(database, campaign):
    asked = follow_ups_of(database, campaign.campaign_id)
    return {each.requests[0].material_id: each.status for each in asked}


def test_a_budget_is_never_exceeded_however_often_it_is_given(campaign, database):
    cheapest = approve_within(database, campaign, 1e9, CALCULATION)
    budget = sum(each.cost for each in cheapest) / 3
    database["follow_ups"].delete_many({})
    for _ in range(3):
        approve_within(database, campaign, budget, CALCULATION)
    asked = follow_ups_of(database, campaign.campaign_id, ["approved"])
    assert 0 < sum(each.cost for each in asked) <= budget
    assert {each.decided_by for each in asked} == {"budget"}


def test_the_same_budget_again_approves_nothing_new(campaign, database):
    first = approve_within(database, campaign, 100.0, CALCULATION)
    assert first
    assert approve_within(database, campaign, 100.0, CALCULATION) == []


def test_what_a_person_rejected_no_budget_approves(campaign, database):
    reject(database, campaign, ["pair-0", "pair-1"], CALCULATION, "ada")
    approve_within(database, campaign, 1e9, CALCULATION)
    told = statuses(database, campaign)
    assert (told["pair-0"], told["pair-1"], told["pair-2"]) == ("rejected", "rejected", "approved")


def test_a_person_may_approve_what_was_rejected(campaign, database):
    reject(database, campaign, ["pair-0"], CALCULATION, "ada")
    approve(database, campaign, ["pair-0"], CALCULATION, "bob")
    (asked,) = follow_ups_of(database, campaign.campaign_id)
    assert (asked.status, asked.decided_by) == ("approved", "bob")


def test_nothing_is_approved_unseen_without_a_limit(campaign, database):
    with pytest.raises(FollowUpError, match="--budget CORE_HOURS"):
        approve_within(database, campaign, None, CALCULATION)


def test_an_unknown_name_is_refused_and_nothing_is_approved(campaign, database):
    with pytest.raises(FollowUpError, match="'no-such'"):
        approve(database, campaign, ["pair-0", "no-such"], CALCULATION, "ada")
    assert follow_ups_of(database, campaign.campaign_id) == []


def test_an_unknown_name_among_others_decides_nothing(campaign, database):
    for wishes in (Wishes(["no-such"], ["pair-0"]), Wishes(["pair-0"], ["no-such"])):
        with pytest.raises(FollowUpError, match="'no-such'"):
            decide_on(database, campaign, wishes, CALCULATION, "ada")
    assert follow_ups_of(database, campaign.campaign_id) == []


def test_a_decision_looks_at_no_other_candidate(campaign, database):
    others = {"material_id": {"$nin": ["pair-0", "pair-1"]}}
    database["candidates"].update_many(others, {"$set": {"schema_version": 99}})
    with pytest.raises(SchemaMismatchError):
        ranked(database, campaign)
    wishes = Wishes(["pair-0"], ["pair-1"])
    approved, rejected = decide_on(database, campaign, wishes, CALCULATION, "ada")
    assert [each.status for each in (*approved, *rejected)] == ["approved", "rejected"]


@pytest.mark.parametrize("forgotten", ["choice", "choice.rank"])
def test_what_is_stored_of_a_candidate_is_what_ranking_the_campaign_says(
    campaign, database, forgotten
):
    names = [f"pair-{at}" for at in range(40)]
    stored = ranked_by_name(database, campaign, names)
    listed = ranked(database, campaign)
    database["candidates"].update_many({}, {"$unset": {forgotten: ""}})
    computed = ranked(database, campaign)
    assert {each.choice.role.value for each in computed} == {"chosen", "drawn", "left"}
    assert [each.choice for each in listed] == [each.choice for each in computed]
    by_name = {each.candidate.material_id: each.choice for each in computed}
    assert {name: each.choice for name, each in stored.items()} == by_name
    again = ranked_by_name(database, campaign, names)
    assert {name: each.choice for name, each in again.items()} == by_name


def test_the_same_decision_twice_changes_nothing(campaign, database):
    wishes = Wishes(["pair-0"], ["pair-1"])
    decide_on(database, campaign, wishes, CALCULATION, "ada")
    before = list(database["follow_ups"].find())
    decide_on(database, campaign, wishes, CALCULATION, "bob")
    assert list(database["follow_ups"].find()) == before


def test_candidates_that_share_a_relaxation_share_the_calculation(campaign, database):
    raw = database["candidates"].find_one({"material_id": "pair-0"})
    copied = {"_id": f"{campaign.campaign_id}/copy", "material_id": "copy"}
    database["candidates"].insert_one(raw | copied)
    approve(database, campaign, ["pair-0", "copy"], CALCULATION, "ada")
    (asked,) = follow_ups_of(database, campaign.campaign_id)
    assert [each.material_id for each in asked.requests] == ["pair-0"]
    assert asked.status == "approved"


@pytest.mark.parametrize(("is_replicated", "left"), [(True, []), (False, ["proposed"])])
def test_a_decision_that_was_cut_off_is_ended_by_making_it_again(
    campaign, database, monkeypatch, is_replicated, left
):
    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("db.follow_ups.decide", die)
        patched.setattr("db.transactions.has_transactions", lambda _: is_replicated)
        with pytest.raises(KeyboardInterrupt):
            approve(database, campaign, ["pair-0"], CALCULATION, "ada")
    found = follow_ups_of(database, campaign.campaign_id)
    assert [each.status for each in found] == left
    approve(database, campaign, ["pair-0"], CALCULATION, "ada")
    (asked,) = follow_ups_of(database, campaign.campaign_id)
    assert (asked.status, asked.decided_by, len(asked.requests)) == ("approved", "ada", 1)


def test_of_two_who_decide_at_once_one_is_the_last_for_every_ordering(campaign, database):
    store_candidate(database, campaign, pair("Fe", "Al"), 99)
    calculation = Calculation(RECORDED, num_antiferromagnetic=2)
    both = Barrier(2)

    def insist(decide, by):
        both.wait()
        for _ in range(5):
            decide(database, campaign, ["pair-99"], calculation, by)

    with ThreadPoolExecutor(2) as people:
        for each in [people.submit(insist, approve, "ada"), people.submit(insist, reject, "bob")]:
            each.result()
    asked = follow_ups_of(database, campaign.campaign_id)
    assert len(asked) == 3
    (truth,) = {(each.status, each.decided_by) for each in asked}
    assert truth in {("approved", "ada"), ("rejected", "bob")}


def test_a_copy_and_a_candidate_that_did_not_converge_are_not_drawn(facet_environment, database):
    campaign = store_campaign(database, 30)
    copied = {"duplicate_of": "x", "verdict": "duplicate", "is_flagged": False}
    database["candidates"].update_one({"material_id": "pair-7"}, {"$set": copied})
    unfinished = {"stop_reason": "max_steps", "core_hours": None, "choice": None}
    database["candidates"].update_one({"material_id": "pair-6"}, {"$set": unfinished})
    approve_within(database, campaign, 1e9, CALCULATION)
    told = statuses(database, campaign)
    assert "pair-6" not in told
    assert "pair-7" not in told


def test_a_magnetic_candidate_may_have_orderings_and_all_of_them_cost(campaign, database):
    store_candidate(database, campaign, pair("Fe", "Al"), 99)
    calculation = Calculation(RECORDED, num_antiferromagnetic=2)
    asked = approve(database, campaign, ["pair-99"], calculation, "ada")
    orderings = {each.ordering: each for each in asked}
    assert orderings.keys() == {"ferromagnetic", "afm-1", "afm-2"}
    plain, doubled = orderings["ferromagnetic"], orderings["afm-1"]
    assert plain.magmoms == (5.0, 0.6)
    assert (doubled.nsites, sorted(doubled.magmoms)) == (4, [-5.0, 0.0, 0.0, 5.0])
    assert doubled.cost > plain.cost
    assert "ordering 1 of 3 enumerated" in doubled.ordering_note


def test_a_maker_is_known_by_what_it_is_and_not_by_the_version_that_wrote_it(monkeypatch):
    maker = dft_maker(MATERIALS_PROJECT)
    digest = maker_digest(maker)
    monkeypatch.setattr("atomate2.__version__", "99.0")
    assert maker_digest(dft_maker(MATERIALS_PROJECT)) == digest
    assert maker_digest(dft_maker(RECORDED)) != digest
    assert maker_digest(dft_maker("recorded_dft:other_functional")) != maker_digest(
        dft_maker(RECORDED)
    )


@pytest.mark.parametrize(
    "path", ["", "nothing", "no.such.module:Maker", "json:nothing", "json:JSONDecoder"]
)
def test_what_is_no_maker_is_refused_in_a_sentence(path):
    with pytest.raises(FollowUpError, match="Maker"):
        dft_maker(path)
