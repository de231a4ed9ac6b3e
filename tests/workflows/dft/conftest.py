"""Screened campaigns, and everything that runs Fireworks here."""

from __future__ import annotations

import json

import pytest
from dft_samples import store_campaign
from fireworks import FWorker
from fireworks.core.rocket_launcher import launch_rocket

from workflows.launch import job_store, launchpad, use_job_store


@pytest.fixture
def campaign(facet_environment, database, tmp_path, monkeypatch):
    """Forty screened candidates that no potential had to relax."""
    monkeypatch.chdir(tmp_path)
    return store_campaign(database, 40)


@pytest.fixture
def run_fireworks(database, tmp_path, monkeypatch):
    """Runs what is ready for workers of a category; returns how many Fireworks that was."""

    def run(*categories) -> int:
        pad, number = launchpad(database), 0
        with use_job_store(job_store(database)):
            for category in categories:
                while launch_rocket(pad, FWorker("test", category=category), strm_lvl="CRITICAL"):
                    number += 1
        return number

    return run


@pytest.fixture
def write_json(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_text(json.dumps(content))
        return path

    return write
