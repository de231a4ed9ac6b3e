"""The campaign as a web page."""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from db.documents import CampaignDoc, CandidateDoc, Origin
from screening.metrics import classification
from screening.rules import FlagRule
from workflows.report.page import write_page
from workflows.rows import campaign_row, candidate_row, reject_row

HOSTILE = "<script>alert('x')</script>&\"'.cif"
VOID = {"meta", "br", "link"}


class Page(HTMLParser):
    """Collects the text of table cells and list items, and checks that tags are closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


def candidate(rank: int, name: str, distance: float) -> CandidateDoc:
    return CandidateDoc(
        campaign_id="c1",
        material_id=name,
        origin=Origin(file=HOSTILE, index=0),
        formula_pretty="SrTiO3",
        status="screened",
        rank=rank,
        num_steps=12,
        energy_above_hull=distance,
        formation_energy_per_atom=-3.1,
        is_flagged=True,
        reasons=(f"Reason of {name}.",),
    )


@pytest.fixture
def document():
    """What ``facet screen --json`` prints, with a file whose name is markup."""
    scores = classification([True, False], [False, False])
    outcome = {"num": 2, "num_measured": 0, "energy_above_hull_mae": None}
    campaign = CampaignDoc(
        campaign_id="c1",
        created_at=datetime.now(UTC),
        source=HOSTILE,
        potential_name="facet-s",
        potential_fingerprint="ab" * 32,
        energy_scheme="PBE+U uncorrected",
        relax_settings={"fmax": 0.05, "smax": 0.1},
        rule=FlagRule().to_dict(),
        reference_name=HOSTILE,
        reference_scheme="MP2020",
        status="finished",
        counts={
            "candidates": 7,
            "rejected_input": 1,
            "pending": 0,
            "flagged": 2,
            "reference_phases": 5,
            "end_converged": 6,
        },
        summary={
            "hull": "the supplied phases",
            "wall_time_seconds": 3.5,
            "relaxation_seconds": 2.5,
            "known_outcome": {"as_shipped": {**outcome, "stable": scores, "near_hull": scores}},
            "controls": {
                "num_controls": 2,
                "num_absent": 0,
                "num_recovered": 1,
                "recovered": ["NaCl"],
                "missed": [HOSTILE],
            },
        },
    )
    rejected = CandidateDoc(
        campaign_id="c1",
        material_id="bad",
        origin=Origin(file=HOSTILE, index=0),
        status="rejected_input",
        rejection=f"{HOSTILE} is empty.",
    )
    rows = [candidate(1, "first", -0.012), candidate(2, "second", 0.034)]
    return {
        **campaign_row(campaign),
        "run": {"num_relaxed": 0, "num_already_relaxed": 7, "wall_time_seconds": 1.0},
        "rejected": [reject_row(rejected)],
        "omitted_phases": {},
        "candidates": [candidate_row(each) for each in rows],
    }


def read(path, document) -> Page:
    write_page(path, document)
    return Page(path.read_text(encoding="utf-8"))


def test_the_page_shows_the_ranked_candidates_with_their_reasons(tmp_path, document):
    page = read(tmp_path / "page.html", document)
    ranked = [row for row in page.rows if row[0] in ("1", "2")]
    assert [row[2] for row in ranked] == ["first", "second"]
    assert [row[1] for row in ranked] == ["SrTiO3", "SrTiO3"]
    assert [row[3].replace("\N{MINUS SIGN}", "-") for row in ranked] == ["-12", "34"]
    assert [row[-1] for row in ranked] == ["Reason of first.", "Reason of second."]
    assert page.open == []


def test_a_file_name_that_is_markup_stays_text(tmp_path, document):
    path = tmp_path / "page.html"
    page = read(path, document)
    assert "script" not in page.tags
    assert "<script" not in path.read_text(encoding="utf-8")
    assert page.text.count(HOSTILE) >= 2


def test_the_page_loads_nothing_from_elsewhere(tmp_path, document):
    path = tmp_path / "page.html"
    read(path, document)
    text = path.read_text(encoding="utf-8")
    assert "://" not in text
    assert "src=" not in text


def test_a_campaign_without_a_flag_says_so(tmp_path, document):
    page = read(tmp_path / "deep" / "page.html", {**document, "candidates": [], "rejected": []})
    assert "No candidate met the flag rule" in page.text
