"""The folder of the private server: its data, its locks, its key, and where it listens."""

from __future__ import annotations

import hashlib
import json
import secrets
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from db.embedded.locks import is_held
from db.errors import EmbeddedServerError

if TYPE_CHECKING:
    from pathlib import Path

PRIVATE = 0o700
OWNER_ONLY = 0o600


@dataclass(frozen=True)
class ServerFolder:
    """Paths and small files of one private server.

    Attributes:
        root: The folder; only its owner may enter it.
    """

    root: Path

    @property
    def data(self) -> Path:
        """What mongod stores."""
        return self.root / "data"

    @property
    def log(self) -> Path:
        """What mongod last said."""
        return self.root / "mongod.log"

    @property
    def key_file(self) -> Path:
        """The secret that proves ownership of this server."""
        return self.root / "keyfile"

    @property
    def gate(self) -> Path:
        """Held alone by whoever starts, joins or leaves."""
        return self.root / "gate.lock"

    @property
    def users(self) -> Path:
        """Held together by all who use the server."""
        return self.root / "users.lock"

    def prepare(self) -> None:
        """Make the folder and everything that must be there before a server starts.

        Raises:
            EmbeddedServerError: The folder cannot be made or is not ours.
        """
        try:
            for path in (self.root, self.data):
                path.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
                path.chmod(PRIVATE)
            self.gate.touch(mode=OWNER_ONLY)
        except OSError as error:
            raise EmbeddedServerError(
                f"The data folder {self.root} cannot be used ({error.strerror}); "
                "set FACET_HOME to a folder that you may write."
            ) from error

    def key(self) -> str:
        """Return the secret, making it the first time; call it behind the gate."""
        if not self.key_file.exists():
            self._write(self.key_file, secrets.token_hex(32))
        return self.key_file.read_text()

    def password(self) -> str:
        """Return the password of the user ``facet``; the key cannot be told from it."""
        return hashlib.sha256(f"facet:{self.key()}".encode()).hexdigest()

    def is_running(self) -> bool:
        """Whether a server has this data open; call it behind the gate."""
        return is_held(self.data / "mongod.lock")

    def pid(self) -> int | None:
        """Process id of the running server, as it wrote it; None after a clean stop."""
        lock = self.data / "mongod.lock"
        text = lock.read_text().strip() if lock.exists() else ""
        return int(text) if text else None

    def last_port(self) -> int | None:
        """The port that this machine's server used last."""
        return self._address().get("port")

    def foreign_host(self) -> str | None:
        """The other machine whose server used this folder last, if it was another."""
        host = self._address().get("host", socket.gethostname())
        return None if host == socket.gethostname() else str(host)

    def remember_port(self, port: int) -> None:
        """Tell processes that come later where to look."""
        address = {"host": socket.gethostname(), "port": port}
        self._write(self.root / "address.json", json.dumps(address))

    def _address(self) -> dict[str, Any]:
        path = self.root / "address.json"
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def _write(self, path: Path, text: str) -> None:
        """Write a small file whole or not at all, readable by its owner only."""
        draft = path.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        draft.touch(mode=OWNER_ONLY)
        draft.write_text(text)
        draft.replace(path)
