"""The doctor finds what is broken, goes on after it, and says how to mend it."""

import json
import os
import socket
import subprocess
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from db.embedded import EmbeddedServer, find_mongod
from facet.checkpoint import read_golden, save_checkpoint
from facet.config import FACET_S
from facet.nn.network import FacetNetwork
from workflows import doctor
from workflows.cli.doctor import run_doctor
from workflows.doctor import Health


@pytest.fixture(autouse=True)
def private_home(monkeypatch, tmp_path):
    monkeypatch.delenv("FACET_MONGO_URI", raising=False)
    monkeypatch.setenv("FACET_HOME", str(tmp_path / "home"))


def only(findings):
    (finding,) = findings
    return finding


def test_a_sound_installation_gets_a_line_for_each_thing_and_exit_code_0(capsys):
    assert run_doctor(as_json=False) == 0
    lines = capsys.readouterr().out.splitlines()
    topics = [line.split()[1] for line in lines if not line.startswith(" ")]
    assert list(dict.fromkeys(topics)) == [
        *("python", "packages", "device"),
        *("potential", "environments", "database"),
    ]
    assert not any(line.startswith("broken") for line in lines)
    assert any("torch" in line and torch.__version__ in line for line in lines)
    assert any("facet-s: eager float32 on cpu differs by" in line for line in lines)


def test_json_is_one_document_and_the_exit_code_tells_that_something_is_broken(
    capsys, monkeypatch, tmp_path
):
    monkeypatch.setenv("FACET_MONGOD", str(tmp_path / "nothing"))
    assert run_doctor(as_json=True) == 1
    document = json.loads(capsys.readouterr().out)
    assert not document["is_sound"]
    broken = only(each for each in document["findings"] if each["health"] == "broken")
    assert broken["topic"] == "database"
    assert "FACET_MONGOD does not work" in broken["text"]
    assert "pip install 'facet[embedded]'" in broken["mend"]


def test_an_absent_environment_is_no_fault_but_a_broken_one_is_worth_a_warning(
    monkeypatch, tmp_path
):
    monkeypatch.setattr("workflows.environments.places.CHECKOUT", tmp_path / "installed")
    absent = only(doctor.environment_findings())
    assert absent.health is Health.OK
    assert "`facet env make mace` builds one" in absent.text
    python = tmp_path / "home" / "environments" / "mace" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho \'{"e3nn": "0.6.0"}\'\n')
    python.chmod(0o755)
    findings = list(doctor.environment_findings())
    assert {each.health for each in findings} == {Health.WARNING}
    assert any("e3nn 0.6.0" in each.text for each in findings)


def test_the_doctor_leaves_nothing_behind(tmp_path):
    assert only(doctor.database_findings()).health is Health.OK
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("found", "health"),
    [("3.11.7", Health.OK), ("3.10.1", Health.BROKEN), ("3.13.0", Health.BROKEN)],
)
def test_python_is_compared_with_what_facet_is_made_for(found, health):
    finding = only(doctor.python_findings(found, ">=3.11,<3.13"))
    assert finding.health is health
    assert found in finding.text


def test_missing_and_unfit_packages_are_named_with_the_command_that_mends_them():
    absent, unfit, rest = doctor.package_findings(
        ["torch>=2", "no-such-package-for-facet>=1", "numpy>=99"]
    )
    assert absent.health is unfit.health is Health.BROKEN
    assert absent.text == "no-such-package-for-facet is not installed"
    assert "does not meet >=99" in unfit.text
    assert unfit.mend == "run `pip install 'numpy>=99'`"
    assert torch.__version__ in rest.text


def test_optional_packages_are_not_asked_for():
    names = [each.split("<")[0].split(">")[0] for each in doctor.required_packages()]
    assert "torch" in names
    assert "pytest" not in names


def test_a_potential_that_gives_other_numbers_is_broken(tmp_path):
    path = tmp_path / "drifted.safetensors"
    config = replace(FACET_S, channels=(4, 2))
    save_checkpoint(path, config, FacetNetwork(config).state_dict(), {})
    assert only(doctor.potential_findings(path)).health is Health.OK
    golden = read_golden(path)
    drifted = replace(golden.record, forces=golden.record.forces + 0.1)
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata() | {"golden": replace(golden, record=drifted).to_text()}
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no dict)
    save_file(tensors, path, metadata=metadata)
    finding = only(doctor.potential_findings(path))
    assert finding.health is Health.BROKEN
    assert "1e+02 meV/A" in finding.text
    assert finding.mend.startswith("use the versions of Facet, torch and e3nn")


def test_a_missing_potential_is_broken():
    finding = only(doctor.potential_findings("nothing"))
    assert finding.health is Health.BROKEN
    assert "no potential 'nothing'" in finding.text


def test_a_users_replica_set_is_sound_and_its_password_is_not_shown(mongo_home, monkeypatch):
    server = EmbeddedServer(mongo_home)
    monkeypatch.setenv("FACET_MONGO_URI", server.uri.get_secret_value())
    finding = only(doctor.database_findings())
    server.close()
    assert finding.health is Health.OK
    assert "replica set" in finding.text
    assert "facet:" not in finding.text


@pytest.fixture
def standalone(tmp_path):
    """The URI of a server that is no replica set."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    configured = os.environ.get("FACET_MONGOD")
    data = tmp_path / "standalone"
    data.mkdir()
    server = subprocess.Popen(
        [
            *(configured or str(find_mongod().path), "--dbpath", str(data)),
            *("--port", str(port), "--bind_ip", "127.0.0.1", "--nounixsocket"),
            *("--networkMessageCompressors", "snappy,zstd"),
            *("--wiredTigerEngineConfigString", "log=(prealloc=false,file_max=8MB)"),
        ],
        stdout=subprocess.DEVNULL,
    )
    yield f"mongodb://127.0.0.1:{port}/"
    server.kill()
    server.wait()


def test_a_standalone_server_is_a_warning(standalone, monkeypatch):
    monkeypatch.setenv("FACET_MONGO_URI", standalone)
    finding = only(doctor.database_findings())
    assert finding.health is Health.WARNING
    assert "loses acknowledged writes" in finding.text
    assert "rs.initiate()" in finding.mend


def test_a_server_that_does_not_answer_is_broken_and_no_secret_is_shown(monkeypatch):
    uri = "mongodb://me:hush@127.0.0.1:1/?serverSelectionTimeoutMS=100"
    monkeypatch.setenv("FACET_MONGO_URI", uri)
    finding = only(doctor.database_findings())
    assert finding.health is Health.BROKEN
    assert finding.text == "No MongoDB server answers at 127.0.0.1:1"
    assert finding.mend == "check that it runs and that FACET_MONGO_URI names it"


def test_settings_that_cannot_be_used_are_broken(monkeypatch):
    monkeypatch.setenv("FACET_DATABASE", "a/b")
    finding = only(doctor.database_findings())
    assert finding.health is Health.BROKEN
    assert "FACET_DATABASE" in finding.text


def test_a_home_that_cannot_be_written_is_broken(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FACET_HOME", str(tmp_path / "file" / "home"))
    finding = only(doctor.database_findings())
    assert finding.health is Health.BROKEN
    assert "FACET_HOME" in finding.mend


def test_the_examination_goes_on_after_a_crash(monkeypatch):
    def crash():
        raise ImportError("libtorch.so: cannot open shared object file")
        yield

    monkeypatch.setattr(doctor, "device_findings", crash)
    findings = list(doctor.examine())
    broken = only(each for each in findings if each.health is Health.BROKEN)
    assert broken.topic == "device"
    assert "libtorch.so" in broken.text
    assert findings[-1].topic == "database"


def test_a_crash_at_the_database_shows_no_connection_string(monkeypatch):
    def crash():
        raise RuntimeError("mongodb://me:hush@host")
        yield

    monkeypatch.setattr(doctor, "database_findings", crash)
    assert "hush" not in list(doctor.examine())[-1].text
