"""Pages of the web service, as a browser without scripts sees them."""

import re
from html import unescape
from urllib.parse import quote
from xml.etree import ElementTree

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the web service needs the extra `serve`")

from page_samples import HOSTILE, fill, screened
from service_samples import serving

from db.documents import ReferenceDoc
from db.writes import insert_candidates, insert_references
from workflows.curves import stored_curve

pytestmark = pytest.mark.integration


@pytest.fixture
def pages(database):
    fill(database)
    with serving(database) as client:
        yield client


def table_of(page):
    body = re.search(r"<tbody>(.*?)</tbody>", page, re.DOTALL).group(1)
    rows = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", each, re.DOTALL) for each in rows]
    return [[unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in row] for row in cells]


def following(page):
    (link,) = re.findall(r'href="([^"]+)" rel="next"', page)
    return unescape(link)


def test_the_list_leads_to_the_campaign_and_the_campaign_to_its_candidates(pages):
    listed = pages.get("/")
    assert listed.status_code == 200
    shown = pages.get(re.search(r'href="(/campaigns/[^"]+)"', listed.text).group(1))
    assert shown.status_code == 200
    assert re.search(r"<b>122</b><span>candidates</span>", shown.text)
    assert re.search(r"<b>121</b><span>flagged</span>", shown.text)


def test_pages_of_the_table_hold_every_candidate_once_in_order(pages):
    address, names, distances = "/candidates?campaign_id=c1&status=screened", [], []
    for _ in range(3):
        page = pages.get(address).text
        names += [row[1] for row in table_of(page)]
        distances += [float(row[2].replace("\N{MINUS SIGN}", "-")) for row in table_of(page)]
        if 'rel="next"' not in page:
            break
        address = following(page)
    assert len(names) == len(set(names)) == 121
    assert distances == sorted(distances)


def test_a_form_with_fields_left_open_asks_for_what_is_filled_in(pages):
    asked = "/candidates?campaign_id=c1&chemsys=&formula=&elements_all=O&elements_none=&"
    page = pages.get(asked + "max_energy_above_hull=0.0015&is_flagged=true&sort=material_id")
    assert [row[1] for row in table_of(page.text)] == [HOSTILE, "m000", "m001"]
    assert 'value="0.0015"' in page.text


def test_a_head_of_the_table_sorts_and_a_second_click_turns_the_order(pages):
    first = pages.get("/candidates?campaign_id=c1&status=screened").text
    assert 'aria-sort="ascending"' in first
    (link,) = re.findall(r'aria-sort="ascending"><a href="([^"]+)"', first)
    turned = pages.get(unescape(link)).text
    assert 'aria-sort="descending"' in turned
    assert table_of(turned)[0][1] == "m119"


@pytest.mark.parametrize("asked", ["max_energy_above_hull=x", "bogus=1", "limit=100000", "after=x"])
def test_a_question_that_makes_no_sense_is_told_on_the_page_and_keeps_the_form(pages, asked):
    page = pages.get(f"/candidates?chemsys=Mg-O&{asked}")
    assert page.status_code in (400, 422)
    assert page.headers["content-type"].startswith("text/html")
    assert "Traceback" not in page.text


def test_a_candidate_shows_its_crystals_reasons_and_hulls(pages):
    page = pages.get("/campaigns/c1/candidates/m003")
    assert page.status_code == 200
    assert page.text.count('class="viewer"') == 2
    assert "25 % Mg₂O" in page.text
    assert "facet approve" in page.text
    for link in re.findall(r'href="(/api/[^"]+)"', page.text):
        assert pages.get(unescape(link)).status_code == 200


def test_text_of_users_stays_text(pages):
    for address in ("/", "/campaigns/c1", "/candidates?campaign_id=c1"):
        assert "<script>alert" not in pages.get(address).text
    links = re.findall(r'href="(/campaigns/c1/candidates/[^"]+)"', pages.get("/candidates").text)
    page = pages.get(unescape(links[0]))
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert" in page.text


@pytest.mark.parametrize("address", ["/campaigns/none", "/campaigns/c1/candidates/none"])
def test_what_is_not_there_is_a_page_that_says_so(pages, address):
    page = pages.get(address)
    assert page.status_code == 404
    assert "<h1>Not Found</h1>" in page.text


def test_styles_and_scripts_are_served_by_name_and_nothing_else_is(pages):
    page = pages.get("/campaigns/c1/candidates/m000").text
    for link in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
        assert pages.get(link).status_code == 200
    for link in ("/static/app.py", "/static/..%2fapp.py", "/static/%2e%2e/app.py"):
        assert pages.get(link).status_code in (404, 422)


def reference():
    return ReferenceDoc(
        reference_id="r1",
        name="metals",
        scheme="MP2020",
        date="2026-11-01",
        license="none",
        coverage="some",
        element_energies={"Mg": -1.5, "O": -4.9},
        phases=(
            {"phase_id": "p1", "formula": "MgO", "formation_energy_per_atom": -3.0},
            {"phase_id": "p2", "formula": "MgO", "formation_energy_per_atom": -2.9},
            {"phase_id": "p3", "formula": "SiO2", "formation_energy_per_atom": -3.1},
        ),
    )


@pytest.fixture
def placed(database, pages):
    """The pages, where a reference is stored and candidates have their place beside its phases."""
    insert_references(database, [reference()])
    database["campaigns"].update_many({}, {"$set": {"reference_id": "r1"}})
    screened = {"energy_above_hull": {"$ne": None}}
    database["candidates"].update_many(screened, {"$set": {"formation_energy_per_atom": -2.8}})
    return pages


def hull_of(page):
    return unescape(re.search(r'<img src="([^"]+)"', page).group(1))


@pytest.mark.parametrize("at", [0, 1, -1], ids=["hostile", "nearest", "farthest"])
def test_a_candidate_has_a_diagram_of_its_system_with_a_ring_around_it(placed, at):
    name = [HOSTILE, "m000", "m119"][at]
    page = placed.get(f"/campaigns/c1/candidates/{quote(name)}").text
    picture = placed.get(hull_of(page))
    assert picture.headers["content-type"] == "image/svg+xml"
    assert "script" not in picture.headers["content-security-policy"]
    drawn = ElementTree.fromstring(picture.text)  # noqa: S314 (made by ourselves just now)
    told = "".join(drawn.itertext())
    assert "Convex hull of Mg-O" in told
    assert "3 competing phases and 61 candidates" in told or name != "m119"
    assert f"{name} (MgO) lies" in told
    assert picture.text.count("mark ring meant") == 1


def test_who_has_no_place_beside_a_stored_reference_has_no_diagram(database, pages):
    address = "/campaigns/c1/candidates/m000"
    assert "<img" not in pages.get(address).text
    assert pages.get("/campaigns/c1/hulls/m000").status_code == 404
    insert_references(database, [reference()])
    database["campaigns"].update_many({}, {"$set": {"reference_id": "r1"}})
    far = {"energy_above_hull": 3.0, "formation_energy_per_atom": 0.2}
    database["candidates"].update_one({"material_id": "m000"}, {"$set": far})
    assert "<img" not in pages.get(address).text
    assert pages.get("/campaigns/c1/hulls/waiting").status_code == 404


def test_the_relaxation_is_drawn_without_a_trajectory(database, pages):
    assert 'class="charts"' not in pages.get("/campaigns/c1/candidates/m000").text
    curve = stored_curve(np.array([[-11.0, 0.5], [-12.0, 0.01]]))
    database["relaxations"].update_one({"_id": "r-MgO"}, {"$set": curve._asdict()})
    page = pages.get("/campaigns/c1/candidates/m000").text
    assert "2 evaluations, from 500 to 0." in page
    told = pages.get("/api/campaigns/c1/curves/m000").json()
    assert told["evaluation"] == [0, 1]
    assert told["energy"] == [-11.0, -12.0]
    assert (told["smax"], told["volume"]) == ([], [])


@pytest.mark.parametrize("name", [".", "..", "a/../m000", "./b", "...", "a//b", "%2E"])
def test_a_link_leads_to_its_candidate_though_browsers_resolve_dots(database, pages, name):
    insert_candidates(database, [screened(name, 0.01)])
    table = pages.get("/candidates", params={"material_id": name})
    (link,) = re.findall(r'href="(/campaigns/c1/candidates/[^"]+)"', table.text)
    page = pages.get(unescape(link))  # this client resolves dots as browsers do
    assert page.status_code == 200
    assert f'<span class="any">{name}</span>' in page.text
    for each in re.findall(r'href="(/api/[^"]+)"', page.text):
        assert pages.get(unescape(each)).status_code == 200
    told = pages.get("/api" + unescape(link)).json()
    assert told["candidate"]["material_id"] == name
