"""How far a verb has come: said on standard error, in plain lines where that is no terminal."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from labeling_samples import EMT_PATH, FEW, write_metals
from workflow_samples import AT_REST, FLAG_ALL, alloys, campaign_settings, metals, run_whole

from db.telling import told
from screening.rule_files import save_rule
from workflows.cli import progress as progress_module
from workflows.cli.progress import aside, describe, progress, working
from workflows.labeling.parents import num_parents
from workflows.progress import following, is_followed, noted, report, tell

NUM_CRYSTALS = len(alloys()) + len(metals())
RATE = r"[0-9.]+/(?:s|min|h)"


@pytest.fixture
def at_once(monkeypatch):
    """Everything counts as longer than two seconds, however fast the machine is."""
    monkeypatch.setattr(progress_module, "SECONDS_OF_SILENCE", -1.0)


def has_line(text, pattern):
    return any(re.fullmatch(pattern, line) for line in text.splitlines())


def test_work_reports_to_whoever_follows_and_to_nobody_else():
    seen = []
    assert list(noted("ab", "letters read", 2)) == ["a", "b"]
    assert not is_followed()
    with following(lambda *each: seen.append(each)):
        assert is_followed()
        assert list(noted("ab", "letters read", 2)) == ["a", "b"]
        report("words read", 7)
    report("words read", 8)
    assert seen == [("letters read", 1, 2), ("letters read", 2, 2), ("words read", 7, None)]


def test_an_item_is_done_when_the_next_is_asked_for_and_others_may_come_before():
    seen = []
    stream = told("ab", "letters read", lambda *each: seen.append(each), 12, before=10)
    assert next(stream) == "a"
    assert seen == []
    assert list(stream) == ["b"]
    assert seen == [("letters read", 11, 12), ("letters read", 12, 12)]


def test_every_count_has_a_last_word_with_its_rate(at_once, capsys):
    with working("reading"):
        assert len(list(noted(range(3), "crystals stored"))) == 3
        report("relaxed", 0, 4)
        tell("converged")
        tell("diverged")
    lines = capsys.readouterr().err
    assert has_line(lines, rf"3 crystals stored, {RATE}")
    assert has_line(lines, rf"2/4 relaxed, {RATE}, 0 s left \(1 converged, 1 diverged\)")
    assert "\r" not in lines


def test_a_second_pass_over_the_same_begins_anew(at_once, capsys):
    with working("reading"):
        assert list(noted("abc", "letters read", 3)) == list("abc")
        assert list(noted("ab", "letters read", 2)) == list("ab")
    lines = capsys.readouterr().err
    assert has_line(lines, rf"3/3 letters read, {RATE}, 0 s left")
    assert has_line(lines, rf"2/2 letters read, {RATE}, 0 s left")


def test_quick_work_says_nothing_and_leaves_nothing_on_a_terminal(capsys, monkeypatch):
    with working("reading"):
        assert list(noted("abc", "letters read", 3)) == list("abc")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with progress(3):
        assert list(noted("abc", "letters read", 3)) == list("abc")
    assert capsys.readouterr().err.replace("\r\x1b[K", "") == ""


def test_on_a_terminal_the_last_word_stays_and_other_lines_stand_clear(
    at_once, capsys, monkeypatch
):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with working("reading"):
        assert list(noted("abc", "letters read", 3)) == list("abc")
        aside("a word besides")
    written = capsys.readouterr().err
    assert "\r\x1b[Ka word besides\n" in written
    assert re.search(rf"\r\x1b\[K3/3 letters read, {RATE}, 0 s left\n\r\x1b\[K$", written)


def test_verbs_that_count_ends_show_what_comes_after_them_too(at_once, capsys):
    with progress(1) as advance:
        advance("converged")
        assert list(noted("ab", "candidates judged", 2)) == ["a", "b"]
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("1/1 relaxed, ")
    assert second.startswith("2/2 candidates judged, ")


def test_a_rate_is_told_in_the_unit_that_fits_and_a_wrong_total_is_forgotten():
    assert describe(Counter(x=6), 12, 600.0) == "6/12 relaxed, 0.6/min, 10 min left (6 x)"
    assert describe(Counter(x=1), None, 36000.0, "measured") == "1 measured, 0.1/h (1 x)"
    assert describe(Counter({"": 0}), 5, 30.0, "measured") == "0/5 measured, 30 s"
    assert describe(Counter({"": 6}), 5, 3.0, "read") == "6 read, 2.0/s"


def test_label_says_how_many_crystals_are_left_beside_its_lines_on_shards(facet, at_once, tmp_path):
    path = write_metals(tmp_path)
    assert num_parents([path], 2) == 2
    assert num_parents([path], 2, most_seconds=0.0) is None
    options = ("--calculator", EMT_PATH, "--out", tmp_path / "out", "--frames", FEW)
    labeled = facet("label", path, *options, "--limit", 2, "--json")
    assert labeled.document["num_parents"] == 2
    assert "shard 0: " in labeled.err
    assert has_line(labeled.err, rf"2/2 crystals labeled, {RATE}, 0 s left")


@pytest.mark.integration
def test_submit_says_how_many_crystals_it_read(facet, facet_environment, at_once, tmp_path):
    settings = campaign_settings(tmp_path)
    told_by = facet("submit", settings.candidates[0], "--reference", settings.reference, "--json")
    assert told_by.document["crystals"]["num_inputs"] == NUM_CRYSTALS
    assert has_line(told_by.err, rf"{len(alloys())} candidates read and stored, {RATE}")
    assert has_line(told_by.err, rf"{len(metals())} competing phases read and stored, {RATE}")
    assert "\r" not in told_by.err


@pytest.mark.integration
def test_flag_export_and_import_say_how_far_they_are(
    facet, facet_environment, database, monkeypatch, tmp_path
):
    campaign = run_whole(database, campaign_settings(tmp_path, relax=AT_REST, rule=FLAG_ALL))
    monkeypatch.setattr(progress_module, "SECONDS_OF_SILENCE", -1.0)
    save_rule(FLAG_ALL, tmp_path / "rule.yaml")
    judged = facet("flag", campaign.campaign_id, "--rule", tmp_path / "rule.yaml", "--json")
    number = len(alloys())
    assert judged.document["num_judged"] == number
    assert has_line(judged.err, rf"{number}/{number} candidates judged, {RATE}, 0 s left")
    wrote = facet("db", "export", "--out", tmp_path / "a.zip", "--json")
    assert wrote.document["campaign_ids"] == [campaign.campaign_id]
    everything = rf"{NUM_CRYSTALS}/{NUM_CRYSTALS}"
    assert has_line(wrote.err, rf"{everything} candidates written, {RATE}, 0 s left")
    documents = sum(
        each["num_documents"]
        for name, each in wrote.document["members"].items()
        if name != "blobs.bson"
    )
    read = facet("db", "import", tmp_path / "a.zip")
    assert read.out.startswith("Imported 1 campaign from ")
    for done in ("checked", "stored"):
        assert has_line(read.err, rf"{documents}/{documents} documents {done}, {RATE}, 0 s left")
    assert "\r" not in judged.err + wrote.err + read.err
