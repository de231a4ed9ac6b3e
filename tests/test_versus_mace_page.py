"""The page on MACE shows what was measured."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def page(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import versus_mace_page

    yield versus_mace_page
    for name in ("versus_mace_page", "versus_mace_tables", "machine"):
        sys.modules.pop(name, None)


def test_its_tables_are_those_of_the_results(page):
    text = page.PAGE.read_text()
    speed, opinions = (json.loads(each.read_text()) for each in (page.SPEED, page.OPINIONS))
    assert page.rewritten(text, speed, opinions) == text


def test_results_of_different_weights_are_not_put_on_one_page(page):
    speed, opinions = (json.loads(each.read_text()) for each in (page.SPEED, page.OPINIONS))
    opinions["potentials"][0]["fingerprint"] = "0" * 64
    with pytest.raises(SystemExit, match="different weights"):
        page.rewritten(page.PAGE.read_text(), speed, opinions)


def test_a_page_without_a_place_for_a_table_is_refused(page):
    speed, opinions = (json.loads(each.read_text()) for each in (page.SPEED, page.OPINIONS))
    text = page.PAGE.read_text().replace("<!-- begin speed -->", "")
    with pytest.raises(SystemExit, match="0 places for 'speed'"):
        page.rewritten(text, speed, opinions)
