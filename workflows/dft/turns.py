"""One after the other: who changes what DFT taught of a campaign does so alone."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

from db.errors import DbError
from db.locks import give_lock_back, take_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from db.client import MongoDatabase

SECONDS_TO_UPDATE = 60.0
"""Longer than any step of an update takes; one that was killed keeps others waiting so long."""

SECONDS_TO_WAIT = 180.0
PAUSE = 0.2


@contextmanager
def alone(
    database: MongoDatabase, campaign_id: str, patience: float | None = None
) -> Iterator[Callable[[], None]]:
    """Update a campaign while nobody else does; wait for who does.

    Args:
        database: Holds the campaign.
        campaign_id: The campaign.
        patience: Seconds to wait; None waits as long as an update does.

    Yields:
        What is called between two steps to stay alone; it raises when another has taken over.

    Raises:
        DbError: Others have been updating the campaign for so long.
    """
    name, holder = f"dft-update/{campaign_id}", uuid4().hex
    busy = DbError(
        f"Campaign {campaign_id} is being updated by another process; run "
        f"`facet dft update {campaign_id}` later."
    )

    def go_on() -> None:
        if not take_lock(database, name, holder, SECONDS_TO_UPDATE):
            raise busy

    deadline = time.monotonic() + (SECONDS_TO_WAIT if patience is None else patience)
    while not take_lock(database, name, holder, SECONDS_TO_UPDATE):
        if time.monotonic() > deadline:
            raise busy
        time.sleep(PAUSE)
    try:
        yield go_on
    finally:
        give_lock_back(database, name, holder)
