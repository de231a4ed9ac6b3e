"""One worker's claim on one crystal, and the writes that end it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pymongo import UpdateOne

from db.documents import SuspendedState
from db.expiry import attempt

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any


@dataclass(frozen=True)
class Claim:
    """One crystal that this worker may relax.

    Attributes:
        task_id: Key of the task, and of its result.
        structure_id: The crystal.
        token: Proves that the claim still holds.
        state: Where an earlier worker left off.
    """

    task_id: str
    structure_id: str
    token: int
    state: SuspendedState | None = None


def claim_of(raw: dict[str, Any]) -> Claim:
    """Read the claim that a stored task has."""
    state = raw["state"]
    return Claim(
        raw["_id"],
        raw["structure_id"],
        raw["token"],
        SuspendedState.model_validate(state) if state else None,
    )


def giving_back(claim: Claim, state: SuspendedState | None, now: datetime) -> UpdateOne:
    """Return the write that lets others go on, if the claim still holds."""
    where = {"_id": claim.task_id, "status": "leased", "token": claim.token}
    return UpdateOne(where, [{"$set": given_back(state, now)}])


def given_back(state: SuspendedState | None, now: datetime) -> dict[str, Any]:
    """Return the fields, as expressions, of a task that is handed back."""
    fields: dict[str, Any] = {
        "status": "pending",
        "history": {"$concatArrays": ["$history", [attempt("handed_back", now)]]},
        "lease": None,
        "updated_at": now,
    }
    if state is not None:
        fields["state"] = {"$literal": state.model_dump()}
    return fields
