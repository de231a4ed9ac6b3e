"""Named locks that one process of many holds for a while; a dead holder's lock ends by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo.errors import DuplicateKeyError

if TYPE_CHECKING:
    from db.client import MongoDatabase

LOCKS = "locks"


def take_lock(database: MongoDatabase, name: str, holder: str, seconds: float) -> bool:
    """Take a lock if it is free or its time is over; True when the holder has it now.

    Taking it again prolongs it. Times are the server's.

    Args:
        database: Holds the locks.
        name: Of the lock.
        holder: Who takes it; no other taker has this name.
        seconds: How long it is held unless it is given back.
    """
    taken: list[dict[str, Any]] = [
        {
            "$set": {
                "holder": {"$literal": holder},
                "until": {"$add": ["$$NOW", int(1000 * seconds)]},
            }
        }
    ]
    free_or_mine = {"$or": [{"holder": holder}, {"$expr": {"$lt": ["$until", "$$NOW"]}}]}
    if database[LOCKS].update_one({"_id": name, **free_or_mine}, taken).matched_count:
        return True
    try:
        # MongoDB allows no $expr in an upsert; this one matches nothing and so inserts or collides.
        database[LOCKS].update_one({"_id": name, "holder": None}, taken, upsert=True)
    except DuplicateKeyError:
        return False
    return True


def give_lock_back(database: MongoDatabase, name: str, holder: str) -> None:
    """Free a lock that this holder still has."""
    database[LOCKS].delete_one({"_id": name, "holder": holder})
