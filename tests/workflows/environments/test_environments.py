"""Environments that are absent, half made or made of the wrong things."""

from __future__ import annotations

import json

import pytest

from facet.errors import CheckpointError, ConfigError
from workflows.environments import EnvironmentMissingError, checks, place_of, places, python_of
from workflows.environments.checks import check, pinned_versions
from workflows.environments.making import make

GOOD = {"e3nn": "0.4.4", "mace-torch": "0.3.16", "torch": "2.13.0+cpu", "numpy": "2.4.6"}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A FACET_HOME without environments, and no checkout around it."""
    monkeypatch.setattr(places, "CHECKOUT", tmp_path / "site-packages")
    monkeypatch.setenv("FACET_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def environment(home, versions):
    """An environment whose interpreter only says which packages it has."""
    folder = home / "environments" / "mace"
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\necho '{json.dumps(versions)}'\n")
    python.chmod(0o755)
    return folder


def test_an_absent_environment_is_one_sentence_that_says_how_to_build_it(home):
    state = check("mace")
    assert not state.is_there
    (fault,) = state.faults
    assert "absent" in fault
    assert "`facet env make mace` builds it" in fault
    with pytest.raises(EnvironmentMissingError, match="`facet env make mace` builds it"):
        python_of("mace")


def test_an_e3nn_of_another_version_is_named_with_the_one_it_should_be(home):
    environment(home, {**GOOD, "e3nn": "0.6.0"})
    fault = check("mace").faults[0]
    assert "e3nn 0.6.0" in fault
    assert "needs e3nn 0.4.4" in fault


def test_absent_weights_are_one_sentence(home):
    environment(home, GOOD)
    (fault,) = check("mace").faults
    assert "weights" in fault
    assert "--weights PATH" in fault


def test_weights_of_another_checksum_are_not_loaded(home):
    (environment(home, GOOD) / "mace_mp_small.model").write_bytes(b"something else")
    (fault,) = check("mace").faults
    assert "SHA-256" in fault
    assert checks.CHECKSUMS["mace"] in fault


def test_wrong_weights_are_refused_before_anything_is_built(home, tmp_path):
    wrong = tmp_path / "wrong.model"
    wrong.write_bytes(b"something else")
    with pytest.raises(CheckpointError, match="SHA-256"):
        make("mace", weights=wrong)
    assert not place_of("mace").exists()


def test_an_unknown_environment_is_refused_with_those_that_are_known(home):
    with pytest.raises(ConfigError, match="mace"):
        check("chgnet")
    with pytest.raises(ConfigError, match="no name of an environment"):
        place_of("../../etc")


def test_the_pins_hold_what_the_workers_of_the_environment_need():
    pins = pinned_versions("mace")
    assert pins["e3nn"] == "0.4.4"
    assert {"pymongo", "fireworks", "jobflow", "moyopy", "pydantic-settings"} <= pins.keys()


def test_the_environment_of_a_checkout_goes_before_the_users_own(home):
    beside = places.CHECKOUT / ".venv-mace"
    beside.mkdir(parents=True)
    assert place_of("mace") == beside
