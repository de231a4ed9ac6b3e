"""The report as a page: well formed, self-contained, escaped, and of the numbers of its JSON."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from report_samples import CAMPAIGN, HOSTILE, store_campaign

from workflows.report import shortlist
from workflows.report.contents import contents_of
from workflows.report.render import report_html
from workflows.report.templates import script, script_hash

pytestmark = pytest.mark.integration

VOID = {"meta", "br", "link"}
OURS = {"script", "style"}
LOADS = {"src", "srcset", "action", "formaction", "background", "poster", "data", "cite"}


class Page(HTMLParser):
    """Reads a page; tags that are not closed in order are an error."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.cells: list[list[str]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.cells.append([])
        if tag in ("td", "th"):
            self.cells[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not OURS & set(self.open):
            self.text += data
        if {"td", "th"} & set(self.open) and "title" not in self.open:
            self.cells[-1][-1] += data

    def with_attribute(self, name):
        return [attributes[name] for _, attributes in self.tags if name in attributes]


@pytest.fixture(scope="module")
def page(contents):
    return Page(report_html(contents))


def test_names_of_users_are_text_and_nothing_else(page):
    assert [tag for tag, _ in page.tags].count("script") == 2
    assert page.text.count(HOSTILE) >= 10
    handlers = [each for _, names in page.tags for each in names if each.startswith("on")]
    assert handlers == []


def test_nothing_is_loaded_from_anywhere(page):
    loads = [each for _, names in page.tags for each in names if each in LOADS]
    assert loads == []
    links = [(tag, names["href"]) for tag, names in page.tags if names.get("href")]
    for tag, target in links:
        assert target.startswith(("#", "https://doi.org/") if tag != "link" else "data:")


def test_the_policy_allows_the_scripts_of_the_page_and_no_others(page):
    (policy,) = [each for each in page.with_attribute("content") if "default-src" in each]
    assert "default-src 'none'" in policy
    assert "script-src 'sha256-" in policy
    for name in ("viewer", "table"):
        assert script_hash(script(name)) in policy


def test_the_table_says_what_the_json_says(contents, page):
    rows = [cells for cells in page.cells if len(cells) == 11][1:]
    for cells, row in zip(rows, contents.document["candidates"], strict=True):
        assert cells[0] == ("" if row["rank"] is None else str(row["rank"]))
        assert cells[2] == row["formula_pretty"]
        assert cells[3] == row["material_id"]
        told = float(cells[4].replace("\N{MINUS SIGN}", "-"))
        assert told == pytest.approx(1000 * row["energy_above_hull"], abs=0.5)


def test_counts_of_the_page_are_those_of_the_json(contents, page):
    counts = contents.document["counts"]
    assert f"{counts['flagged']} of {counts['candidates']} candidates are worth" in page.text
    for each in contents.document["funnel"]:
        assert each["step"] in page.text


def test_every_crystal_can_be_turned_and_has_a_still_picture(contents, page):
    structures = [json.loads(each) for each in page.with_attribute("data-structure")]
    assert len(structures) == 6
    ids = set(page.with_attribute("id"))
    assert {f"#{each}" for each in ids} >= set(page.with_attribute("href")) & {"#p1", "#p6"}
    for each, row in zip(structures, contents.document["candidates"], strict=True):
        assert len(each["species"]) == len(each["positions"]) == row["nsites"]


def test_links_within_the_page_lead_somewhere_and_ids_are_single(page):
    ids = page.with_attribute("id")
    assert len(ids) == len(set(ids))
    inside = [each[1:] for each in page.with_attribute("href") if each.startswith("#")]
    assert set(inside) <= set(ids)


def test_hulls_of_two_three_and_four_elements_are_drawn(page):
    assert "Convex hull of Cl-Na" in page.text
    assert "Convex hull of Cl-K-Na" in page.text
    (scene,) = [json.loads(each) for each in page.with_attribute("data-scene")]
    assert {each.get("label") for each in scene["balls"]} >= {"Cl", "K", "Li", "Na"}


def test_a_long_table_says_that_it_is_not_all(database, monkeypatch):
    monkeypatch.setattr(shortlist, "MOST_ROWS", 2)
    store_campaign(database)
    text = re.sub(r"\s+", " ", Page(report_html(contents_of(database, CAMPAIGN))).text)
    assert "The first 2 of 6 with a place on the hull" in text


def test_a_campaign_without_flags_lists_those_nearest_to_the_hull(database):
    store_campaign(database, limit=-1.0)
    page = Page(report_html(contents_of(database, CAMPAIGN)))
    assert "0 of 6 candidates are worth a DFT calculation" in page.text
    assert "No candidate met the flag rule" in page.text
    assert len([cells for cells in page.cells if len(cells) == 11]) == 1 + 6


def test_an_empty_and_unfinished_campaign_has_a_page(database):
    store_campaign(database, {}, status="submitted", summary={})
    page = Page(report_html(contents_of(database, CAMPAIGN)))
    assert "This campaign is unfinished" in page.text
    assert "holds no candidate yet" in page.text
    assert "#plots" not in page.with_attribute("href")
