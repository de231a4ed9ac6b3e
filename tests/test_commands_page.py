"""The page of all commands says what the command line does."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_page_of_commands_is_up_to_date():
    made = runpy.run_path(str(ROOT / "docs" / "generate_commands.py"))["page"]()
    stored = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert made == stored, "run `python docs/generate_commands.py`"


def test_every_verb_has_its_help_measured():
    verbs = runpy.run_path(str(ROOT / "benchmarks" / "help_times.py"))["verbs"]()
    assert {"", "screen", "db", "db check", "reference build"} <= set(verbs)
    assert len(verbs) == len(set(verbs))
