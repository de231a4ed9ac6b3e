"""Which documents refer to which bytes in GridFS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from db.documents.base import PARKED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from db.documents import BaseDoc

STATE = "state"
REFERRING = (f"{PARKED}.key", "trajectory.key", f"{STATE}.content.key")
"""Where a key can be in any document."""


def blob_keys(kind: type[BaseDoc], raw: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keys of the bytes that a raw document refers to."""
    for place in raw.get(PARKED) or ():
        yield place["key"]
    # The state of a task is not a blob but holds one.
    holders = [raw.get(name) for name in kind.blob_fields] + [(raw.get(STATE) or {}).get("content")]
    for blob in holders:
        if blob and blob.get("key") is not None:
            yield blob["key"]
