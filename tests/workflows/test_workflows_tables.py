"""What the command line prints."""

from __future__ import annotations

import json
import math
from collections import Counter
from threading import Event

from workflows.cli import progress as progress_module
from workflows.cli.progress import counted, describe, duration, progress, working
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


def test_times_are_written_as_people_say_them():
    assert [duration(each) for each in (0.4, 119, 125, 3600, 9000)] == [
        *("0 s", "119 s", "2 min", "60 min", "2.5 h"),
    ]


def test_what_is_done_at_once_is_done_without_a_word(capsys):
    with working("reading"):
        pass
    assert list(counted(range(5), 5, "written")) == [0, 1, 2, 3, 4]
    assert capsys.readouterr().err == ""


def test_what_takes_longer_says_what_it_is_and_how_far(capsys, monkeypatch):
    monkeypatch.setattr(progress_module, "SECONDS_OF_SILENCE", 0.0)
    said = Event()
    monkeypatch.setattr(progress_module, "duration", lambda _: said.set() or "a while")
    with working("reading candidates"):
        assert said.wait(60)
    monkeypatch.undo()
    monkeypatch.setattr(progress_module, "SECONDS_OF_SILENCE", -1.0)
    assert len(list(counted(range(3), None, "written"))) == 3
    first, last = capsys.readouterr().err.splitlines()
    assert first == "reading candidates, a while"
    assert last.startswith("3 written, ")


def test_on_a_terminal_the_line_is_written_over_itself(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with progress(2) as advance:
        advance("converged")
        advance("diverged")
    printed = capsys.readouterr().err
    assert printed.startswith("\r\x1b[K1/2 relaxed")
    assert printed.count("\n") == 1
    assert "(1 converged, 1 diverged)" in printed
