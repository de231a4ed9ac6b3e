"""The doctor finds what is broken, goes on after it, and says how to mend it."""

import json
import os
import socket
import subprocess
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from db.client import open_database
from db.embedded import EmbeddedServer, find_mongod
from db.indexes import ensure_indexes
from facet.checkpoint import read_golden, save_checkpoint
from facet.config import FACET_S
from facet.nn.network import FacetNetwork
from workflows.cli.doctor import run_doctor
from workflows.doctor import (
    Finding,
    Health,
    computing,
    database,
    examine,
    installation,
    places,
    vasp,
)


@pytest.fixture(autouse=True)
def private_home(monkeypatch, tmp_path):
    monkeypatch.delenv("FACET_MONGO_URI", raising=False)
    monkeypatch.setenv("FACET_HOME", str(tmp_path / "home"))


def only(findings):
    (finding,) = findings
    return finding


def test_a_sound_installation_gets_a_line_for_each_thing_and_exit_code_0(
    capsys, monkeypatch, tmp_path
):
    # Loading another potential takes longer than all the rest, and has tests of its own.
    monkeypatch.setattr("workflows.environments.places.CHECKOUT", tmp_path / "installed")
    assert run_doctor(as_json=False) == 0
    lines = capsys.readouterr().out.splitlines()
    topics = [line.split()[1] for line in lines if not line.startswith(" ")]
    assert list(dict.fromkeys(topics)) == [
        *("python", "packages", "versions", "device", "potential"),
        *("environment", "disk", "database", "vasp"),
    ]
    assert not any(line.startswith("broken") for line in lines)
    assert any("torch" in line and torch.__version__ in line for line in lines)
    assert any(
        "not compiled (golden batch): eager float32 on cpu differs by" in line for line in lines
    )


def test_json_is_one_document_and_the_exit_code_tells_that_something_is_broken(
    capsys, monkeypatch, tmp_path
):
    looks = {"python": installation.python_findings, "database": database.database_findings}
    monkeypatch.setattr("workflows.cli.doctor.examine", lambda: examine(looks))
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
    absent = only(computing.environment_findings())
    assert absent.health is Health.OK
    assert "`facet env make mace` builds one" in absent.text
    python = tmp_path / "home" / "environments" / "mace" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho \'{"e3nn": "0.6.0"}\'\n')
    python.chmod(0o755)
    findings = list(computing.environment_findings())
    assert {each.health for each in findings} == {Health.WARNING}
    assert any("e3nn 0.6.0" in each.text for each in findings)


def test_the_doctor_leaves_nothing_behind(tmp_path):
    assert only(database.database_findings()).health is Health.OK
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("found", "health"),
    [("3.11.7", Health.OK), ("3.10.1", Health.BROKEN), ("3.13.0", Health.BROKEN)],
)
def test_python_is_compared_with_what_facet_is_made_for(found, health):
    finding = only(installation.python_findings(found, ">=3.11,<3.13"))
    assert finding.health is health
    assert found in finding.text


def test_missing_and_unfit_packages_are_named_with_the_command_that_mends_them():
    absent, unfit, rest = installation.package_findings(
        ["torch>=2", "no-such-package-for-facet>=1", "numpy>=99"]
    )
    assert absent.health is unfit.health is Health.BROKEN
    assert absent.text == "no-such-package-for-facet is not installed"
    assert "does not meet >=99" in unfit.text
    assert unfit.mend == "run `pip install 'numpy>=99'`"
    assert torch.__version__ in rest.text


def test_optional_packages_are_not_asked_for():
    names = [each.split("<")[0].split(">")[0] for each in installation.required_packages()]
    assert "torch" in names
    assert "pytest" not in names


def test_a_potential_that_gives_other_numbers_is_broken(tmp_path):
    path = tmp_path / "drifted.safetensors"
    config = replace(FACET_S, channels=(4, 2))
    save_checkpoint(path, config, FacetNetwork(config).state_dict(), {})
    assert only(computing.potential_findings(path)).health is Health.OK
    golden = read_golden(path)
    drifted = replace(golden.record, forces=golden.record.forces + 0.1)
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata() | {"golden": replace(golden, record=drifted).to_text()}
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no dict)
    save_file(tensors, path, metadata=metadata)
    finding = only(computing.potential_findings(path))
    assert finding.health is Health.BROKEN
    assert "1e+02 meV/A" in finding.text
    assert finding.mend.startswith("use the versions of Facet, torch and e3nn")


def test_a_missing_potential_is_broken():
    finding = only(computing.potential_findings("nothing"))
    assert finding.health is Health.BROKEN
    assert "no potential 'nothing'" in finding.text


@pytest.fixture
def own_server(mongo_home, db_settings, monkeypatch):
    """A server of the user's own, which asks for a password."""
    server = EmbeddedServer(mongo_home)
    monkeypatch.setenv("FACET_MONGO_URI", server.uri.get_secret_value())
    monkeypatch.setenv("FACET_DATABASE", db_settings.database)
    yield server
    server.close()


def test_a_users_replica_set_is_sound_and_its_password_is_not_shown(own_server):
    server, access, indexes, jobs = database.database_findings()
    assert {each.health for each in (server, access, indexes, jobs)} == {Health.OK}
    assert "replica set" in server.text
    assert "user 'facet' may read and write" in access.text
    assert "is empty" in indexes.text
    assert "0 jobs waiting or running" in jobs.text
    password = own_server.uri.get_secret_value().split("@")[0].split(":")[-1]
    assert password not in repr([server, access, indexes, jobs])


def test_missing_indexes_and_failed_jobs_are_warnings_with_their_mend(own_server):
    with open_database() as opened:
        opened["candidates"].insert_one({"campaign_id": "c"})
        opened["fireworks"].insert_one({"state": "FIZZLED", "fw_id": 1})
        *_, indexes, jobs = database.database_findings()
        assert indexes.health is jobs.health is Health.WARNING
        assert "facet db init" in indexes.mend
        assert "1 failed" in jobs.text
        ensure_indexes(opened)
        *_, indexes, jobs = database.database_findings()
        assert indexes.health is Health.OK
        opened.client.drop_database(opened.name)


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
    server, access, *_ = database.database_findings()
    assert server.health is access.health is Health.WARNING
    assert "loses acknowledged writes" in server.text
    assert "rs.initiate()" in server.mend
    assert "asks for no password" in access.text


def test_a_server_that_does_not_answer_is_broken_and_no_secret_is_shown(monkeypatch):
    uri = "mongodb://me:hush@127.0.0.1:1/?serverSelectionTimeoutMS=100"
    monkeypatch.setenv("FACET_MONGO_URI", uri)
    finding = only(database.database_findings())
    assert finding.health is Health.BROKEN
    assert finding.text == "No MongoDB server answers at 127.0.0.1:1"
    assert finding.mend == "check that it runs and that FACET_MONGO_URI names it"


def test_settings_that_cannot_be_used_are_broken(monkeypatch):
    monkeypatch.setenv("FACET_DATABASE", "a/b")
    finding = only(database.database_findings())
    assert finding.health is Health.BROKEN
    assert "FACET_DATABASE" in finding.text


def test_a_home_that_cannot_be_written_is_broken(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FACET_HOME", str(tmp_path / "file" / "home"))
    finding = only(database.database_findings())
    assert finding.health is Health.BROKEN
    assert "FACET_HOME" in finding.mend


def test_the_examination_goes_on_after_a_crash():
    def crash():
        raise ImportError("libtorch.so: cannot open shared object file")
        yield

    def sound():
        yield Finding("next", Health.OK, "fine")

    broken, after = examine({"device": crash, "next": sound})
    assert (broken.topic, broken.health) == ("device", Health.BROKEN)
    assert "libtorch.so" in broken.text
    assert after.topic == "next"


def test_a_crash_at_the_database_shows_no_connection_string():
    def crash():
        raise RuntimeError("mongodb://me:hush@host")
        yield

    assert "hush" not in repr(list(examine({"database": crash})))


def test_versions_that_were_not_tested_are_a_warning(tmp_path):
    constraints = tmp_path / "constraints.txt"
    constraints.write_text(f"torch=={torch.__version__.split('+')[0]}\nno-such-package==1\n")
    assert only(installation.pinned_findings(constraints)).health is Health.OK
    constraints.write_text("numpy==1.0  # old\n")
    finding = only(installation.pinned_findings(constraints))
    assert finding.health is Health.WARNING
    assert "(tested: 1.0)" in finding.text
    assert list(installation.pinned_findings(tmp_path / "absent.txt")) == []


def test_gpus_that_torch_cannot_use_are_a_warning(monkeypatch, tmp_path):
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 580.1\necho 580.1\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert computing.nvidia_drivers() == ["580.1", "580.1"]
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.version, "cuda", None)
    warning, _ = computing.device_findings()
    assert warning.health is Health.WARNING
    assert "2 GPUs are here" in warning.text


def test_a_folder_without_room_is_told_before_it_is_full(monkeypatch, tmp_path):
    finding = places.room_in(tmp_path / "not" / "yet", "FACET_HOME")
    assert "GiB free" in finding.text
    for free, health in ((2**34, Health.OK), (2**31, Health.WARNING), (2**20, Health.BROKEN)):
        usage = SimpleNamespace(free=free)
        monkeypatch.setattr(places.shutil, "disk_usage", lambda _, usage=usage: usage)
        assert places.room_in(tmp_path, "TMPDIR").health is health
    (tmp_path / "file").write_text("")
    finding = places.room_in(tmp_path / "file" / "home", "FACET_HOME")
    assert finding.health is Health.BROKEN
    assert "set FACET_HOME to a folder of yours" in finding.mend


def test_dft_needs_both_vasp_and_its_potentials_or_neither(monkeypatch, tmp_path):
    folders = {"PBE": "POT_GGA_PAW_PBE"}
    monkeypatch.setenv("PATH", str(tmp_path))
    assert only(vasp.examined(None, "vasp_std", folders)).health is Health.OK
    program = tmp_path / "vasp_std"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    absent, found = vasp.examined(None, "vasp_std", folders)
    assert (absent.health, found.health) == (Health.WARNING, Health.OK)
    assert "PMG_VASP_PSP_DIR" in absent.mend
    potcars = tmp_path / "potcars"
    assert next(vasp.examined(str(potcars), "vasp_std", folders)).health is Health.WARNING
    (potcars / "POT_GGA_PAW_PBE").mkdir(parents=True)
    assert "holds no POTCAR" in next(vasp.examined(str(potcars), "vasp_std", folders)).text
    (potcars / "POT_GGA_PAW_PBE" / "POTCAR.Si.gz").write_text("")
    assert {each.health for each in vasp.examined(str(potcars), "vasp_std", folders)} == {Health.OK}
    lost = list(vasp.examined(str(potcars), "srun vasp_std", folders))[-1]
    assert (lost.health, lost.mend.split(",")[0]) == (Health.WARNING, "load the module of VASP")
