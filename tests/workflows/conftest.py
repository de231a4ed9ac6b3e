"""Fixtures of the tests of the workflows."""

from __future__ import annotations

import json
import signal
import sys
from typing import NamedTuple

import pytest


class Outcome(NamedTuple):
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def document(self):
        """The one JSON document on standard output."""
        return json.loads(self.out)


@pytest.fixture
def facet(monkeypatch, capsys):
    """Runs the command line in this process, as the console script does."""
    handler = signal.getsignal(signal.SIGTERM)

    def call(*arguments) -> Outcome:
        from workflows.cli.main import run

        monkeypatch.setattr(sys, "argv", ["facet", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            run()
        printed = capsys.readouterr()
        return Outcome(ended.value.code or 0, printed.out, printed.err)

    yield call
    signal.signal(signal.SIGTERM, handler)
