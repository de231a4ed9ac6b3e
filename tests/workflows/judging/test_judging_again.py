"""Another rule on stored results."""

from __future__ import annotations

import pytest
from workflow_samples import FLAG_ALL, campaign_settings, rows_of, run_whole, stored_relaxations

import workflows.judging.again
from db.documents import CampaignDoc
from db.queries import documents_by_id
from screening.evidence import Evidence
from screening.rule_files import save_rule
from screening.rules import FlagRule
from screening.verdict import judge
from workflows.judging.again import flag, preview
from workflows.judging.stored import verdict_of
from workflows.screen import screen

pytestmark = pytest.mark.integration

NOTHING = FlagRule(name="nothing", max_energy_above_hull=-1000.0)


@pytest.fixture
def campaign(facet_environment, database, tmp_path):
    return run_whole(database, campaign_settings(tmp_path))


def stored(database, campaign):
    (found,) = documents_by_id(database, CampaignDoc, [campaign.campaign_id])
    return found


def test_a_stored_verdict_is_what_its_evidence_and_rule_give(database, campaign):
    for row in rows_of(database, campaign).values():
        verdict = verdict_of(row)
        assert verdict is not None
        again = judge(Evidence.from_dict(verdict.values), FLAG_ALL)
        assert verdict.to_dict() == again.to_dict()


def test_a_preview_says_who_changes_and_why_and_writes_nothing(database, campaign):
    before, kept = rows_of(database, campaign), stored(database, campaign)
    told = preview(database, campaign.campaign_id, NOTHING)
    assert told.num_flagged == (3, 0)
    assert {each.material_id for each in told.changes if each.is_lost} == {
        name for name, row in before.items() if row.is_flagged
    }
    assert "above the flag limit of -1000000 meV/atom" in told.changes[0].why
    assert rows_of(database, campaign) == before
    assert stored(database, campaign) == kept


def test_what_is_stored_is_what_the_preview_said_and_nothing_is_relaxed(database, campaign):
    relaxed = stored_relaxations(database)
    told = preview(database, campaign.campaign_id, NOTHING)
    done = flag(database, campaign.campaign_id, NOTHING)
    assert done == told
    assert stored_relaxations(database) == relaxed
    rows = rows_of(database, campaign)
    assert not any(row.is_flagged for row in rows.values())
    assert {row.rule_id for row in rows.values()} == {NOTHING.rule_id}
    assert stored(database, campaign).rule == NOTHING.to_dict()
    assert stored(database, campaign).counts["flagged"] == 0


def test_the_old_rule_brings_back_all_that_was_stored(database, campaign):
    before, kept = rows_of(database, campaign), stored(database, campaign)
    flag(database, campaign.campaign_id, NOTHING)
    flag(database, campaign.campaign_id, FLAG_ALL)
    assert rows_of(database, campaign) == before
    again = stored(database, campaign)
    assert (again.rule, again.counts, again.summary) == (kept.rule, kept.counts, kept.summary)


def test_a_kill_between_the_rule_and_its_verdicts_is_made_good_by_the_next_screening(
    database, campaign, monkeypatch
):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(workflows.judging.again, "screen", killed)
        with pytest.raises(KeyboardInterrupt):
            flag(database, campaign.campaign_id, NOTHING)
    screen(database, campaign.campaign_id)
    after, told = rows_of(database, campaign), stored(database, campaign)
    flag(database, campaign.campaign_id, NOTHING)
    assert rows_of(database, campaign) == after
    assert {row.rule_id for row in after.values()} == {NOTHING.rule_id}
    assert stored(database, campaign).summary == told.summary


def test_the_preview_measures_prototypes_of_those_flagged_only_now(database, campaign):
    flag(database, campaign.campaign_id, NOTHING)
    assert all(row.evidence["prototype"] is None for row in rows_of(database, campaign).values())
    told = preview(database, campaign.campaign_id, FLAG_ALL)
    assert told == flag(database, campaign.campaign_id, FLAG_ALL)


def test_a_distance_that_dft_moved_is_the_one_that_is_judged(database, campaign):
    name = next(name for name, row in rows_of(database, campaign).items() if row.is_flagged)
    database["candidates"].update_one(
        {"_id": f"{campaign.campaign_id}/{name}"}, {"$set": {"energy_above_hull": 2000.0}}
    )
    told = preview(database, campaign.campaign_id, FLAG_ALL)
    assert [each.material_id for each in told.changes if each.is_lost] == [name]


def test_the_verb_shows_the_difference_and_stores_only_without_diff(
    facet, database, campaign, tmp_path
):
    save_rule(NOTHING, tmp_path / "new.yaml")
    asked = ("flag", campaign.campaign_id, "--rule", tmp_path / "new.yaml")
    shown = facet(*asked, "--diff", "--json").document
    assert (shown["is_stored"], shown["num_lost"], shown["num_flagged"]) == (False, 3, 0)
    assert stored(database, campaign).rule == FLAG_ALL.to_dict()
    text = facet(*asked, "--diff")
    assert "3 were flagged, 0 would be flagged (0 gained, 3 lost)" in text.out
    assert "Nothing was stored" in text.out
    kept = facet(*asked, "--json").document
    assert kept == shown | {"is_stored": True}
    assert stored(database, campaign).rule == NOTHING.to_dict()


def test_an_unknown_campaign_and_a_broken_rule_are_one_sentence(
    facet, database, campaign, tmp_path
):
    save_rule(NOTHING, tmp_path / "new.yaml")
    ended = facet("flag", "none", "--rule", tmp_path / "new.yaml")
    assert ended.code == 1
    assert "no campaign 'none'" in ended.err
    (tmp_path / "bad.yaml").write_text("version: 1\nname: bad\nmax_energy: 1\n")
    ended = facet("flag", campaign.campaign_id, "--rule", tmp_path / "bad.yaml")
    assert ended.code == 1
    assert "max_energy" in ended.err
    assert stored(database, campaign).rule == FLAG_ALL.to_dict()


def test_a_rule_and_a_limit_at_once_are_refused(facet, database, tmp_path):
    save_rule(NOTHING, tmp_path / "new.yaml")
    settings = campaign_settings(tmp_path)
    for verb in ("screen", "submit"):
        asked = (verb, settings.candidates[0], "--reference", settings.reference)
        ended = facet(*asked, "--rule", tmp_path / "new.yaml", "--max-above-hull", "0.1")
        assert ended.code == 1
        assert "--max-above-hull and --rule both set the limit" in ended.err


def test_a_campaign_is_screened_by_a_rule_from_a_file(facet, facet_environment, database, tmp_path):
    save_rule(NOTHING, tmp_path / "new.yaml")
    settings = campaign_settings(tmp_path)
    asked = ("screen", settings.candidates[0], "--reference", settings.reference, "--fmax", "900")
    told = facet(*asked, "--smax", "1e6", "--rule", tmp_path / "new.yaml", "--json").document
    assert told["rule"] == NOTHING.to_dict()
    assert told["counts"]["flagged"] == 0
