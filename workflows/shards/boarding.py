"""Crystals on their way into the engine: claimed as there is room, read before they are needed."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Self

from db.blobs import load_blob
from db.documents import StructureDoc
from db.errors import MissingDocumentError
from db.queries import documents_by_id
from facet.errors import InvalidStructure
from facet.graph.neighbors import Crystal
from facet.relaxation.suspended import Suspended
from workflows.shards.reading_ahead import ReadAhead

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from db.claim import Claim
    from db.client import MongoDatabase
    from db.leases import Leases
    from workflows.shards.heartbeat import Heartbeat

CRYSTALS_PER_CLAIM = 64
CRYSTALS_READ_AHEAD = 64

Start = tuple[str, Crystal] | Suspended


class Boarded(NamedTuple):
    """A crystal that this worker holds.

    Attributes:
        claim: The right to relax it.
        stored: The crystal as it was handed in.
    """

    claim: Claim
    stored: StructureDoc


class Boarding:
    """Claims tasks while the block runs, in a thread of its own, and hands their crystals over.

    Args:
        database: Holds crystals and tasks.
        leases: Claims them.
        heartbeat: Says when to stop.
        tasks: Keys of tasks that may be claimed.
    """

    def __init__(
        self, database: MongoDatabase, leases: Leases, heartbeat: Heartbeat, tasks: Sequence[str]
    ) -> None:
        self._database = database
        self._leases = leases
        self._heartbeat = heartbeat
        self._boarded: dict[str, Boarded] = {}
        self._num_flying = 0
        self._ahead = ReadAhead(self._claimed(tasks), CRYSTALS_READ_AHEAD)

    def __enter__(self) -> Self:
        self._ahead.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._ahead.__exit__()

    def ready(self) -> Iterator[Start | None]:
        """Yield crystals; None when others fly and the next one is not there yet."""
        while not self._ahead.has_ended:
            is_flying = self._num_flying > 0
            crystal = self._ahead.take(wait=not is_flying)
            self._num_flying += crystal is not None
            if crystal is not None or is_flying:
                yield crystal

    def leave(self, structure_id: str) -> Boarded:
        """Say that a crystal flies no more, and return what it was."""
        self._num_flying -= 1
        return self._boarded.pop(structure_id)

    def stop(self) -> None:
        """Hand out nothing more; it may be called from any thread."""
        self._ahead.stop()

    def _claimed(self, tasks: Sequence[str]) -> Iterator[Start]:
        """Claim tasks as they are needed and read their crystals."""
        rest = list(tasks)
        while rest and not self._heartbeat.must_stop:
            claims = self._heartbeat.ask(partial(self._leases.claim, rest, CRYSTALS_PER_CLAIM))
            if not claims:
                return
            taken = {each.task_id for each in claims}
            rest = [each for each in rest if each not in taken]
            for claim, stored in zip(claims, self._structures(claims), strict=True):
                self._boarded[stored.structure_id] = Boarded(claim, stored)
                yield self._start_of(claim, stored)

    def _structures(self, claims: Sequence[Claim]) -> list[StructureDoc]:
        keys = [each.structure_id for each in claims]
        read = partial(documents_by_id, self._database, StructureDoc, keys)
        return self._heartbeat.ask(lambda: list(read()))

    def _start_of(self, claim: Claim, stored: StructureDoc) -> Start:
        """Where a crystal begins: as it was handed in, or where another worker left off."""
        if claim.state is not None:
            blob = partial(load_blob, self._database, claim.state.content)
            with suppress(InvalidStructure, MissingDocumentError):  # unreadable: begin anew
                return Suspended.from_bytes(self._heartbeat.ask(blob))
        return stored.structure_id, Crystal(*stored.geometry.unpack())
