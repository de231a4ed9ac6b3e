"""What the command line prints."""

from __future__ import annotations

import json
import math
from collections import Counter

from workflows.cli.progress import describe, progress
from workflows.cli.tables import print_json, print_table


def test_json_has_no_nan_and_nothing_beside_it(capsys):
    print_json({"a": math.nan, "b": [1.5, math.inf, {"c": -math.inf}], "d": "NaN"})
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"a": None, "b": [1.5, None, {"c": None}], "d": "NaN"}
    assert printed.err == ""


def test_a_table_shows_text_from_files_as_it_is(capsys):
    print_table("Rows", ["name", "value"], [["[bold]x[/bold]", 0.123456789], ["y", None]])
    printed = capsys.readouterr().out
    assert "[bold]x[/bold]" in printed
    assert "0.123457" in printed
    assert "None" not in printed


def test_progress_says_how_many_how_fast_and_how_they_ended():
    ends = Counter(converged=3, diverged=1)
    assert describe(ends, 12, 2.0) == ("4/12 relaxed, 2.0/s, 4 s left (3 converged, 1 diverged)")
    assert describe(ends, None, 2.0) == "4 relaxed, 2.0/s (3 converged, 1 diverged)"


def test_progress_goes_to_standard_error_and_is_silent_when_nothing_ends(capsys):
    with progress(2) as advance:
        advance("converged")
        advance("converged")
    with progress(0):
        pass
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("2/2 relaxed") == 1
    assert len(printed.err.splitlines()) == 1
