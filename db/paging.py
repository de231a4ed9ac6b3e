"""Places in an ordered list of candidates, as text that a reader hands back to go on from there."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from db.errors import DbError

if TYPE_CHECKING:
    from db.documents import CandidateDoc
    from db.filters import CandidateSort

MAX_TOKEN_LENGTH = 10_000
TEXT_FIELDS = frozenset({"material_id", "formula"})
NUM_PARTS = 4


@dataclass(frozen=True)
class Place:
    """The last candidate of a page.

    Attributes:
        value: What the list is sorted by, of this candidate; None if it has none.
        candidate_id: Its key, which settles ties.
    """

    value: float | str | None
    candidate_id: str


def token_after(candidate: CandidateDoc, sort: CandidateSort) -> str:
    """Return the text that asks for the candidates after this one in this order."""
    value = getattr(candidate, sort.stored_field)
    place = [sort.field, sort.is_descending, value, candidate.candidate_id]
    packed = json.dumps(place, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def place_in(token: str, sort: CandidateSort) -> Place:
    """Read a place in an order.

    Raises:
        DbError: The text is none of ours, or belongs to another order.
    """
    place = _unpacked(token)
    if place is None:
        raise DbError("The place to go on from cannot be read; start again at the first page.")
    field, is_descending, value, candidate_id = place
    if (field, is_descending) != (sort.field, sort.is_descending):
        raise DbError(
            "The place to go on from belongs to a list in another order; keep the order, or start "
            "again at the first page."
        )
    return Place(value, candidate_id)


def _unpacked(token: str) -> tuple[str, bool, float | str | None, str] | None:
    """Return the four parts of a token, or None where anything about it is odd."""
    if len(token) > MAX_TOKEN_LENGTH:
        return None
    try:
        packed = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        place = json.loads(packed)
    except (binascii.Error, UnicodeError, ValueError, RecursionError):
        return None
    if not isinstance(place, list) or len(place) != NUM_PARTS:
        return None
    field, is_descending, value, candidate_id = place
    is_right = (
        isinstance(field, str)
        and isinstance(is_descending, bool)
        and isinstance(candidate_id, str)
        and _is_a_value(value, field)
    )
    return (field, is_descending, value, candidate_id) if is_right else None


def _is_a_value(value: object, field: str) -> bool:
    """Whether a list in this order can hold this value."""
    if field in TEXT_FIELDS:
        return value is None or isinstance(value, str)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value is None or is_number
