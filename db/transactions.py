"""Several writes as one step, and the clock that all workers share."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, TypeVar

from pymongo.errors import OperationFailure

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from pymongo.client_session import ClientSession

    from db.client import MongoDatabase

Answer = TypeVar("Answer")

CONFLICT_CODES = frozenset({24, 112, 246, 251})
"""Of transactions that met another one, or whose server has forgotten them."""

MOST_CONFLICTS = 50
LONGEST_PAUSE_SECONDS = 0.05


def in_transaction(
    database: MongoDatabase, work: Callable[[ClientSession | None], Answer]
) -> Answer:
    """Run ``work`` so that all of its writes are done or none.

    It is run again when it meets the work of others, but not when the server goes away: that is
    raised at once, and then the work may be done or not. A standalone server knows no
    transactions; there it runs without a session, so it must write in an order that leaves nothing
    wrong when it is cut off.

    Args:
        database: Where the work is done.
        work: Passes the session that it gets to every operation.

    Raises:
        PyMongoError: Whatever an operation raises.
    """
    if not has_transactions(database):
        return work(None)
    num_conflicts = 0
    with database.client.start_session() as session:
        while True:
            try:
                with session.start_transaction():
                    return work(session)
            except OperationFailure as error:
                num_conflicts += 1
                if error.code not in CONFLICT_CODES or num_conflicts > MOST_CONFLICTS:
                    raise
            time.sleep(LONGEST_PAUSE_SECONDS * random.random())  # noqa: S311  no secret


def has_transactions(database: MongoDatabase) -> bool:
    """Whether the server is part of a replica set or a sharded cluster."""
    hello = database.command("hello")
    return "setName" in hello or hello.get("msg") == "isdbgrid"


def server_time(database: MongoDatabase) -> datetime:
    """Return what the server's clock says (UTC)."""
    hello = database.command("hello", codec_options=database.codec_options)
    now: datetime = hello["localTime"]
    return now


def server_start(database: MongoDatabase) -> datetime | None:
    """Return when the process that answers was started (UTC); None where it does not tell."""
    version = database.command("hello").get("topologyVersion")
    # Drivers tell a restarted server by this id, which holds the second in which it was made.
    started: datetime | None = version["processId"].generation_time if version else None
    return started
