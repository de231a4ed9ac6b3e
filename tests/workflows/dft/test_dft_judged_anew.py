"""What DFT taught reaches verdicts, ranks and candidates, and screening takes nothing back."""

from __future__ import annotations

import csv
import io

import pytest
from dft_samples import RECORDED, give_result, stored
from workflow_samples import (
    campaign_settings,
    rocksalt,
    rows_of,
    run_whole,
    write_lines,
    write_table,
)

from db.documents import CandidateDoc
from db.errors import DbError
from db.locks import take_lock
from screening.rules import BudgetRule, FlagRule
from workflows.dft.approval import Calculation, approve
from workflows.dft.errors import FollowUpError
from workflows.dft.learning import FEWEST_TO_CALIBRATE, _observation
from workflows.dft.loop import update
from workflows.dft.proposals import ranked
from workflows.dft.retelling import changed_outcomes
from workflows.judging.again import flag
from workflows.judging.anew import judged_anew, news_of
from workflows.screen import screen

pytestmark = pytest.mark.integration

CALCULATION = Calculation(RECORDED)
NEAR = FlagRule(name="near", max_energy_above_hull=5.0, budget=BudgetRule(1e9, 0.1))
DEEP = -20.0
"""eV/atom; a phase that nothing in these tests can live beside."""


@pytest.fixture
def salts(facet_environment, database, tmp_path):
    """Two crystals of one compound and one of another, against a table of dft energies."""
    crystals = {
        "found": rocksalt("Na", "Cl"),
        "other": rocksalt("Na", "Cl", 9.0),
        "apart": rocksalt("K", "Cl"),
    }
    path = write_lines(tmp_path / "salts.jsonl", crystals)
    asked = campaign_settings(
        tmp_path, candidates=(path,), reference=write_table(tmp_path), rule=NEAR
    )
    return run_whole(database, asked)


def deep_result(database, campaign, name="found"):
    """Let DFT find a very stable crystal."""
    (asked,) = approve(database, campaign, [name], CALCULATION, "ada")
    give_result(database, asked, formation=DEEP)
    return asked


def everything(database, campaign):
    """All that is stored of candidates and campaign, but for the time of the last save."""
    (raw,) = database["campaigns"].find({"_id": campaign.campaign_id})
    rows = list(database[CandidateDoc.collection].find({}, sort=[("_id", 1)]))
    asked = list(database["follow_ups"].find({}, {"frames": 0}, sort=[("_id", 1)]))
    return rows, raw | {"updated_at": None}, asked


def test_a_candidate_whose_hull_moved_is_judged_again_by_the_rule(salts, database):
    before = rows_of(database, salts)
    assert before["other"].is_flagged
    assert {row.rank for row in before.values()} == {1, 2, 3}
    deep_result(database, salts)
    update(database, salts.campaign_id)
    after = rows_of(database, salts)
    other = after["other"]
    assert (other.is_flagged, other.verdict, other.rank) == (False, "rejected", None)
    assert f"{1000 * other.energy_above_hull:.0f} meV/atom above" in other.reasons[0]
    assert other.chances.on_hull < before["other"].chances.on_hull
    assert (other.choice.role, other.choice.inclusion_probability) == ("drawn", 1.0)
    place = other.hulls["dft"]
    assert place.energy_above_hull == other.energy_above_hull == other.evidence["energy_above_hull"]
    assert place.decomposes_to[0].material_id == "candidate:found"
    assert place.version != before["other"].hulls["dft"].version
    assert {after[name].rank for name in ("found", "apart")} == {1, 2}
    assert after["apart"].hulls == before["apart"].hulls
    campaign = stored(database, salts)
    assert (campaign.counts["flagged"], campaign.counts["verdict_rejected"]) == (2, 1)
    assert campaign.counts["reference_phases"] == salts.counts["reference_phases"] + 1
    assert campaign.summary["screening"]["choices"]["chosen"]["num"] == 2


def test_screening_again_after_an_update_changes_nothing(salts, database):
    deep_result(database, salts)
    update(database, salts.campaign_id)
    expected = everything(database, salts)
    screen(database, salts.campaign_id)
    assert everything(database, salts) == expected


def test_screening_again_brings_up_to_date_what_no_update_has_seen(salts, database):
    deep_result(database, salts)
    screen(database, salts.campaign_id)
    screened = everything(database, salts)
    assert stored(database, salts).summary["dft"]["num_results"] == 1
    update(database, salts.campaign_id)
    assert everything(database, salts) == screened


def test_another_rule_and_the_rule_of_before_leave_what_dft_taught(salts, database):
    deep_result(database, salts)
    update(database, salts.campaign_id)
    expected = everything(database, salts)
    flag(database, salts.campaign_id, FlagRule(name="all", max_energy_above_hull=1000.0))
    assert all(row.is_flagged for row in rows_of(database, salts).values())
    assert stored(database, salts).summary["dft"]["num_new_phases"] == 1
    flag(database, salts.campaign_id, NEAR)
    assert everything(database, salts) == expected


def test_a_screening_waits_for_an_update_and_never_takes_its_turn(salts, database, monkeypatch):
    monkeypatch.setattr("workflows.screen.SECONDS_TO_WAIT", 0.2)
    deep_result(database, salts)
    before = everything(database, salts)
    assert take_lock(database, f"dft-update/{salts.campaign_id}", "another", 60.0)
    with pytest.raises(DbError, match="is being updated by another process"):
        screen(database, salts.campaign_id)
    assert everything(database, salts) == before


def test_a_candidate_holds_what_dft_said_beside_what_was_predicted(salts, database, facet):
    asked = deep_result(database, salts)
    update(database, salts.campaign_id)
    rows = rows_of(database, salts)
    found = rows["found"].dft
    assert found.follow_up_id == asked.follow_up_id
    assert found.formation_energy_per_atom < -10
    # The compound of the table is the best of what is left when its own result is taken off.
    assert found.energy_above_hull == pytest.approx(found.formation_energy_per_atom + 2.0, abs=1e-6)
    assert found.is_stable
    assert found.volume_change == pytest.approx(0.02)
    assert (found.ordering, found.completed_at.date().isoformat()) == (
        "ferromagnetic",
        "2026-10-05",
    )
    assert rows["found"].energy_above_hull == rows["found"].hulls["dft"].energy_above_hull
    assert rows["other"].dft is None
    told = facet("query", "--campaign", salts.campaign_id, "--json").document
    by_name = {each["material_id"]: each for each in told}
    assert by_name["found"]["dft_result_above_hull"] == found.energy_above_hull
    assert by_name["found"]["dft_result_date"] == "2026-10-05"
    assert by_name["other"]["dft_result_above_hull"] is None
    table = facet("query", "--campaign", salts.campaign_id).out
    assert "DFT" in table
    text = facet("query", "--campaign", salts.campaign_id, "--format", "csv").out
    (row,) = (each for each in csv.DictReader(io.StringIO(text)) if each["dft_result_ordering"])
    assert float(row["dft_result_above_hull"]) == pytest.approx(found.energy_above_hull)


def test_a_result_of_another_functional_says_on_the_candidate_why_it_has_no_distance(
    salts, database
):
    (asked,) = approve(database, salts, ["found"], CALCULATION, "ada")
    give_result(database, asked, run_type="r2SCAN")
    update(database, salts.campaign_id)
    found = rows_of(database, salts)["found"].dft
    assert (found.energy_above_hull, found.is_stable) == (None, None)
    assert "r2SCAN" in found.no_distance


def test_what_is_proposed_is_what_screening_stored_and_a_budget_changes_the_choice_alone(
    salts, database
):
    rows = rows_of(database, salts)
    proposed = {each.candidate.material_id: each for each in ranked(database, salts)}
    assert proposed.keys() == rows.keys()
    for name, row in rows.items():
        each = proposed[name]
        assert (each.cost, each.p_stable) == (row.core_hours, row.p_stable)
        assert each.choice.role.value == row.choice.role
        assert each.choice.reason == row.choice.reason
        assert each.choice.inclusion_probability == row.choice.inclusion_probability
    none = {each.candidate.material_id: each for each in ranked(database, salts, 0.0)}
    assert {each.choice.role.value for each in none.values()} == {"left"}
    assert [none[name].cost for name in rows] == [proposed[name].cost for name in rows]


def test_what_calibrates_the_errors_of_distances_judges_every_candidate_again(campaign, database):
    names = [f"pair-{at}" for at in range(FEWEST_TO_CALIBRATE)]
    before = rows_of(database, campaign)
    for each in approve(database, campaign, names, CALCULATION, "ada"):
        give_result(database, each)
    update(database, campaign.campaign_id)
    after = rows_of(database, campaign)
    assert all(row.chances.is_calibrated for row in after.values())
    assert after["pair-39"].p_stable != before["pair-39"].p_stable
    by_name = {each.candidate.material_id: each for each in ranked(database, campaign)}
    assert by_name["pair-39"].p_stable == after["pair-39"].p_stable
    values = [row.rank for row in after.values() if row.is_flagged]
    assert sorted(values) == list(range(1, len(values) + 1))


def test_the_rule_is_scored_by_what_it_flagged_when_dft_was_asked(campaign, database):
    row = rows_of(database, campaign)["pair-4"]
    (asked,) = approve(database, campaign, ["pair-4"], CALCULATION, "ada")
    request = asked.requests[0].model_copy(update={"kind": "exploration"})
    assert request.is_flagged == row.is_flagged
    now = row.model_copy(update={"is_flagged": not row.is_flagged})
    seen = _observation(now, request, None, is_rejected=False)
    assert seen.is_flagged == row.is_flagged


def test_a_campaign_of_an_older_facet_is_to_be_screened_again_before_anything_is_proposed(
    campaign, database
):
    unknown = {"evidence": None, "core_hours": None, "choice": None, "p_stable": None}
    database[CandidateDoc.collection].update_many({}, {"$set": unknown})
    with pytest.raises(FollowUpError, match="`facet screen` again"):
        ranked(database, campaign)


def test_candidates_that_were_judged_without_evidence_still_move(campaign, database):
    (asked,) = approve(database, campaign, ["pair-3"], CALCULATION, "ada")
    raw = database[CandidateDoc.collection].find_one({"material_id": "pair-3"})
    key = f"{campaign.campaign_id}/rival"
    rival = raw | {"_id": key, "material_id": "rival", "evidence": None}
    database[CandidateDoc.collection].insert_one(rival)
    give_result(database, asked, formation=-0.2)
    update(database, campaign.campaign_id)
    row = rows_of(database, campaign)["rival"]
    assert row.energy_above_hull == pytest.approx(raw["energy_above_hull"] + 0.2)
    assert (row.verdict, row.is_flagged) == (raw["verdict"], raw["is_flagged"])


def test_what_has_nothing_new_to_say_writes_no_candidate(salts, database):
    deep_result(database, salts)
    update(database, salts.campaign_id)
    before = [each.model_copy() for each in rows_of(database, salts).values()]
    rows = [each.model_copy() for each in rows_of(database, salts).values()]
    campaign = stored(database, salts)
    again = judged_anew(database, rows, news_of(campaign, None), NEAR, campaign.campaign_id)
    assert list(changed_outcomes(before, again)) == []
