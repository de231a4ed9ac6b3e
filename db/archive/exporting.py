"""Writing campaigns into one file, with everything that they refer to."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import bson
from bson.binary import Binary

from db.archive.compared import Compared, compared_in
from db.archive.manifest import (
    BLOBS,
    MANIFEST,
    MEMBER_OF_KIND,
    License,
    Manifest,
    Member,
)
from db.archive.new_file import new_archive
from db.blobs import CHUNK_BYTES, get_blob
from db.blocks import blocks
from db.documents import (
    CampaignDoc,
    CandidateDoc,
    ReferenceDoc,
    ReferenceNameDoc,
    RelaxationDoc,
    StructureDoc,
    TaskDoc,
)
from db.documents.comparison import ComparisonDoc
from db.documents.stability import StabilityDoc
from db.errors import ArchiveError
from db.referring import blob_keys
from db.telling import nobody, told
from db.transactions import server_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from zipfile import ZipFile

    from db.client import MongoDatabase
    from db.documents import BaseDoc
    from db.telling import Tell

KEYS_PER_REQUEST = 500
NOBODY_HOLDS_IT = {"lease": None, "state": None}


class Exporter:
    """Writes one archive; memory does not grow with the number of documents.

    Args:
        database: Holds the campaigns.
        archive: The zip file.
        tell: Called with how far it has come.
    """

    def __init__(self, database: MongoDatabase, archive: ZipFile, tell: Tell = nobody) -> None:
        self._database = database
        self._tell = tell
        self._archive = archive
        self._members: dict[str, Member] = {}
        self._blob_keys: set[str] = set()
        self._fingerprints: set[str] = set()
        self._licenses: list[License] = []

    def write(self, campaign_ids: Sequence[str]) -> Manifest:
        """Write campaigns and what they refer to.

        The campaign comes first: what is added meanwhile is then missing in its counts, and never
        the other way round. What a document refers to is written after it, so it is there.
        """
        mine = {"campaign_id": {"$in": list(campaign_ids)}}
        num_rows = self._count(CandidateDoc, mine)
        self._documents(CampaignDoc, self._by_id(CampaignDoc, campaign_ids))
        self._documents(CandidateDoc, self._found(CandidateDoc, mine), num_rows)
        # Of most campaigns there are as many crystals, and in the end as many results.
        num_tasks = self._count(TaskDoc, {"campaigns": {"$in": list(campaign_ids)}})
        self._documents(TaskDoc, self._tasks(campaign_ids), num_tasks)
        self._documents(ComparisonDoc, self._found(ComparisonDoc, mine))
        compared = compared_in(self._database, campaign_ids)
        structures = self._structures(mine, compared)
        self._documents(StructureDoc, self._by_id(StructureDoc, structures), num_tasks)
        results = self._results(mine, campaign_ids, compared)
        self._documents(RelaxationDoc, self._by_id(RelaxationDoc, results), num_tasks)
        self._documents(StabilityDoc, self._stabilities(mine))
        references = self._references(campaign_ids)
        self._documents(ReferenceNameDoc, self._reference_names(references))
        self._documents(ReferenceDoc, self._by_id(ReferenceDoc, references))
        self._store(BLOBS, self._chunks())
        manifest = Manifest(
            facet_version=version("facet"),
            created_at=server_time(self._database),
            campaign_ids=tuple(sorted(campaign_ids)),
            potential_fingerprints=tuple(sorted(self._fingerprints)),
            licenses=tuple(self._licenses),
            members=self._members,
        )
        self._archive.writestr(MANIFEST, manifest.model_dump_json(indent=1))
        return manifest

    def _documents(
        self, kind: type[BaseDoc], raws: Iterable[dict[str, Any]], total: int | None = None
    ) -> None:
        done = f"{kind.collection.replace('_', ' ')} written"
        self._store(MEMBER_OF_KIND[kind], told(self._noted(kind, raws), done, self._tell, total))

    def _count(self, kind: type[BaseDoc], where: dict[str, Any]) -> int:
        return self._database[kind.collection].count_documents(where)

    def _noted(
        self, kind: type[BaseDoc], raws: Iterable[dict[str, Any]]
    ) -> Iterator[dict[str, Any]]:
        """Pass documents on, and note what the manifest will say of them."""
        for raw in raws:
            kind.check_version(raw)
            self._blob_keys |= set(blob_keys(kind, raw))
            if kind is RelaxationDoc:
                self._fingerprints.add(raw["potential_fingerprint"])
            if kind is ReferenceDoc:
                said = {name: raw[name] for name in ("name", "date", "license")}
                self._licenses.append(License(reference_id=raw["_id"], **said))
            yield raw

    def _store(self, name: str, raws: Iterable[dict[str, Any]]) -> None:
        """Write a member and note its size and digest."""
        digest, num_documents, num_bytes = hashlib.sha256(), 0, 0
        with self._archive.open(name, "w", force_zip64=True) as file:
            for raw in raws:
                encoded = bson.encode(raw)
                file.write(encoded)
                digest.update(encoded)
                num_documents += 1
                num_bytes += len(encoded)
        self._members[name] = Member(
            num_documents=num_documents, num_bytes=num_bytes, sha256=digest.hexdigest()
        )

    def _found(self, kind: type[BaseDoc], where: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Find documents, some at a time: by itself the server sends 16 MB in one go."""
        yield from self._database[kind.collection].find(where, batch_size=KEYS_PER_REQUEST)

    def _by_id(self, kind: type[BaseDoc], keys: Iterable[str]) -> Iterator[dict[str, Any]]:
        for block in blocks(keys, KEYS_PER_REQUEST):
            yield from self._database[kind.collection].find({"_id": {"$in": block}})

    def _named(self, where: dict[str, Any], field: str, *more: Mapping[str, Any]) -> Iterator[str]:
        """Keys that candidates name in a field, each once; the server keeps the list."""
        stages = [{"$match": where}, *more, {"$group": {"_id": f"${field}"}}]
        found = self._database[CandidateDoc.collection].aggregate(
            stages, allowDiskUse=True, batchSize=KEYS_PER_REQUEST
        )
        return (str(each["_id"]) for each in found if each["_id"] is not None)

    def _tasks(self, campaign_ids: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Tasks as they are for whoever goes on with them elsewhere: from the start, unclaimed."""
        for raw in self._found(TaskDoc, {"campaigns": {"$in": list(campaign_ids)}}):
            is_open = raw["status"] in {"pending", "leased"}
            yield raw | {
                "status": "pending" if is_open else raw["status"],
                "campaigns": [each for each in raw["campaigns"] if each in campaign_ids],
                **NOBODY_HOLDS_IT,
            }

    def _structures(self, mine: dict[str, Any], compared: Compared) -> Iterator[str]:
        pool = [{"$match": {"_id": {"$in": list(compared.pool)}}}]
        named: list[dict[str, Any]] = [*pool, {"$project": {"structure_id": "$_id"}}]
        union = {"$unionWith": {"coll": StructureDoc.collection, "pipeline": named}}
        return self._named(mine, "structure_id", union)

    def _results(
        self, mine: dict[str, Any], campaign_ids: Sequence[str], compared: Compared
    ) -> Iterator[str]:
        """Keys of results that candidates name, that none has taken up yet, or of comparisons."""
        done = {"campaigns": {"$in": list(campaign_ids)}, "status": "done"}
        tasks = [{"$match": done}, {"$project": {"relaxation_id": "$_id"}}]
        union = {"$unionWith": {"coll": TaskDoc.collection, "pipeline": tasks}}
        return self._named(mine, "relaxation_id", union, *compared.unions(mine))

    def _stabilities(self, mine: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for block in blocks(self._named(mine, "relaxation_id"), KEYS_PER_REQUEST):
            yield from self._found(StabilityDoc, {"relaxation_id": {"$in": block}})

    def _reference_names(self, references: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Names that stand for references of the archive; it knows of no others."""
        for raw in self._found(ReferenceNameDoc, {"reference_id": {"$in": list(references)}}):
            yield raw | {"previous": [each for each in raw["previous"] if each in references]}

    def _references(self, campaign_ids: Sequence[str]) -> list[str]:
        campaigns = self._database[CampaignDoc.collection]
        named = campaigns.distinct("reference_id", {"_id": {"$in": list(campaign_ids)}})
        return sorted(each for each in named if each is not None)

    def _chunks(self) -> Iterator[dict[str, Any]]:
        """Blobs in pieces, those of one key in order."""
        keys = sorted(self._blob_keys)
        for key in told(keys, "blobs written", self._tell, len(keys)):
            content = get_blob(self._database, key)
            for number, start in enumerate(range(0, len(content), CHUNK_BYTES)):
                piece = Binary(content[start : start + CHUNK_BYTES])
                yield {"key": key, "n": number, "data": piece}


def export_campaigns(
    database: MongoDatabase, campaign_ids: Sequence[str], path: Path, tell: Tell = nobody
) -> Manifest:
    """Write campaigns into an archive; the file appears when it is whole.

    Args:
        database: Holds the campaigns.
        campaign_ids: Their keys.
        path: The archive.
        tell: Called with how far it has come.

    Raises:
        ArchiveError: There is no such campaign, or the file cannot be written.
        SchemaMismatchError: A document has to be migrated first.
        MissingDocumentError: Bytes that a document refers to are not stored.
    """
    known = database[CampaignDoc.collection].distinct("_id", {"_id": {"$in": list(campaign_ids)}})
    missing = sorted(set(campaign_ids) - set(known))
    if missing:
        raise ArchiveError(
            f"The database holds no campaign {missing[0]}; `facet status` lists those it holds."
        )
    with new_archive(path) as archive:
        return Exporter(database, archive, tell).write(campaign_ids)


def all_campaigns(database: MongoDatabase) -> list[str]:
    """Return the keys of all campaigns."""
    return sorted(str(raw["_id"]) for raw in database[CampaignDoc.collection].find({}, {"_id": 1}))
