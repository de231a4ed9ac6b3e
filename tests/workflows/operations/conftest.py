"""Fixtures of the tests of operations: a campaign that is submitted and left to workers."""

from __future__ import annotations

import pytest
from workflow_samples import alloys, metals, write_lines

LOOSE = ("--fmax", "900", "--smax", "1e6", "--max-above-hull", "1000", "--json")


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Candidates and competing phases."""
    monkeypatch.chdir(tmp_path)
    candidates = write_lines(tmp_path / "candidates.jsonl", alloys())
    return candidates, write_lines(tmp_path / "metals.jsonl", metals())


@pytest.fixture
def submit(facet, files, facet_environment):
    """Submits the candidates with limits so loose that all are at rest."""
    candidates, reference = files

    def call(*more):
        ended = facet("submit", candidates, "--reference", reference, *LOOSE, *more)
        assert ended.code == 0, ended.err
        return ended.document

    return call
