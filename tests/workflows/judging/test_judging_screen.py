"""Screening with three hulls, gates and a budget, on a real mongod."""

from __future__ import annotations

from dataclasses import replace

import pytest
from workflow_samples import (
    FLAG_ALL,
    alloys,
    campaign_settings,
    cesium_chloride,
    fcc,
    metals,
    rocksalt,
    rows_of,
    run_whole,
    write_lines,
    write_table,
)

import workflows.screen
from db.documents import ReferenceDoc
from db.queries import documents_by_id
from db.writes import insert_references, save_campaign
from screening.cost import core_hours, workload
from screening.reference import ReferencePhase
from screening.rules import BudgetRule, FlagRule, RankingRule
from workflows.campaign import work_of
from workflows.references import reference_document, reference_of
from workflows.screen import screen
from workflows.submit import submit

pytestmark = pytest.mark.integration

TIGHT = FlagRule(name="tight", max_energy_above_hull=1000.0, budget=BudgetRule(1e-6, 0.1))


def learned(row):
    """All that a campaign learned of a candidate, apart from what names the campaign."""
    told = row.model_dump(exclude={"campaign_id", "origin", "choice"})
    role = row.choice.role if row.choice else None
    return told | {"is_chosen": role == "chosen"}


@pytest.fixture
def alloy_rows(facet_environment, database, tmp_path):
    campaign = run_whole(database, campaign_settings(tmp_path))
    return rows_of(database, campaign)


def test_relaxed_crystals_make_an_own_and_a_self_hull_and_say_why_there_is_no_dft_hull(alloy_rows):
    row = alloy_rows["cu-au"]
    own, with_others = row.hulls["own"], row.hulls["self"]
    assert row.energy_above_hull == own.energy_above_hull
    assert own.decomposes_to == row.decomposes_to
    assert with_others.energy_above_hull >= own.energy_above_hull - 1e-9
    assert own.version != with_others.version
    assert row.hulls["dft"].energy_above_hull is None
    assert "JSON file of DFT formation energies" in row.hulls["dft"].no_reference
    assert row.disagreement is None


def test_a_candidate_is_never_measured_against_its_own_copy(alloy_rows):
    for row in (alloy_rows["cu-au"], alloy_rows["au-cu-again"]):
        rivals = {each.material_id for each in row.hulls["self"].decomposes_to}
        assert not rivals & {"candidate:cu-au", "candidate:au-cu-again"}


def test_a_candidate_without_a_reference_says_so_on_every_hull(alloy_rows):
    lonely = alloy_rows["cu-pd"]
    assert all(each.energy_above_hull is None for each in lonely.hulls.values())
    assert "Pd" in lonely.hulls["own"].no_reference
    assert (lonely.chances, lonely.p_stable, lonely.choice, lonely.rank) == (None,) * 4


def test_a_candidate_lower_than_its_rivals_puts_the_others_on_a_lower_self_hull(
    facet_environment, database, tmp_path
):
    crystals = {"near": cesium_chloride("Cu", "Au"), "far": cesium_chloride("Cu", "Au", 5.6)}
    path = write_lines(tmp_path / "two.jsonl", crystals)
    campaign = run_whole(database, campaign_settings(tmp_path, candidates=(path,)))
    rows = rows_of(database, campaign)
    lower, higher = sorted(rows.values(), key=lambda row: row.energy_per_atom)
    gap = higher.energy_per_atom - lower.energy_per_atom
    assert gap > 0.01
    assert higher.hulls["self"].energy_above_hull >= gap - 1e-6
    assert higher.hulls["own"].energy_above_hull - lower.hulls["own"].energy_above_hull == (
        pytest.approx(gap, abs=1e-6)
    )


def test_the_summary_says_which_hulls_there_are_and_what_the_choices_cost(
    facet_environment, database, tmp_path
):
    campaign = run_whole(database, campaign_settings(tmp_path))
    told = campaign.summary["screening"]
    assert told["headline_hull"] == "own"
    assert told["hulls"]["own"] == {"num_phases": 3, "num_measured": 4, "why_absent": None}
    assert told["hulls"]["self"]["num_phases"] > 3
    assert "no dft hull" in told["hulls"]["dft"]["why_absent"]
    rows = rows_of(database, campaign).values()
    costs = [row.core_hours for row in rows if row.choice and row.choice.role == "chosen"]
    assert told["choices"]["chosen"] == {"num": 3, "core_hours": pytest.approx(sum(costs))}
    assert [each["material_id"] for each in told["unplaced"]] == ["cu-pd"]


def test_a_table_makes_a_dft_hull_only(facet_environment, database, tmp_path):
    path = write_lines(tmp_path / "salts.jsonl", {"salt": rocksalt("Na", "Cl")})
    asked = campaign_settings(tmp_path, candidates=(path,), reference=write_table(tmp_path))
    campaign = run_whole(database, asked)
    row = rows_of(database, campaign)["salt"]
    assert row.energy_above_hull == row.hulls["dft"].energy_above_hull
    assert row.hulls["own"].energy_above_hull is None
    assert "competing phases as crystals" in row.hulls["self"].no_reference


def test_what_dft_found_and_taught_is_there_when_the_campaign_is_screened_again(
    facet_environment, database, tmp_path
):
    crystals = {"found": rocksalt("Na", "Cl"), "other": rocksalt("Na", "Cl", 9.0)}
    path = write_lines(tmp_path / "salts.jsonl", crystals)
    asked = campaign_settings(tmp_path, candidates=(path,), reference=write_table(tmp_path))
    campaign = run_whole(database, asked)
    before = rows_of(database, campaign)
    (stored,) = documents_by_id(database, ReferenceDoc, [campaign.reference_id])
    base = reference_of(stored)
    new = ReferencePhase("candidate:found", "NaCl", -20.0)
    learned_hull = reference_document(replace(base, phases=(*base.phases, new)))
    insert_references(database, [learned_hull])
    calibration = {"stretch": 0.0, "bias": 0.02, "freedom": 4.0, "offset": 0.01, "num_results": 30}
    learned_so = {
        "reference_id": learned_hull.reference_id,
        "base_reference_id": campaign.reference_id,
        "calibration": calibration,
    }
    told = campaign.model_copy(update={"summary": {**campaign.summary, "dft": learned_so}})
    save_campaign(database, told)
    screen(database, campaign.campaign_id)
    after = rows_of(database, campaign)
    # It is never measured against itself, and all others are.
    assert after["found"].energy_above_hull == before["found"].energy_above_hull
    rise = after["other"].energy_above_hull - before["other"].energy_above_hull
    assert rise == pytest.approx(18.0, abs=1e-6)
    assert after["found"].chances.is_calibrated
    assert after["found"].chances.scale == pytest.approx(0.02)


def test_a_candidate_that_is_a_reference_crystal_is_recorded_under_its_name(
    facet_environment, database, tmp_path
):
    path = write_lines(tmp_path / "gold.jsonl", {"gold": fcc("Au")})
    rule = replace(FLAG_ALL, allow_known=False)
    asked = campaign_settings(tmp_path, candidates=(path,), rule=rule)
    row = rows_of(database, run_whole(database, asked))["gold"]
    assert (row.known_as, row.verdict) == ("Au", "known")


def test_every_gate_and_the_evidence_are_stored_with_the_verdict(alloy_rows):
    row = alloy_rows["cu-ag"]
    gates = {each.name: each for each in row.gates}
    assert {"converged", "volume", "distances", "hull", "unique"} <= gates.keys()
    assert gates["volume"].value == row.evidence["geometry"]["volume_ratio"]
    assert row.evidence["prototype"]["is_kept"]
    assert row.evidence["energy_above_hull"] == row.energy_above_hull
    assert row.p_stable == row.chances.on_hull
    assert row.chances.is_calibrated
    assert row.evidence["uncertainty"]["spread"] == row.evidence["spread"] > 0


def test_atoms_on_top_of_each_other_are_unphysical_however_stable_they_look(
    facet_environment, database, tmp_path
):
    crystals = {"sane": cesium_chloride("Cu", "Au"), "dense": cesium_chloride("Cu", "Au", 1.6)}
    path = write_lines(tmp_path / "two.jsonl", crystals)
    campaign = run_whole(database, campaign_settings(tmp_path, candidates=(path,)))
    rows = rows_of(database, campaign)
    assert rows["sane"].verdict == "flagged"
    assert rows["dense"].verdict in {"unphysical", "not_converged"}


def test_without_a_budget_the_flagged_are_all_chosen_and_ranked_by_distance(alloy_rows):
    flagged = sorted((row for row in alloy_rows.values() if row.is_flagged), key=lambda r: r.rank)
    assert {row.choice.role for row in flagged} == {"chosen"}
    distances = [row.energy_above_hull for row in flagged]
    assert distances == sorted(distances)


def test_under_a_budget_those_of_most_worth_come_first_and_the_rest_is_left(
    facet_environment, database, tmp_path
):
    settings = campaign_settings(tmp_path)
    free = rows_of(database, run_whole(database, settings))
    costs = {name: row.core_hours for name, row in free.items() if row.is_flagged}
    dearest = max(costs.values())
    rule = FlagRule(
        name="tight",
        max_energy_above_hull=1000.0,
        assumed_error=1000.0,
        ranking=RankingRule(discount=1.0),
        budget=BudgetRule(core_hours=1.5 * dearest / 0.95, exploration_share=0.05),
    )
    rows = rows_of(database, run_whole(database, replace(settings, rule=rule)))
    flagged = sorted((row for row in rows.values() if row.is_flagged), key=lambda row: row.rank)
    assert [row.rank for row in flagged] == [1, 2, 3]
    chosen = [row for row in flagged if row.choice.role == "chosen"]
    left = [row for row in flagged if row.choice.role == "left"]
    assert chosen
    assert left
    assert flagged[: len(chosen)] == chosen
    assert sum(row.core_hours for row in chosen) <= 1.5 * dearest
    worth = [row.p_stable / row.core_hours for row in chosen]
    assert worth == sorted(worth, reverse=True)
    assert "core-hours" in left[0].choice.reason


def test_the_stored_cost_is_that_of_the_relaxed_crystal(alloy_rows):
    expected = core_hours(workload(cesium_chloride("Cu", "Ag")), FLAG_ALL.cost)
    assert alloy_rows["cu-ag"].core_hours == pytest.approx(expected, rel=1e-6)


def test_the_order_of_candidates_leaves_no_trace(facet_environment, database, tmp_path):
    rows = []
    for name, crystals in (
        ("forward", alloys()),
        ("backward", dict(reversed(alloys().items()))),
    ):
        folder = tmp_path / name
        folder.mkdir()
        given = write_lines(folder / "candidates.jsonl", crystals)
        phases = write_lines(folder / "metals.jsonl", metals())
        asked = campaign_settings(folder, candidates=(given,), reference=phases, rule=TIGHT)
        campaign = run_whole(database, asked)
        rows.append({key: learned(row) for key, row in rows_of(database, campaign).items()})
    assert rows[0] == rows[1]


class KilledError(Exception):
    """Stands for a process that ends at this very place."""


def test_killed_in_the_middle_of_writing_verdicts_and_run_again_it_is_the_same(
    facet_environment, database, tmp_path, monkeypatch
):
    settings = campaign_settings(tmp_path)
    campaign = run_whole(database, settings)
    whole = rows_of(database, campaign)
    database.drop_collection("candidates")
    database.drop_collection("campaigns")
    again = submit(database, settings).campaign
    assert work_of(database, again).missing == []
    write = workflows.screen.update_candidates

    def write_some(database, outcomes):
        some = list(outcomes)
        if some and some[0][1].status == "screened":
            write(database, some[:2])
            raise KilledError
        write(database, some)

    with monkeypatch.context() as patch:
        patch.setattr(workflows.screen, "update_candidates", write_some)
        with pytest.raises(KilledError):
            screen(database, again.campaign_id)
    assert sum(row.verdict is not None for row in rows_of(database, again).values()) == 2
    screen(database, again.campaign_id)
    assert rows_of(database, again) == whole
