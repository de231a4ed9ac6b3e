"""Load, filter, open and approve, as a person does it in a browser."""

import shutil

import pytest

pytest.importorskip("fastapi", reason="the web service needs the extra `serve`")
sync_api = pytest.importorskip("playwright.sync_api", reason="this needs the extra `browser`")

from page_samples import fill
from service_samples import TOKEN, serving

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(BROWSER is None, reason="no chromium is installed"),
]


@pytest.fixture
def address(database):
    fill(database)
    with serving(database, token=TOKEN) as client:
        yield str(client.base_url)


@pytest.fixture
def page(address):
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_page(base_url=address)
        faults = []

        def told(fault):  # a plain function: playwright cannot mark methods of lists
            faults.append(fault)

        page.on("pageerror", told)
        page.on("dialog", told)
        yield page
        browser.close()
        assert not faults


def test_a_person_loads_filters_opens_and_approves(page):
    page.goto("/")
    page.click("tbody a")
    page.click("text=All candidates")
    page.fill("input[name=max_energy_above_hull]", "0.0015")
    page.click("button:has-text('Show')")
    assert page.inner_text("p.lead") == "3 candidates."
    page.click("tbody a >> nth=1")
    page.wait_for_selector(".viewer.is-live canvas")
    page.fill("input[name=by]", "a person")
    page.fill("input[name=token]", "a wrong one")
    page.click("text=Approve for DFT")
    page.wait_for_selector("#decided:has-text('Authorization')", timeout=60_000)
    page.fill("input[name=token]", TOKEN)
    page.click("text=Approve for DFT")
    page.wait_for_selector(".tag.approved", timeout=60_000)
    assert "a person" in page.inner_text("main")


def test_nothing_is_wider_than_a_small_screen(page):
    page.set_viewport_size({"width": 360, "height": 740})
    for address in ("/", "/campaigns/c1", "/candidates", "/campaigns/c1/candidates/m000"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
