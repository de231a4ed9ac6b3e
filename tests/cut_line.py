"""A line to a server that a test can cut and mend."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from pydantic import SecretStr

from db.client import connect
from db.embedded import embedded_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from db.client import MongoDatabase
    from db.settings import DbSettings

CHUNK = 2**16


class CutLine:
    """Passes bytes between local clients and one port; cut, it ends all connections."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._is_cut = threading.Event()
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self) -> None:
        self._is_cut.set()
        with self._lock:
            ends, self._open = self._open, []
        for each in ends:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def mend(self) -> None:
        self._is_cut.clear()

    def cut_for(self, seconds: float) -> None:
        self.cut()
        timer = threading.Timer(seconds, self.mend)
        timer.daemon = True
        timer.start()

    def close(self) -> None:
        self.cut()
        self._door.close()

    def _serve(self) -> None:
        with suppress(OSError):  # the door is closed
            while True:
                client, _ = self._door.accept()
                self._join(client)

    def _join(self, client: socket.socket) -> None:
        if self._is_cut.is_set():
            client.close()
            return
        server = socket.create_connection(("127.0.0.1", self._target))
        with self._lock:
            self._open += [client, server]
        for ends in ((client, server), (server, client)):
            threading.Thread(target=_pass_on, args=ends, daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(CHUNK):
            sink.sendall(data)
    for each in (source, sink):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


@contextmanager
def cut_line_to(
    database: MongoDatabase, settings: DbSettings
) -> Iterator[tuple[CutLine, MongoDatabase]]:
    """A line to the server of a database, and the same database at its other end."""
    _, port = database.client.address
    line = CutLine(port)
    with embedded_server(settings.home) as server:
        uri = server.uri.get_secret_value().replace(f":{port}/", f":{line.port}/")
    try:
        with connect(_with_short_waits(uri)) as client:
            yield line, client[database.name]
    finally:
        line.close()


def _with_short_waits(uri: str) -> SecretStr:
    return SecretStr(f"{uri}&serverSelectionTimeoutMS=500&heartbeatFrequencyMS=500")
