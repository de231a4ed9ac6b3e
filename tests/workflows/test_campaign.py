"""Whole campaigns on a real mongod with the bundled potential."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from workflow_samples import (
    AT_REST,
    alloys,
    campaign_settings,
    fcc,
    metals,
    rocksalt,
    rows_of,
    run_whole,
    stored_relaxations,
    write_lines,
    write_table,
)

from db.client import open_database
from db.documents import ReferenceDoc
from db.queries import documents_by_id
from screening.rules import FlagRule
from workflows.campaign import work_of
from workflows.screen import screen
from workflows.settings import CampaignSettings
from workflows.submit import submit

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def screened(mongo_home, tmp_path_factory):
    """A finished campaign of alloys on an own hull, for tests that change nothing."""
    settings = campaign_settings(tmp_path_factory.mktemp("screened"))
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("FACET_MONGO_URI", raising=False)
        patch.setenv("FACET_HOME", str(mongo_home))
        patch.setenv("FACET_DATABASE", "test_screened")
        with open_database() as database:
            yield database, settings, run_whole(database, settings)
            database.client.drop_database(database.name)


def test_candidates_are_ranked_against_the_own_energies_of_supplied_phases(screened):
    database, _, campaign = screened
    rows = rows_of(database, campaign)
    assert campaign.status == "finished"
    assert campaign.reference_scheme == f"own+MP2020:{campaign.potential_fingerprint}"
    assert campaign.summary["hull"] == "the supplied phases"
    ranked = sorted((row for row in rows.values() if row.rank), key=lambda row: row.rank)
    assert [row.rank for row in ranked] == [1, 2, 3]
    assert ranked == sorted(ranked, key=lambda row: row.energy_above_hull)
    for row in ranked:
        assert row.is_flagged
        assert row.decomposes_to
        assert row.reasons


def test_a_candidate_without_a_terminal_element_has_no_reference_and_stops_nobody(screened):
    database, _, campaign = screened
    lonely = rows_of(database, campaign)["cu-pd"]
    assert (lonely.status, lonely.verdict) == ("screened", "no_reference")
    assert lonely.energy_above_hull is None
    assert "Pd" in lonely.reasons[0]
    assert campaign.counts["verdict_no_reference"] == 1
    assert campaign.counts["verdict_flagged"] == 3


def test_the_same_crystal_under_two_names_is_relaxed_once_and_flagged_once(screened):
    database, _, campaign = screened
    rows = rows_of(database, campaign)
    twins = [rows["cu-au"], rows["au-cu-again"]]
    assert twins[0].relaxation_id == twins[1].relaxation_id
    assert sorted(each.verdict for each in twins) == ["duplicate", "flagged"]
    assert stored_relaxations(database) == len(alloys()) - 1 + len(metals())


def test_the_same_campaign_again_relaxes_nothing_and_finds_the_same(screened):
    database, settings, first = screened
    before = rows_of(database, first)
    again = submit(database, settings)
    work = work_of(database, again.campaign)
    assert again.is_known
    assert again.campaign.status == "finished"
    assert work.missing == []
    assert work.num_known == stored_relaxations(database)
    second = screen(database, first.campaign_id)
    assert rows_of(database, second) == before
    assert second.counts == first.counts
    assert second.summary == first.summary


def test_another_rule_is_another_campaign_that_shares_the_relaxations(screened):
    database, settings, _ = screened
    rule = FlagRule(max_energy_above_hull=-1000.0)
    campaign = submit(database, replace(settings, rule=rule)).campaign
    assert work_of(database, campaign).missing == []
    finished = screen(database, campaign.campaign_id)
    assert finished.counts["flagged"] == 0
    assert finished.counts["verdict_rejected"] == 4


def test_a_table_of_formation_energies_is_a_reference_too(facet_environment, database, tmp_path):
    crystals = {"salt": rocksalt("Na", "Cl"), "sylvite": rocksalt("K", "Cl")}
    crystals["lithium"] = rocksalt("Li", "Cl")
    settings = campaign_settings(
        tmp_path,
        candidates=(write_lines(tmp_path / "salts.jsonl", crystals),),
        reference=write_table(tmp_path),
    )
    campaign = run_whole(database, settings)
    rows = rows_of(database, campaign)
    assert campaign.reference_scheme == "MP2020"
    assert campaign.counts["reference_phases"] == 7
    assert rows["lithium"].verdict == "no_reference"
    for name, known in (("salt", -2.0), ("sylvite", -2.2)):
        distance = rows[name].formation_energy_per_atom - known
        assert rows[name].energy_above_hull == pytest.approx(distance, abs=1e-6)


def test_reference_phases_that_fail_are_left_off_the_hull_and_listed(
    facet_environment, database, tmp_path
):
    phases = {**metals(), "polonium": fcc("Po")}
    path = write_lines(tmp_path / "phases.jsonl", phases)
    with path.open("a") as file:
        file.write("this is no crystal\n")
    campaign = run_whole(database, campaign_settings(tmp_path, reference=path))
    (reference,) = documents_by_id(database, ReferenceDoc, [campaign.summary["reference_id"]])
    omitted = {each.phase_id: each.reason for each in reference.omitted}
    assert list(omitted) == ["polonium"]
    assert "does not know Po" in omitted["polonium"]
    assert "phases.jsonl" in omitted["polonium"]
    assert campaign.counts["reference_phases"] == 3
    assert campaign.counts["reference_phases_omitted"] == 1
    assert campaign.counts["reference_rejected_input"] == 1
    assert campaign.counts["reference_end_unsupported"] == 1


def test_without_a_single_phase_every_candidate_lacks_a_reference(
    facet_environment, database, tmp_path
):
    path = write_lines(tmp_path / "phases.jsonl", {"polonium": fcc("Po")})
    campaign = run_whole(database, campaign_settings(tmp_path, reference=path))
    verdicts = Counter(each.verdict for each in rows_of(database, campaign).values())
    assert verdicts == {"no_reference": len(alloys())}
    assert campaign.status == "finished"


def test_an_element_that_the_potential_does_not_know_ends_unsupported(
    facet_environment, database, tmp_path
):
    crystals = {"gold": fcc("Au"), "polonium": fcc("Po"), "radon": fcc("Rn")}
    path = write_lines(tmp_path / "c.jsonl", crystals)
    campaign = run_whole(database, campaign_settings(tmp_path, candidates=(path,)))
    rows = rows_of(database, campaign)
    assert campaign.counts["end_unsupported"] == 2
    assert rows["gold"].verdict == "flagged"
    for name in ("polonium", "radon"):
        assert (rows[name].status, rows[name].verdict) == ("screened", "not_converged")
        assert rows[name].stop_reason == "unsupported"
        assert rows[name].energy_per_atom is None
        assert rows[name].structure_id not in rows[name].reasons[0]


def test_the_first_crystals_of_a_real_campaign_report_precision_and_recall(
    facet_environment, database
):
    data = Path(__file__).parents[3] / "shared" / "data"
    given = data / "campaign_substitution.extxyz.xz"
    table = data / "mp_hull.json.xz"
    if not (given.is_file() and table.is_file()):
        pytest.skip(f"the campaign with known outcomes is not in {data}")
    settings = CampaignSettings(candidates=(given,), reference=table, relax=AT_REST, limit=8)
    campaign = run_whole(database, settings)
    assert campaign.counts["candidates"] == 8
    assert campaign.counts["pending"] == 0
    for name in ("as_shipped", "wbm_without_own_formula"):
        scores = campaign.summary["known_outcome"][name]
        assert scores["num"] == 8
        assert {"precision", "recall", "prevalence"} <= scores["near_hull"].keys()
