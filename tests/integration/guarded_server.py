"""A mongod with authentication on, as in production, for the tests that need one of their own."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bson.json_util import dumps
from pymongo import MongoClient

from db.embedded import find_mongod

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS_TO_STOP = 30.0


@dataclass(frozen=True)
class GuardedServer:
    """A server with a key file in a folder of its own; nobody has founded it yet."""

    folder: Path
    port: int

    @property
    def member(self) -> str:
        return f"rs0/127.0.0.1:{self.port}"

    def secret(self, name: str) -> Path:
        """A file with a password, made when first asked for."""
        path = self.folder / f"{name}.password"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(f"{secrets.token_urlsafe(30)}@/%:+\n")  # what must be percent-encoded
        return path

    def password(self, name: str) -> str:
        return self.secret(name).read_text().rstrip("\n")

    def environment(self, user: str, options: str = "replicaSet=rs0") -> dict[str, str]:
        """Variables of somebody who uses the server, without a password in any of them."""
        uri = f"mongodb://{user}@127.0.0.1:{self.port}/?authSource=admin&{options}"
        return {
            "FACET_MONGO_URI": uri,
            "FACET_MONGO_PASSWORD_FILE": str(self.secret(user)),
            "FACET_DATABASE": "guarded",
            "FACET_HOME": str(self.folder / "home"),
        }

    @property
    def founder(self) -> dict[str, str]:
        """Variables of the administrator, who talks to this one server."""
        return self.environment("root", "directConnection=true&serverSelectionTimeoutMS=60000")


@contextmanager
def guarded_server(folder: Path, *options: str) -> Iterator[GuardedServer]:
    """Run a server with authentication while the block runs; stop it by its process id."""
    server = GuardedServer(folder, _free_port())
    key_file, data = folder / "keyfile", folder / "data"
    data.mkdir()
    key_file.touch(mode=0o600)
    key_file.write_text(secrets.token_hex(48))
    configured = os.environ.get("FACET_MONGOD")
    binary = find_mongod(Path(configured) if configured else None)
    command = [str(binary.path), "--replSet", "rs0", "--keyFile", str(key_file)]
    command += ["--bind_ip", "127.0.0.1", "--port", str(server.port), "--dbpath", str(data)]
    command += ["--nounixsocket", "--oplogSize", "128", "--wiredTigerCacheSizeGB", "0.25"]
    command += ["--setParameter", "diagnosticDataCollectionEnabled=false", *options]
    with (folder / "mongod.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield server
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def certificate(folder):
    """A key and a certificate of 127.0.0.1, signed by itself."""
    path, key = folder / "server.crt", folder / "server.key"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [*command, "-keyout", key, "-out", path], check=True, capture_output=True, timeout=60
    )
    both = folder / "server.pem"
    both.touch(mode=0o600)
    both.write_text(key.read_text() + path.read_text())
    return path, both


def everything_stored(server):
    """Text of every document that somebody other than the server itself has written."""
    uri = f"mongodb://127.0.0.1:{server.port}/?directConnection=true"
    with MongoClient(uri, username="root", password=server.password("root")) as client:
        names = set(client.list_database_names()) - {"admin", "local", "config"}
        assert names == {"guarded"}
        database = client["guarded"]
        found = [database[each].find() for each in database.list_collection_names()]
        return "\n".join(dumps(document) for cursor in found for document in cursor)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
