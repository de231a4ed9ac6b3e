"""The report in a real browser: it runs, it sorts, it turns, and it fits the window."""

from __future__ import annotations

import shutil

import pytest

from workflows.report.render import write_report

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="the browser tests need the extra `browser` (playwright)"
    )
    if not CHROMIUM:
        pytest.skip("the browser tests need chromium on the path")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def address(contents, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(path, contents)
    return path.as_uri()


@pytest.fixture
def page(browser, address):
    """The report in a window, and all that it complained of or asked the network for."""
    opened = browser.new_page(viewport={"width": 1280, "height": 800})
    opened.faults = []
    opened.on("console", lambda message: opened.faults.append(message.text))
    opened.on("pageerror", lambda error: opened.faults.append(str(error)))
    opened.on("request", lambda request: opened.faults.append(request.url))
    opened.goto(address)
    opened.faults = [each for each in opened.faults if not each.startswith(("file:", "data:"))]
    yield opened
    opened.close()


def test_it_runs_without_a_fault_without_the_network_and_as_wide_as_the_window(page):
    for width in (1600, 360):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate("[...document.scripts].filter((each) => each.type === '').length") == 2
    assert page.faults == []


def test_a_heading_sorts_the_table_up_and_down(page):
    read = "[...document.querySelectorAll('table.candidates tbody td:nth-child(5)')]"
    distances = f"{read}.map((each) => Number(each.dataset.value))"
    heading = page.locator("table.candidates th:nth-child(5) button")
    heading.click()
    assert page.evaluate(distances) == sorted(page.evaluate(distances))
    heading.click()
    assert page.evaluate(distances) == sorted(page.evaluate(distances), reverse=True)
    assert page.get_attribute("table.candidates th:nth-child(5)", "aria-sort") == "descending"


def test_a_link_opens_the_candidate_and_its_crystal_turns_by_keys_and_by_the_pointer(page):
    page.locator("table.candidates td.formula a").first.click()
    canvas = page.locator("#c1 canvas")
    canvas.wait_for(state="visible")
    picture = "document.querySelector('#c1 canvas').toDataURL()"
    drawn = f"() => {picture} !== before && (before = {picture}, true)"
    page.evaluate("window.before = ''")
    page.wait_for_function(drawn)
    canvas.press("ArrowLeft")
    page.wait_for_function(drawn)
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 50, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 80)
    page.mouse.up()
    page.wait_for_function(drawn)
    canvas.press("Home")
    page.wait_for_function(drawn)
    assert page.faults == []


def test_the_still_picture_takes_its_place_on_paper(page):
    page.locator("#hulls .viewer").scroll_into_view_if_needed()
    page.locator("#hulls .viewer.is-live").wait_for()
    still = page.locator("#hulls .viewer > svg")
    assert not still.is_visible()
    page.emulate_media(media="print")
    assert still.is_visible()
    assert not page.locator("#hulls .viewer > canvas").is_visible()
