"""Advisory locks of files; the kernel lets go of them when their holder dies."""

from __future__ import annotations

import errno
import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from db.errors import EmbeddedServerError

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

POLL_SECONDS = 0.02


def require_locks() -> None:
    """Refuse a system without POSIX locks.

    Raises:
        EmbeddedServerError: This is Windows.
    """
    if sys.platform == "win32":
        raise EmbeddedServerError(
            "The private database server needs Linux or macOS; use WSL, or set FACET_MONGO_URI."
        )


@contextmanager
def exclusive(path: Path, seconds: float) -> Iterator[None]:
    """Hold a file alone, waiting for others.

    Raises:
        EmbeddedServerError: Another process did not let go in time.
    """
    file = _open(path)
    try:
        deadline = time.monotonic() + seconds
        while not _lock(file, path, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise EmbeddedServerError(
                    f"Another process has been starting or stopping the database in {path.parent} "
                    f"for {seconds:.0f} s; end that process and try again."
                )
            time.sleep(POLL_SECONDS)
        yield
    finally:
        os.close(file)


def is_held(path: Path) -> bool:
    """Whether some process holds a file; call it only where nobody can be about to take it."""
    if not path.exists():
        return False
    file = _open(path)
    try:
        return not _lock(file, path, fcntl.LOCK_EX)
    finally:
        os.close(file)


class SharedHold:
    """A share in a file that many may hold.

    Args:
        path: The file; made when missing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = _open(path)
        if not _lock(self._file, path, fcntl.LOCK_SH):
            os.close(self._file)
            raise EmbeddedServerError(f"The lock {path} is held by a foreign program; end it.")

    def is_last(self) -> bool:
        """Whether nobody else holds a share; call it only where nobody can be about to take one."""
        return _lock(self._file, self._path, fcntl.LOCK_EX)

    def release(self) -> None:
        """Give the share back, also on behalf of forked children that inherited it."""
        fcntl.flock(self._file, fcntl.LOCK_UN)
        os.close(self._file)


def _open(path: Path) -> int:
    """Open a lock file for this process only: children never inherit it."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _lock(file: int, path: Path, kind: int) -> bool:
    """Try to lock; False when another holder is in the way."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        raise EmbeddedServerError(
            f"The file system of {path.parent} has no file locks; "
            "set FACET_HOME to a folder on a local disk."
        ) from error
    return True
