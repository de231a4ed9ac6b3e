"""What building an environment asks of pip; the building itself is not repeated here."""

from __future__ import annotations

import hashlib

import pytest

from facet.interop.mace_models import MODELS, MaceModel
from workflows.environments import checks, making, places, weights
from workflows.environments.making import make

CONTENT = b"weights"
CHECKSUM = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """The options of every ``pip install``, in an environment whose interpreter does nothing."""
    monkeypatch.setattr(places, "CHECKOUT", tmp_path)
    monkeypatch.setattr(making, "CHECKOUT", tmp_path)
    monkeypatch.setenv("FACET_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(checks.CHECKSUMS, "mace", CHECKSUM)
    (tmp_path / "pyproject.toml").touch()
    log = tmp_path / "log"
    python = tmp_path / ".venv-mace" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "$@" >> {log}\n')
    python.chmod(0o755)
    given = tmp_path / "given.model"
    given.write_bytes(CONTENT)

    def call(**options):
        make("mace", weights=given, tell=lambda _: None, **options)
        lines = log.read_text().splitlines()
        log.unlink()
        return [each.partition("--disable-pip-version-check ")[2] for each in lines]

    return call


def test_torch_comes_first_then_the_pins_then_facet_itself(asked, tmp_path):
    pins = tmp_path / ".venv-mace" / "pins.txt"
    assert asked() == ["torch==2.13.0", f"--no-deps -r {pins}", f"--no-deps -e {tmp_path}"]
    assert "e3nn==0.4.4" in pins.read_text()
    assert (tmp_path / ".venv-mace" / "mace_mp_small.model").read_bytes() == CONTENT


def test_for_a_gpu_torch_is_one_for_cuda_and_the_kernels_are_pinned_beside_it(asked, tmp_path):
    torch, *_, kernels = asked(is_cuda=True)
    assert torch == "torch==2.13.0+cu130 --index-url https://download.pytorch.org/whl/cu130"
    options, *packages = kernels.split(" cue")
    assert options == f"-c {tmp_path / '.venv-mace' / 'pins.txt'}"
    assert [each.partition("==")[0] for each in packages] == [
        "quivariance",
        "quivariance-torch",
        "quivariance-ops-torch-cu13",
    ]
    assert all("==" in each for each in packages)


def test_weights_that_are_here_are_not_fetched_again(asked, tmp_path, monkeypatch):
    asked()
    small = MaceModel("small", "S", "x/y.model", CHECKSUM)
    monkeypatch.setitem(MODELS, "small", small)
    monkeypatch.setattr(weights, "MACE_MP_0_SMALL", CHECKSUM)
    monkeypatch.setattr(making, "fetched", None)  # calling it would fail
    make("mace", tell=lambda _: None)
    assert (tmp_path / ".venv-mace" / "mace_mp_small.model").read_bytes() == CONTENT
