"""``facet report``."""

from __future__ import annotations

import pytest
from report_samples import CAMPAIGN, store_campaign

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("facet_environment")]


def test_the_report_is_written_where_it_is_asked_for(database, facet, tmp_path):
    store_campaign(database)
    path = tmp_path / "new" / "mine.html"
    done = facet("report", "--campaign", CAMPAIGN, "--html", path)
    assert done.code == 0
    assert done.out == f"5 of 6 candidates flagged; report: {path}\n"
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_without_a_place_it_is_named_after_the_campaign(database, facet, tmp_path, monkeypatch):
    store_campaign(database)
    monkeypatch.chdir(tmp_path)
    assert facet("report", CAMPAIGN).code == 0
    assert [each.name for each in tmp_path.iterdir()] == [f"facet-report-{CAMPAIGN}.html"]


def test_the_only_campaign_needs_no_name(database, facet, tmp_path):
    store_campaign(database)
    assert facet("report", "--html", tmp_path / "one.html").code == 0


def test_json_is_all_that_the_page_says_and_no_file(database, facet, tmp_path, monkeypatch):
    store_campaign(database)
    monkeypatch.chdir(tmp_path)
    told = facet("report", CAMPAIGN, "--json").document
    assert told["counts"]["flagged"] == 5
    assert told["provenance"]["potential"] == "facet-s"
    assert list(tmp_path.iterdir()) == []


def test_a_campaign_that_is_not_named_or_not_there_is_one_sentence(facet):
    for arguments in ((), ("nowhere",), ("one", "--campaign", "other")):
        done = facet("report", *arguments)
        assert done.code == 1
        assert done.err.count("\n") == 1
        assert "facet status" in done.err


def test_a_file_of_another_kind_is_refused_before_anything_is_read(facet, tmp_path):
    done = facet("report", CAMPAIGN, "--html", tmp_path / "report.pdf")
    assert done.code == 1
    assert ".html" in done.err
