"""The notebooks of the examples, run as scripts against a real mongod."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

NOTEBOOKS = Path(__file__).parents[2] / "examples" / "notebooks"


def test_every_notebook_is_tested():
    assert {each.stem for each in NOTEBOOKS.glob("*.py")} == {
        "compare_campaigns",
        "explore_campaign",
        "plan_and_screen",
    }


def test_a_campaign_is_planned_screened_explored_and_compared(facet_environment, capsys):
    planned = runpy.run_path(str(NOTEBOOKS / "plan_and_screen.py"))
    assert planned["plan"]["input"]["num_duplicates"] == 1
    assert planned["spent"]["num_structures"] == planned["plan"]["input"]["num_to_relax"] == 6
    explored = runpy.run_path(str(NOTEBOOKS / "explore_campaign.py"))
    assert explored["best"].rank == 1
    assert explored["best"].material_id in capsys.readouterr().out
    compared = runpy.run_path(str(NOTEBOOKS / "compare_campaigns.py"))
    assert len(compared["decided"]) == 4
    assert len(compared["flips"]) == 0
