"""Starting, readying and stopping one mongod process; all of it happens behind the gate."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from db.embedded.binary import run_program
from db.errors import EmbeddedServerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from db.embedded.binary import MongodBinary
    from db.embedded.folder import ServerFolder

LOOPBACK = "127.0.0.1"
REPLICA_SET = "facet"
USER = "facet"
ROLES = ("readWriteAnyDatabase", "dbAdminAnyDatabase", "clusterMonitor")
OPTIONS = (
    *("--bind_ip", LOOPBACK, "--nounixsocket", "--fork"),
    *("--replSet", REPLICA_SET, "--oplogSize", "128"),
    *("--networkMessageCompressors", "snappy,zstd"),
    *("--wiredTigerCacheSizeGB", "1"),
    # An empty data folder takes 8 MB with these, and 315 MB without.
    *("--wiredTigerEngineConfigString", "log=(prealloc=false,file_max=8MB)"),
    *("--setParameter", "diagnosticDataCollectionEnabled=false"),
    # The last user has left, so there is nobody to give time to.
    *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=0"),
)
SECONDS_TO_START = 120.0  # a crash after heavy writing leaves a long journal to replay
SECONDS_TO_ANSWER = 15.0
SECONDS_TO_STOP = 30.0
SECONDS_FOR_A_PORT = 0.5
POLL_SECONDS = 0.02


def start(binary: MongodBinary, folder: ServerFolder) -> int:
    """Start a server on the port it had before, or on a free one; return the port.

    The same port lets clients of a server that died find the new one.

    Raises:
        EmbeddedServerError: It does not start; the message gives mongod's own reason.
    """
    for port in (folder.last_port(), None, None):
        chosen = port if port is not None and _gets_free(port) else _free_port()
        folder.remember_port(chosen)
        if _launch(binary, folder, chosen):
            return chosen
        if _is_free(chosen):  # so the port was not what stopped it
            break
    raise EmbeddedServerError(
        f"The private database server in {folder.root} did not start: {_last_words(folder)}; "
        f"see {folder.log}, or set FACET_MONGO_URI to another server."
    )


def make_ready(folder: ServerFolder, port: int) -> None:
    """Make a running server the primary of its one-node replica set, with our user in it.

    It may be called any number of times: it finishes what a killed process left half done.

    Raises:
        EmbeddedServerError: It does not answer or does not become ready.
    """
    try:
        with _owner_client(folder, port) as client:
            _become_primary(client, f"{LOOPBACK}:{port}")
            users = client.admin.command("usersInfo", USER)["users"]
            if not users:
                client.admin.command("createUser", USER, pwd=folder.password(), roles=list(ROLES))
    except PyMongoError as error:
        raise EmbeddedServerError(
            f"The private database server in {folder.root} does not answer as it should; "
            f"see {folder.log}, end process {folder.pid()} if it still runs, and try again."
        ) from error


def stop(folder: ServerFolder, port: int) -> None:
    """Stop the server cleanly; kill it when it does not obey, which its journal survives.

    SIGTERM is mongod's clean shutdown; unlike the command it needs no client, whose threads could
    not start while the interpreter exits.
    """
    _signal(folder, signal.SIGTERM)
    deadline = time.monotonic() + SECONDS_TO_STOP
    while folder.is_running():
        time.sleep(POLL_SECONDS)
        if time.monotonic() > deadline:
            _signal(folder, signal.SIGKILL)
    _gets_free(port)


def uri_of(folder: ServerFolder, port: int) -> str:
    """Return the connection string, password included: never print it."""
    return (
        f"mongodb://{USER}:{folder.password()}@{LOOPBACK}:{port}/"
        "?authSource=admin&directConnection=true&w=majority&journal=true"
    )


def _signal(folder: ServerFolder, number: signal.Signals) -> None:
    """Send a signal to the server, if it still runs: while it does, its process id is true."""
    pid = folder.pid()
    if folder.is_running() and pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


@contextmanager
def _owner_client(folder: ServerFolder, port: int) -> Iterator[MongoClient[dict[str, Any]]]:
    """Connect as the holder of the key, who exists before there is any user."""
    client: MongoClient[dict[str, Any]] = MongoClient(
        LOOPBACK,
        port,
        username="__system",
        password=folder.key(),
        authSource="local",
        authMechanism="SCRAM-SHA-256",
        directConnection=True,
        serverSelectionTimeoutMS=int(1000 * SECONDS_TO_ANSWER),
    )
    with client:
        yield client


def _become_primary(client: MongoClient[dict[str, Any]], host: str) -> None:
    """Found the replica set, or tell it its new address, and wait until it accepts writes."""
    config = client["local"]["system.replset"].find_one()
    if config is None:
        config = {"_id": REPLICA_SET, "members": [{"_id": 0, "host": host}]}
        client.admin.command("replSetInitiate", config)
    elif config["members"][0]["host"] != host:
        config["members"][0]["host"] = host
        config["version"] += 1
        client.admin.command("replSetReconfig", config, force=True)
    deadline = time.monotonic() + SECONDS_TO_ANSWER
    while not client.admin.command("hello").get("isWritablePrimary"):
        if time.monotonic() > deadline:
            raise PyMongoError("the replica set has no primary")
        time.sleep(POLL_SECONDS)


def _launch(binary: MongodBinary, folder: ServerFolder, port: int) -> bool:
    """Run mongod in the background; True once it listens."""
    folder.log.unlink(missing_ok=True)
    command = [str(binary.path), *OPTIONS, "--port", str(port), "--dbpath", str(folder.data)]
    command += ["--keyFile", str(folder.key_file), "--logpath", str(folder.log)]
    try:
        return run_program(command, SECONDS_TO_START).returncode == 0
    except subprocess.TimeoutExpired as error:
        raise EmbeddedServerError(
            f"The private database server in {folder.root} has not started within "
            f"{SECONDS_TO_START:.0f} s; wait until {folder.log} says that it listens, then retry."
        ) from error


def _last_words(folder: ServerFolder) -> str:
    """Mongod's own reason for not starting: the first error in its log."""
    lines = folder.log.read_text(errors="replace").splitlines() if folder.log.exists() else []
    for line in lines:
        with suppress(ValueError):
            entry = json.loads(line)
            if entry["s"] in ("F", "E"):
                error = entry.get("attr", {}).get("error", "")
                detail = error.get("errmsg", "") if isinstance(error, dict) else error
                return f"{entry['msg'].strip()} {detail}".strip()
    return "it gave no reason"


def _gets_free(port: int) -> bool:
    """Whether a port is free, if need be after a moment: a dying server lets go of it last."""
    deadline = time.monotonic() + SECONDS_FOR_A_PORT
    while not _is_free(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
