"""Claims on crystals: who relaxes what, until when, and whose result counts.

A worker claims pending tasks and renews its claims while it works. A claim that is not renewed
ends by itself, and the next worker that looks for work finds the crystal pending again. Every claim
raises the task's fencing token; a result or a state that comes with an older token is refused, so
that a worker which was taken for dead can do no harm when it comes back (Kleppmann, *Designing
Data-Intensive Applications*, 2017, section 8.4). A result whose claim has ended counts as long as
nobody else has claimed the crystal: a database that was away for longer than a lease costs no work.
All times are the server's.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from pymongo import ASCENDING, DESCENDING, UpdateOne

from db.blocks import blocks
from db.claim import Claim, claim_of, given_back, giving_back
from db.documents import RelaxationDoc, TaskDoc
from db.expiry import FEW, end_expired
from db.storing import stored_form
from db.transactions import in_transaction, server_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from bson.raw_bson import RawBSONDocument
    from pymongo.client_session import ClientSession

    from db.client import MongoDatabase
    from db.documents import SuspendedState

RESULTS_PER_TRANSACTION = 500
TASKS = TaskDoc.collection
ORDER = [("losses_alone", ASCENDING), ("priority", DESCENDING), ("_id", ASCENDING)]
"""Those that may have killed a worker just now come last."""


class _Ready(NamedTuple):
    """A result as it is written."""

    claim: Claim
    raw: RawBSONDocument
    stop_reason: str


class Leases:
    """All claims of one run of a job; it ends with ``give_back``.

    Args:
        database: Holds the tasks.
        worker: Name of this process.
        seconds: How long a claim lives without being renewed.
    """

    def __init__(self, database: MongoDatabase, worker: str, seconds: float) -> None:
        self._database = database
        self._tasks = database[TASKS]
        self._worker = worker
        self._life = timedelta(seconds=seconds)
        self._held: dict[str, Claim] = {}
        self.lease_id = f"{worker}/{uuid4().hex[:8]}"

    @property
    def num_held(self) -> int:
        """How many crystals this worker holds, as far as it knows."""
        return len(self._held)

    def claim(self, task_ids: Sequence[str], limit: int) -> list[Claim]:
        """Claim at most ``limit`` of some pending tasks, those of high priority first.

        Crystals that may have killed a worker are claimed only by a worker that holds nothing, a
        few at a time, and those that did it among few, alone.
        """
        now = server_time(self._database)
        end_expired(self._database, now)
        # An answer of the server that was lost left claims that nobody knows of.
        claims = self._not_known_yet()
        while not claims and (wanted := self._available(task_ids, limit)):
            self._take(wanted, now)
            claims = self._not_known_yet()  # none of them when others were faster
        self._held.update((each.task_id, each) for each in claims)
        return claims

    def renew(self) -> set[str]:
        """Prolong all claims; return the keys of those that are lost."""
        expires_at = server_time(self._database) + self._life
        held = set(self._held)  # claims of another thread may join while the server is asked
        self._tasks.update_many(self._mine, {"$set": {"lease.expires_at": expires_at}})
        kept = {raw["_id"] for raw in self._tasks.find(self._mine, projection={"_id": 1})}
        lost = (held & set(self._held)) - kept
        for task_id in lost:
            self._held.pop(task_id, None)
        return lost

    def finish(self, results: Iterable[tuple[Claim, RelaxationDoc]]) -> set[str]:
        """Store results and close their tasks in one step.

        Returns:
            Keys of the results that were refused, because their claims hold no more.

        Raises:
            DocumentRefusedError: MongoDB cannot hold one of them.
        """
        refused: set[str] = set()
        for block in blocks(results, RESULTS_PER_TRANSACTION):
            ready = [
                _Ready(claim, stored_form(self._database, result), result.stop_reason)
                for claim, result in block
            ]
            refused |= in_transaction(self._database, partial(self._store, ready))
            for claim, _ in block:
                self._held.pop(claim.task_id, None)
        return refused

    def hand_back(self, states: Iterable[tuple[Claim, SuspendedState | None]]) -> int:
        """Let others go on with crystals, from where they are if that is given; return how many.

        A crystal without a state goes on from where this worker got it.
        """
        now = server_time(self._database)
        num_given = 0
        for block in blocks(states, RESULTS_PER_TRANSACTION):
            operations = [giving_back(claim, state, now) for claim, state in block]
            num_given += self._tasks.bulk_write(operations, ordered=False).modified_count
            for claim, _ in block:
                self._held.pop(claim.task_id, None)
        return num_given

    def give_back(self) -> int:
        """Let others have all that is still held, from where this worker got it."""
        back = [{"$set": given_back(None, server_time(self._database))}]
        num_given = self._tasks.update_many(self._mine, back).modified_count
        self._held.clear()
        return num_given

    @property
    def _mine(self) -> dict[str, Any]:
        return {"status": "leased", "lease.lease_id": self.lease_id}

    def _take(self, wanted: Sequence[str], now: datetime) -> None:
        """Claim those of some tasks that are still pending."""
        lease = {
            "lease_id": self.lease_id,
            "worker": self._worker,
            "claimed_at": now,
            "expires_at": now + self._life,
            "crowd": self.num_held + len(wanted),
        }
        self._tasks.update_many(
            {"_id": {"$in": list(wanted)}, "status": "pending"},
            {
                "$set": {"status": "leased", "lease": lease, "updated_at": now},
                "$inc": {"token": 1},
            },
        )

    def _not_known_yet(self) -> list[Claim]:
        """Claims that the server has under our name and we have not."""
        others = {**self._mine, "_id": {"$not": {"$in": list(self._held)}}}
        return [claim_of(raw) for raw in self._tasks.find(others)]

    def _available(self, task_ids: Sequence[str], limit: int) -> list[str]:
        """Keys of pending tasks, no more than may be held together."""
        chosen: list[str] = []
        for condition, most in self._groups(limit):
            where = {"_id": {"$in": list(task_ids)}, "status": "pending", **condition}
            cursor = self._tasks.find(where, projection={"_id": 1}, limit=most)
            chosen = [raw["_id"] for raw in cursor.sort(ORDER)]
            if chosen:
                break
        return chosen

    def _groups(self, limit: int) -> Iterator[tuple[dict[str, Any], int]]:
        """Conditions on how often workers were lost, and how many such crystals fly together."""
        yield {"losses": 0}, limit
        if self.num_held == 0:
            yield {"losses": {"$gt": 0}, "losses_among_few": 0}, min(limit, FEW)
            yield {"losses_among_few": {"$gt": 0}}, 1

    def _store(self, ready: list[_Ready], session: ClientSession | None) -> set[str]:
        """Store the results whose claims hold; return the keys of those that are refused."""
        tokens = {each.claim.task_id: each.claim.token for each in ready}
        fields = {"token": 1, "status": 1}
        found = self._tasks.find({"_id": {"$in": list(tokens)}}, fields, session=session)
        status = {raw["_id"]: raw["status"] for raw in found if raw["token"] == tokens[raw["_id"]]}
        refused = tokens.keys() - status.keys()
        # What is done under the same token was stored by us: an answer of the server was lost.
        open_ones = [each for each in ready if status.get(each.claim.task_id, "done") != "done"]
        if not open_ones:
            return refused
        results = self._database[RelaxationDoc.collection]
        results.bulk_write(
            [
                UpdateOne({"_id": each.claim.task_id}, {"$setOnInsert": each.raw}, upsert=True)
                for each in open_ones
            ],
            ordered=False,
            session=session,
        )
        # Right whatever became of the claims meanwhile: the results are stored.
        closed = {
            "status": "done",
            "lease": None,
            "state": None,
            "updated_at": server_time(self._database),
        }
        for end in {each.stop_reason for each in open_ones}:
            ended = [each.claim.task_id for each in open_ones if each.stop_reason == end]
            update = {"$set": {**closed, "stop_reason": end}}
            self._tasks.update_many({"_id": {"$in": ended}}, update, session=session)
        return refused
