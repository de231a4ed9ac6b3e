"""Who decides what is calculated, and what a budget may decide."""

from __future__ import annotations

import pytest
from dft_samples import RECORDED, pair, store_campaign, store_candidate

from db.follow_ups import follow_ups_of
from workflows.dft.approval import Calculation, approve, approve_within, reject
from workflows.dft.errors import FollowUpError
from workflows.dft.makers import MATERIALS_PROJECT, dft_maker, maker_digest

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
