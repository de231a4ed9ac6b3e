"""Sharing one private server among the processes of a machine."""

from __future__ import annotations

import atexit
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pydantic import SecretStr

from db.embedded import process
from db.embedded.binary import find_mongod
from db.embedded.folder import ServerFolder
from db.embedded.locks import SharedHold, exclusive, require_locks
from db.errors import EmbeddedServerError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

SECONDS_AT_THE_GATE = 180.0


class EmbeddedServer:
    """This process's share in the private server; making one starts the server if need be.

    The server stops when the last share is closed, at the latest when the last process ends
    normally. After a kill it goes on until the next process that uses it ends.

    Args:
        home: The user's data folder; the server keeps to its subfolder ``mongo``.
        mongod: The program to run; found where it is usual when not given.
    """

    def __init__(self, home: Path, mongod: Path | None = None) -> None:
        require_locks()
        self._folder = ServerFolder(home / "mongo")
        self._mongod = mongod
        self._owner = os.getpid()
        self._folder.prepare()
        with self._gate():
            self._hold = SharedHold(self._folder.users)
            try:
                self._port = self._start_or_join()
            except BaseException:  # an interrupted start leaves no server behind either
                self._leave()
                raise
        self._is_open = True
        atexit.register(self.close)

    @property
    def uri(self) -> SecretStr:
        """Connection string with user and password."""
        return SecretStr(process.uri_of(self._folder, self._port))

    @property
    def pid(self) -> int | None:
        """Process id of the server."""
        return self._folder.pid()

    def revive(self) -> None:
        """Start the server again, on the same port where that is free, if it has died.

        Raises:
            EmbeddedServerError: It does not start.
        """
        with self._gate():
            self._port = self._start_or_join()

    def close(self) -> None:
        """Give up this share; the last one stops the server. Closing twice does no harm."""
        if not self._is_open or os.getpid() != self._owner:  # a forked child owns no share
            return
        self._is_open = False
        atexit.unregister(self.close)
        with self._gate():
            self._leave()

    def _gate(self) -> AbstractContextManager[None]:
        return exclusive(self._folder.gate, SECONDS_AT_THE_GATE)

    def _leave(self) -> None:
        """Give the share back; the last one stops the server. Call it behind the gate."""
        folder = self._folder
        port = folder.last_port()
        is_here = folder.foreign_host() is None
        if port is not None and is_here and self._hold.is_last() and folder.is_running():
            process.stop(folder, port)
        self._hold.release()

    def _start_or_join(self) -> int:
        """Return the port of a server that is ready; call it behind the gate."""
        folder = self._folder
        folder.key()
        if not folder.is_running():
            port = process.start(find_mongod(self._mongod), folder)
        else:
            port = self._port_of_running()
        process.make_ready(folder, port)
        return port

    def _port_of_running(self) -> int:
        """Where the server that has the data open listens."""
        host, port = self._folder.foreign_host(), self._folder.last_port()
        if host is not None or port is None:
            raise EmbeddedServerError(
                f"The database in {self._folder.root} is in use on {host or 'another machine'}; "
                "set FACET_MONGO_URI to a server that both can reach, or FACET_HOME to a folder "
                "of this machine."
            )
        return port


@contextmanager
def embedded_server(home: Path, mongod: Path | None = None) -> Iterator[EmbeddedServer]:
    """Share the private server while the block runs.

    Raises:
        EmbeddedServerError: No mongod runs, or the folder cannot be used.
    """
    server = EmbeddedServer(home, mongod)
    try:
        yield server
    finally:
        server.close()
