"""Bringing an archive into a database; doing it twice changes nothing.

All of the archive is checked before anything is written. What is stored already stays as it is: of
two results with the same key the first acknowledged one counts here too. Only where a candidate or
a campaign is further in the archive than in the database does it take over what was learned.

An archive is checked for what it is, not for who made it: import those of people you believe.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pymongo import UpdateOne

from db.archive.manifest import KIND_OF_MEMBER, MEMBER_OF_KIND, Manifest
from db.archive.reading import open_archive
from db.blobs import put_blob
from db.blocks import blocks
from db.documents import CampaignDoc, CandidateDoc, RelaxationDoc, TaskDoc
from db.documents.base import PARKED
from db.documents.candidate import CandidateOutcome
from db.errors import DbError
from db.migrations import upgraded
from db.referring import blob_keys
from db.storing import encoded_fields, read_document
from db.tasks import add_tasks, close_known
from db.telling import nobody, told
from db.writes import InsertCount, insert_documents

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from db.archive.reading import ArchiveReader
    from db.client import MongoDatabase
    from db.documents import BaseDoc
    from db.migrations import Fingerprints
    from db.telling import Tell

OPERATIONS_PER_REQUEST = 1000
EARLIER = {
    "set_aside": ("pending",),
    "relaxed": ("pending", "set_aside"),
    "screened": ("pending", "set_aside", "relaxed"),
}
"""Places in the life of a stored candidate at which it learns from one that is further."""


@dataclass(frozen=True)
class Imported:
    """What an import did.

    Attributes:
        manifest: What the archive says of itself.
        counts: New and known documents of each collection.
        num_brought_forward: Stored candidates and campaigns that took over what was learned.
    """

    manifest: Manifest
    counts: dict[str, InsertCount]
    num_brought_forward: int


def import_archive(database: MongoDatabase, path: Path, tell: Tell = nobody) -> Imported:
    """Check an archive and store what is not stored yet.

    Args:
        database: Where it is stored.
        path: The archive.
        tell: Called with how far it has come.

    Raises:
        ArchiveError: It is not what Facet wrote; nothing was changed.
        DbError: A document in it cannot be stored.
    """
    with open_archive(path) as archive:
        fingerprints = _checked(archive, tell)
        for _, content in told(archive.blobs(), "blobs stored", tell):
            put_blob(database, content)
        importer = _Importer(database, archive, fingerprints, tell)
        counts = {kind.collection: importer.insert(kind) for kind in KIND_OF_MEMBER.values()}
        return Imported(archive.manifest, counts, importer.num_brought_forward)


class _Importer:
    """Writes the documents of an archive that was checked."""

    def __init__(
        self,
        database: MongoDatabase,
        archive: ArchiveReader,
        fingerprints: Fingerprints,
        tell: Tell,
    ) -> None:
        self._database = database
        self._archive = archive
        self._fingerprints = fingerprints
        self._tell = tell
        self._num_done = 0
        self._num_all = _num_documents(archive)
        self.num_brought_forward = 0

    def insert(self, kind: type[BaseDoc]) -> InsertCount:
        """Store the documents of one kind."""
        num_new = num_known = 0
        for block in blocks(self._documents(kind), OPERATIONS_PER_REQUEST):
            count = self._insert_block(kind, block)
            num_new += count.num_new
            num_known += count.num_known
            self._num_done += len(block)
            self._tell("documents stored", self._num_done, self._num_all)
        return InsertCount(num_new, num_known)

    def _insert_block(self, kind: type[BaseDoc], block: list[Any]) -> InsertCount:
        if kind is TaskDoc:
            num_new = add_tasks(self._database, [_unclaimed(each) for each in block])
            return InsertCount(num_new, len(block) - num_new)
        count = insert_documents(self._database, kind, block)
        if kind is RelaxationDoc:
            close_known(self._database, [each.relaxation_id for each in block])
        if kind is CandidateDoc:
            self._bring_forward(kind, _candidates_further(block))
        if kind is CampaignDoc:
            self._bring_forward(kind, _campaigns_further(block))
        return count

    def _bring_forward(self, kind: type[BaseDoc], operations: Iterable[UpdateOne]) -> None:
        for block in blocks(operations, OPERATIONS_PER_REQUEST):
            result = self._database[kind.collection].bulk_write(block, ordered=False)
            self.num_brought_forward += result.modified_count

    def _documents(self, kind: type[BaseDoc]) -> Iterator[BaseDoc]:
        for raw in self._archive.documents(MEMBER_OF_KIND[kind]):
            yield read_document(self._database, kind, upgraded(kind, raw, self._fingerprints))


def _num_documents(archive: ArchiveReader) -> int:
    """Documents that an archive says it holds."""
    return sum(archive.manifest.members[name].num_documents for name in KIND_OF_MEMBER)


def _checked(archive: ArchiveReader, tell: Tell) -> Fingerprints:
    """Read all of an archive, refuse what is no document, and return whose potential is whose."""
    keys = {key for key, _ in archive.blobs()}
    campaigns = archive.documents(MEMBER_OF_KIND[CampaignDoc])
    fingerprints = {str(raw.get("_id")): str(raw.get("potential_fingerprint")) for raw in campaigns}
    total, before = _num_documents(archive), 0
    for name, kind in KIND_OF_MEMBER.items():
        for raw in told(archive.documents(name), "documents checked", tell, total, before):
            before += 1
            try:
                _check(kind, upgraded(kind, raw, fingerprints), keys)
            except (ValidationError, DbError, KeyError, TypeError, ValueError) as error:
                what = f"{name} holds {str(raw.get('_id'))[:80]!r}, which is no document of Facet"
                raise archive.fault(what) from error
    return fingerprints


def _check(kind: type[BaseDoc], raw: dict[str, Any], keys: set[str]) -> None:
    """Refuse what is no document of a kind; fields that are parked are checked when they are read.

    Raises:
        ValueError: It is none.
    """
    if not raw.get(PARKED):
        if kind.from_mongo(raw).document_id != raw["_id"]:
            raise ValueError("its key is not that of its content")
    elif not {place["field"] for place in raw[PARKED]} <= set(kind.large_fields):
        raise ValueError("a field is parked that never is")
    if not keys.issuperset(blob_keys(kind, raw)):
        raise ValueError("bytes that it refers to are not in the archive")


def _unclaimed(task: TaskDoc) -> TaskDoc:
    """A task that nobody holds here, from the start; the clocks of two servers are not one."""
    status = "pending" if task.status == "leased" else task.status
    return task.model_copy(update={"status": status, "lease": None, "state": None})


def _candidates_further(block: list[CandidateDoc]) -> Iterator[UpdateOne]:
    names = set(CandidateOutcome.model_fields)
    for each in block:
        if each.status in EARLIER:
            where = {"_id": each.candidate_id, "status": {"$in": EARLIER[each.status]}}
            learned = each.model_dump(include=names)
            yield UpdateOne(where, {"$set": encoded_fields(each.candidate_id, learned)})


def _campaigns_further(block: list[CampaignDoc]) -> Iterator[UpdateOne]:
    for each in block:
        if each.status == "finished":
            where = {"_id": each.campaign_id, "status": {"$ne": "finished"}}
            learned = each.model_dump(include=set(CampaignDoc.mutable_fields))
            yield UpdateOne(where, {"$set": encoded_fields(each.campaign_id, learned)})
