"""Waiting for a database that is away, and never for one that refuses.

A server that restarts, a primary that steps down and a network that is cut all end by themselves:
what was asked of the database is asked again, at growing intervals, until it answers or the caller
has no more time. A private server that died is started again. What the server refuses is an error
at once, and a full disk is one that says so.
"""

from __future__ import annotations

import logging
import random
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    OperationFailure,
    PyMongoError,
    WTimeoutError,
)

from db.errors import (
    DatabaseFullError,
    DatabaseUnreachableError,
    EmbeddedServerError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from db.client import Client, MongoDatabase

Answer = TypeVar("Answer")

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 15.0
JITTER = 0.25
"""Largest part by which a wait is shortened, so that many workers do not come back as one."""
SECONDS_BETWEEN_WORDS = 60.0
POLL_SECONDS = 0.1

# Codes of a server that is on its way down or up, or not the primary just now. 211: it has started
# and has not found its keys yet, so it cannot verify the cluster's time that a client brings along.
AWAY_CODES = frozenset(
    {6, 7, 50, 64, 89, 91, 189, 211, 262, 9001, 10058, 10107, 11600, 11602, 13435, 13436}
)
RETRY_LABELS = (
    "RetryableWriteError",
    "TransientTransactionError",
    "UnknownTransactionCommitResult",
)
OUT_OF_DISK_CODES = frozenset({14031})
OUT_OF_DISK_WORDS = "No space left"

log = logging.getLogger(__name__)
_revivals: dict[int, Callable[[], None]] = {}


def patiently(
    operation: Callable[[], Answer],
    database: MongoDatabase,
    is_over: Callable[[], bool] = lambda: False,
) -> Answer:
    """Do something with the database, again and again while it is away.

    An operation that was cut off may have been done: give only what may be done twice.

    Args:
        operation: Called until it returns or is refused.
        database: What it works with; a private server behind it is revived.
        is_over: True when the caller cannot wait any longer.

    Raises:
        DatabaseUnreachableError: The database is away and the caller's time is over.
        DatabaseFullError: The server has no disk space left.
        PyMongoError: The server refuses, or whatever else the operation raises.
    """
    wait = Wait(database, is_over)
    while True:
        try:
            answer = operation()
        except (PyMongoError, DatabaseUnreachableError) as error:
            refuse_when_full(error)
            if not is_away(error):
                raise
            wait.once(error)
        else:
            wait.done()
            return answer


def is_away(error: BaseException) -> bool:
    """Whether an error means that the database does not answer now but may answer later."""
    if isinstance(error, DatabaseUnreachableError):
        return isinstance(error.__cause__, ConnectionFailure)
    if isinstance(error, ConnectionFailure | WTimeoutError):
        return True
    if isinstance(error, PyMongoError) and any(map(error.has_error_label, RETRY_LABELS)):
        return True
    if not isinstance(error, OperationFailure):
        return isinstance(error, PyMongoError) and error.timeout
    codes = _codes(error)
    return bool(codes) and codes <= AWAY_CODES


def refuse_when_full(error: BaseException) -> None:
    """Raise one clear sentence when an error says that the server's disk is full.

    Raises:
        DatabaseFullError: It says so.
    """
    is_told = isinstance(error, OperationFailure) and bool(_codes(error) & OUT_OF_DISK_CODES)
    if is_told or OUT_OF_DISK_WORDS in str(error):
        raise DatabaseFullError(
            "The database server has no disk space left, so nothing more is stored; free or add "
            "space on its disk and start again: what was stored is kept."
        ) from error


@contextmanager
def revivable(client: Client, revive: Callable[[], None]) -> Iterator[None]:
    """Say how the server behind a client is started again, while the block runs."""
    _revivals[id(client)] = revive
    try:
        yield
    finally:
        _revivals.pop(id(client), None)


class Wait:
    """Growing pauses while the database is away.

    Args:
        database: The database; a private server behind it is revived.
        is_over: True when there is no more time to wait.
    """

    def __init__(self, database: MongoDatabase, is_over: Callable[[], bool]) -> None:
        self._database = database
        self._is_over = is_over
        self._pause = FIRST_WAIT_SECONDS
        self._since: float | None = None
        self._last_word = 0.0

    def once(self, error: BaseException) -> None:
        """Pause after an error, and start the private server again if there is one.

        Raises:
            DatabaseUnreachableError: There is no more time.
            DatabaseFullError: The server cannot start for want of disk space.
        """
        now = time.monotonic()
        self._since = self._since if self._since is not None else now
        self._say(now, error)
        self._sleep(self._pause * (1.0 - JITTER * random.random()), error)  # noqa: S311  no secret
        self._pause = min(2.0 * self._pause, LONGEST_WAIT_SECONDS)
        self._revive()

    def done(self) -> None:
        """Say that the database answers again, if it was away, and forget the wait."""
        if self._since is not None:
            log.warning("The database answers again after %.0f s.", time.monotonic() - self._since)
        self._since = None
        self._pause = FIRST_WAIT_SECONDS

    def _say(self, now: float, error: BaseException) -> None:
        """Log at once, and then once a minute; the error's text would name hosts and topology."""
        if self._last_word and now - self._last_word < SECONDS_BETWEEN_WORDS:
            return
        self._last_word = now
        since = "" if self._since in (None, now) else f" for {now - (self._since or now):.0f} s now"
        log.warning(
            "The database does not answer%s (%s); waiting for it.", since, type(error).__name__
        )

    def _sleep(self, seconds: float, error: BaseException) -> None:
        deadline = time.monotonic() + seconds
        while not self._is_over():
            left = deadline - time.monotonic()
            if left <= 0.0:
                return
            time.sleep(min(left, POLL_SECONDS))
        raise DatabaseUnreachableError(
            "The database does not answer and there is no more time to wait for it; "
            "check that its server runs."
        ) from error

    def _revive(self) -> None:
        revive = _revivals.get(id(self._database.client))
        if revive is None:
            return
        try:
            revive()
        except (EmbeddedServerError, OSError) as error:
            refuse_when_full(error)
            log.debug("The private database server is not back yet: %s", error)


def _codes(error: OperationFailure) -> set[int]:
    """Every code that the server gave, for the whole or for single writes."""
    details: Any = error.details or {}
    if isinstance(error, BulkWriteError):
        parts = [*details.get("writeErrors", ()), *details.get("writeConcernErrors", ())]
    else:
        parts = [{"code": error.code}]
    return {int(part["code"]) for part in parts if part.get("code") is not None}
