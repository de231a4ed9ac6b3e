"""Pages of the web service, as a browser without scripts sees them."""

import re
from html import unescape

import pytest

pytest.importorskip("fastapi", reason="the web service needs the extra `serve`")

from page_samples import HOSTILE, fill
from service_samples import serving

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
