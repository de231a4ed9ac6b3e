"""The loop closes: hulls, distances, calibration and scores follow from the results alone."""

from __future__ import annotations

import random

import pytest
from dft_samples import (
    METALS,
    RECORDED,
    give_result,
    pair,
    store_campaign,
    store_candidate,
    stored,
    table,
)
from pymatgen.entries.computed_entries import ComputedEntry
from recorded_dft import formation_energy

from db.documents import CandidateDoc, ReferenceDoc
from db.errors import DbError
from db.follow_ups import follow_ups_of
from db.locks import take_lock
from db.queries import documents_by_id
from screening.changes import PhaseChange
from screening.errors import ScreeningError
from screening.reference import ReferencePhase
from workflows.convert import structure_of
from workflows.dft.approval import Calculation, approve, approve_within, reject
from workflows.dft.learning import FEWEST_TO_CALIBRATE
from workflows.dft.loop import learn_from, update
from workflows.dft.proposals import learned_calibration, ranked
from workflows.dft.resident_hulls import resident_hulls, undone
from workflows.references import phases_of

pytestmark = pytest.mark.integration

CALCULATION = Calculation(RECORDED)
NAMES = tuple(f"pair-{index}" for index in range(6))


def everything(database, campaign):
    """All that an update writes, without times."""
    rows = list(database[CandidateDoc.collection].find({}, sort=[("_id", 1)]))
    asked = [each.requests for each in follow_ups_of(database, campaign.campaign_id)]
    return rows, asked, stored(database, campaign).summary["dft"]


def phases(database, campaign):
    key = stored(database, campaign).summary["dft"]["reference_id"]
    (found,) = documents_by_id(database, ReferenceDoc, [key])
    return {each.phase_id: each.formation_energy_per_atom for each in phases_of(found)}


def distance(database, name):
    return database[CandidateDoc.collection].find_one({"material_id": name})["energy_above_hull"]


def test_a_result_becomes_a_phase_of_a_new_reference_and_the_old_one_stays(campaign, database):
    (asked,) = approve(database, campaign, ["pair-3"], CALCULATION, "ada")
    give_result(database, asked, formation=-0.2)
    learned = update(database, campaign.campaign_id)
    assert phases(database, campaign)["candidate:pair-3"] == pytest.approx(-0.2)
    (new,) = documents_by_id(database, ReferenceDoc, [learned["reference_id"]])
    assert (new.date, new.scheme) == ("2026-10-05", "MP2020")
    (old,) = documents_by_id(database, ReferenceDoc, [campaign.reference_id])
    assert not any(each.phase_id.startswith("candidate:") for each in phases_of(old))


def test_a_candidate_is_not_measured_against_its_own_result_and_others_of_its_system_are(
    campaign, database
):
    (asked,) = approve(database, campaign, ["pair-3"], CALCULATION, "ada")
    key = f"{campaign.campaign_id}/rival"
    raw = database[CandidateDoc.collection].find_one({"material_id": "pair-3"})
    database[CandidateDoc.collection].insert_one(raw | {"_id": key, "material_id": "rival"})
    before = distance(database, "pair-3")
    give_result(database, asked, formation=-0.2)
    update(database, campaign.campaign_id)
    assert distance(database, "pair-3") == pytest.approx(before)
    assert distance(database, "rival") == pytest.approx(before + 0.2)
    assert distance(database, "pair-4") == pytest.approx(0.03 * 2)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_results_leaves_no_trace(campaign, database, seed):
    asked = approve(database, campaign, NAMES, CALCULATION, "ada")
    for each in asked:
        give_result(database, each)
    update(database, campaign.campaign_id)
    expected = everything(database, campaign)
    database["follow_ups"].update_many({}, {"$set": {"status": "submitted", "result": None}})
    database["follow_ups"].update_many({}, {"$set": {"requests.$[].comparison": None}})
    shuffled = random.Random(seed).sample(asked, len(asked))
    database["campaigns"].update_many({}, {"$unset": {"summary.dft": 1}})
    for each in shuffled:
        give_result(database, each)
        update(database, campaign.campaign_id)
    assert everything(database, campaign) == expected


def test_a_second_update_changes_nothing(campaign, database):
    for each in approve(database, campaign, NAMES, CALCULATION, "ada"):
        give_result(database, each)
    first = update(database, campaign.campaign_id)
    expected = everything(database, campaign)
    assert update(database, campaign.campaign_id) == first
    assert everything(database, campaign) == expected


@pytest.mark.parametrize(
    "line", ["insert_references", "update_candidates", "save_comparisons", "_save"]
)
def test_an_update_that_was_killed_is_made_good_by_the_next(campaign, database, monkeypatch, line):
    for each in approve(database, campaign, NAMES, CALCULATION, "ada"):
        give_result(database, each)

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"workflows.dft.loop.{line}", killed)
        with pytest.raises(KeyboardInterrupt):
            update(database, campaign.campaign_id)
    update(database, campaign.campaign_id)
    whole = everything(database, campaign)
    database["campaigns"].update_many({}, {"$unset": {"summary.dft": 1}})
    update(database, campaign.campaign_id)
    assert everything(database, campaign) == whole
    assert len([each for each in phases(database, campaign) if "candidate" in each]) == 6


def test_the_lowest_ordering_of_a_candidate_is_its_phase(campaign, database):
    calculation = Calculation(RECORDED, num_antiferromagnetic=1)
    database["candidates"].delete_many({})
    magnetic = store_magnetic(database, campaign)
    both = approve(database, campaign, [magnetic], calculation, "ada")
    assert [each.ordering for each in sorted(both, key=lambda each: each.ordering)] == [
        "afm-1",
        "ferromagnetic",
    ]
    for each in both:
        give_result(database, each, formation=-0.3 if "afm" in each.ordering else -0.1)
    learned = update(database, campaign.campaign_id)
    assert learned["num_new_phases"] == 1
    assert phases(database, campaign)[f"candidate:{magnetic}"] == pytest.approx(-0.3)


def test_an_element_without_a_zero_keeps_a_result_off_the_hull_and_says_so(campaign, database):
    (asked,) = approve(database, campaign, ["pair-0"], CALCULATION, "ada")
    database["references"].update_one({}, {"$unset": {"element_energies.Ag": 1}})
    give_result(database, asked)
    learned = update(database, campaign.campaign_id)
    assert learned["refused"][0]["material_id"] == "pair-0"
    assert "no elemental energy for Ag" in learned["refused"][0]["reason"]


def test_a_campaign_without_a_dft_reference_says_how_to_give_one(facet_environment, database):
    campaign = store_campaign(database, 3, "campaign-own", reference=False)
    (asked,) = approve(database, campaign, ["pair-0"], CALCULATION, "ada")
    give_result(database, asked)
    learned = update(database, campaign.campaign_id)
    assert "--reference FILE" in learned["no_reference"]
    key = stored(database, store_campaign(database, 0, "campaign-table")).reference_id
    learned = update(database, campaign.campaign_id, key)
    assert learned["num_new_phases"] == 1
    assert "no_reference" not in update(database, campaign.campaign_id)
    assert distance(database, "pair-0") == pytest.approx(-0.06)


def test_enough_results_calibrate_the_probabilities_of_the_rest(campaign, database):
    asked = approve(
        database, campaign, [f"pair-{at}" for at in range(FEWEST_TO_CALIBRATE)], CALCULATION, "ada"
    )
    before = {each.candidate.material_id: each.p_stable for each in ranked(database, campaign)}
    for each in asked[1:]:
        give_result(database, each)
    assert update(database, campaign.campaign_id)["calibration"] is None
    give_result(database, asked[0])
    learned = update(database, campaign.campaign_id)
    fitted = learned["calibration"]
    assert (fitted["num_results"], fitted["date"]) == (FEWEST_TO_CALIBRATE, "2026-10-05")
    campaign = stored(database, campaign)
    assert learned_calibration(campaign).offset == fitted["offset"]
    after = {each.candidate.material_id: each.p_stable for each in ranked(database, campaign)}
    assert after["pair-39"] != before["pair-39"]


def test_precision_is_that_of_the_flagged_and_recall_is_unknown_without_a_draw(campaign, database):
    flagged = [each for each in ranked(database, campaign) if each.candidate.is_flagged]
    names = [each.candidate.material_id for each in flagged]
    asked = approve(database, campaign, names, CALCULATION, "ada")
    for each in asked:
        give_result(database, each)
    learned = update(database, campaign.campaign_id)
    (scores,) = learned["rules"].values()
    stable = [formation_energy(structure_of(each.geometry)) <= 0 for each in asked]
    assert scores["precision"]["value"] == pytest.approx(sum(stable) / len(stable))
    assert scores["num_chosen"] == len(asked)
    assert scores["recall"]["value"] is None
    assert scores["recall"]["note"].startswith("unknown")


def test_candidates_drawn_by_lot_tell_recall(campaign, database):
    asked = approve_within(database, campaign, 1e6, CALCULATION)
    kinds = {each.requests[0].kind for each in asked}
    assert kinds == {"flagged", "exploration"}
    for each in asked:
        give_result(database, each)
    (scores,) = update(database, campaign.campaign_id)["rules"].values()
    assert scores["num_drawn"] > 0
    assert 0 <= scores["recall"]["low"] <= scores["recall"]["value"] <= scores["recall"]["high"]


def test_what_a_person_picked_or_rejected_counts_for_no_rate(campaign, database):
    rows = ranked(database, campaign)
    unflagged = next(
        each.candidate.material_id
        for each in rows
        if not each.candidate.is_flagged and each.choice.role.value == "left"
    )
    (picked,) = approve(database, campaign, [unflagged], CALCULATION, "ada")
    assert (picked.requests[0].kind, picked.requests[0].inclusion_probability) == ("picked", 0.0)
    reject(database, campaign, ["pair-0"], CALCULATION, "ada")
    give_result(database, picked)
    (scores,) = update(database, campaign.campaign_id)["rules"].values()
    assert scores["num_chosen"] == 0
    assert scores["num_candidates"] == 38


def test_a_reference_of_another_scheme_is_refused(campaign, database):
    database["references"].update_one({}, {"$set": {"scheme": "PBE+U uncorrected"}})
    with pytest.raises(ScreeningError, match="cannot hold energies of scheme"):
        update(database, campaign.campaign_id)


def store_magnetic(database, campaign):
    """One candidate with a magnetic element, and that element in the reference."""
    database["references"].update_many({}, {"$set": {"element_energies.Fe": -3.0}})
    database["references"].update_many(
        {},
        {
            "$push": {
                "phases": {"phase_id": "t-Fe", "formula": "Fe", "formation_energy_per_atom": 0.0}
            }
        },
    )
    store_candidate(database, campaign, pair("Fe", "Al"), 0)
    return "pair-0"


def test_only_the_latest_reference_of_a_campaign_is_kept(campaign, database):
    keys = set()
    for each in approve(database, campaign, NAMES, CALCULATION, "ada"):
        give_result(database, each)
        keys.add(update(database, campaign.campaign_id)["reference_id"])
    assert len(keys) == len(NAMES)
    stored_keys = {raw["_id"] for raw in database[ReferenceDoc.collection].find()}
    latest = stored(database, campaign).summary["dft"]["reference_id"]
    assert stored_keys == {campaign.reference_id, latest}


def test_hulls_that_are_lent_again_hold_what_they_held_at_first():
    reference = table()
    cell = pair("Ag", "Au").composition
    change = PhaseChange(put=(ReferencePhase("candidate:x", "AgAu", -0.4),))
    with resident_hulls(reference) as hulls:
        first = hulls.distance(cell, -6.0)
        hulls.apply(change)
        assert hulls.distance(cell, -6.0).energy_above_hull == pytest.approx(0.4)
        hulls.apply(undone(change))
    with resident_hulls(reference) as again:
        assert again is hulls
        assert again.distance(cell, -6.0) == first
    with pytest.raises(KeyboardInterrupt), resident_hulls(reference) as broken:
        raise KeyboardInterrupt
    with resident_hulls(reference) as fresh:
        assert fresh is not broken


def test_a_reference_from_a_file_closes_the_loop_of_a_campaign_without_one(
    facet, facet_environment, database, write_json, tmp_path
):
    campaign = store_campaign(database, 3, "campaign-own", reference=False)
    (asked,) = approve(database, campaign, ["pair-0"], CALCULATION, "ada")
    give_result(database, asked, formation=-0.1)
    assert "--reference FILE" in facet("dft", "update", campaign.campaign_id).out
    phases = {f"t-{each}": {"formula": each, "e_form": 0.0} for each in METALS}
    parameters = {"run_type": "GGA", "hubbards": {}}
    entries = [ComputedEntry(each, -3.0, parameters=parameters).as_dict() for each in METALS]
    write_json("my-elemental-reference-entries.json", entries)
    path = write_json("known.json", phases)
    told = facet("dft", "update", campaign.campaign_id, "--reference", path, "--json").document
    assert told["num_new_phases"] == 1
    (row,) = facet("dft", "status", campaign.campaign_id, "--json").document["follow_ups"]
    assert row["dft_above_hull"] == pytest.approx(-0.1)
    assert row["predicted_above_hull"] == pytest.approx(-0.06)


def test_an_update_waits_for_the_one_that_is_running_and_then_says_so(
    campaign, database, monkeypatch
):
    monkeypatch.setattr("workflows.dft.turns.SECONDS_TO_WAIT", 0.5)
    assert take_lock(database, f"dft-update/{campaign.campaign_id}", "another", 30.0)
    with pytest.raises(DbError, match="is being updated by another process"):
        update(database, campaign.campaign_id)
    (asked,) = approve(database, campaign, ["pair-0"], CALCULATION, "ada")
    give_result(database, asked)
    told = learn_from(database, asked.follow_up_id)
    assert told[campaign.campaign_id].startswith("not updated:")


def test_the_lock_of_an_update_that_was_killed_ends_by_itself(campaign, database):
    (asked,) = approve(database, campaign, ["pair-0"], CALCULATION, "ada")
    give_result(database, asked)
    assert take_lock(database, f"dft-update/{campaign.campaign_id}", "dead", 1.0)
    assert update(database, campaign.campaign_id)["num_new_phases"] == 1


def test_one_update_takes_up_all_results_that_came_at_once(campaign, database, monkeypatch):
    asked = approve(database, campaign, NAMES, CALCULATION, "ada")
    for each in asked:
        give_result(database, each)
    assert learn_from(database, asked[0].follow_up_id) == {campaign.campaign_id: "updated"}
    expected = everything(database, campaign)

    def never(*_):
        raise AssertionError("This update has nothing to do.")

    monkeypatch.setattr("workflows.dft.loop.bring_up_to_date", never)
    for each in asked[1:]:
        assert learn_from(database, each.follow_up_id) == {campaign.campaign_id: "updated"}
    assert everything(database, campaign) == expected
    monkeypatch.undo()
    (late,) = approve(database, campaign, ["pair-9"], CALCULATION, "ada")
    give_result(database, late)
    learn_from(database, late.follow_up_id)
    assert stored(database, campaign).summary["dft"]["num_results"] == len(NAMES) + 1
