"""Every index that is kept, each with the query that it serves."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from pymongo.errors import OperationFailure

from db.candidate_indexes import CANDIDATE_INDEXES
from db.documents import CampaignDoc, CandidateDoc, RelaxationDoc, TaskDoc
from db.documents.follow_up import FollowUpDoc
from db.documents.worker import WorkerDoc
from db.index import Index
from db.stabilities import OF_CAMPAIGN, OF_RELAXATION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymongo.collection import Collection

    from db.client import MongoDatabase

INDEXES = (
    *CANDIDATE_INDEXES,
    Index(
        CandidateDoc.collection,
        "crystal",
        ("structure_id",),
        "candidates of all campaigns that share a crystal, when it is retried",
    ),
    Index(
        RelaxationDoc.collection,
        "structure_potential",
        ("structure_id", "potential_fingerprint"),
        "relaxations_of some structures",
    ),
    Index(
        TaskDoc.collection,
        "campaign_place",
        ("campaigns", "status", "stop_reason", "updated_at"),
        "count_places, done_since",
    ),
    Index(
        TaskDoc.collection,
        "leased_by",
        ("lease.lease_id",),
        "Leases.renew and give_back",
        only=(("status", "leased"),),
    ),
    Index(
        TaskDoc.collection,
        "leased_until",
        ("lease.expires_at",),
        "end_expired",
        only=(("status", "leased"),),
    ),
    Index(
        FollowUpDoc.collection,
        "campaign",
        ("requests.campaign_id", "status"),
        "follow_ups_of",
    ),
    Index(
        FollowUpDoc.collection,
        "candidate",
        ("requests.candidate_id",),
        "follow_ups_of_candidate",
    ),
    Index(
        WorkerDoc.collection,
        "seen",
        ("-seen_at",),
        "living_workers",
    ),
    Index(
        CampaignDoc.collection,
        "latest",
        ("-updated_at",),
        "latest_campaign",
    ),
    OF_CAMPAIGN,
    OF_RELAXATION,
)

RETIRED = frozenset(
    {"campaign_by_name", "chemical_system", "formula", "elements", "campaign_nelements"}
)
"""Indexes of candidates that earlier versions made; they cost writes and serve nothing now."""

INDEX_NOT_FOUND = 27


def ensure_indexes(database: MongoDatabase) -> None:
    """Create every index that is not there yet; existing ones cost nothing.

    An index of ours that is defined otherwise is made anew; indexes of others are left alone.
    """
    by_collection: defaultdict[str, list[Index]] = defaultdict(list)
    for index in INDEXES:
        by_collection[index.collection].append(index)
    for name, indexes in by_collection.items():
        collection = database[name]
        stored = collection.index_information()
        for outdated in _outdated(stored, indexes):
            _drop(collection, outdated)
        collection.create_indexes([each.model() for each in indexes])


def is_as_declared(stored: Mapping[str, Any], index: Index) -> bool:
    """Whether a stored index is what we declare."""
    keys = [(field, int(direction)) for field, direction in stored["key"]]
    partial = stored.get("partialFilterExpression", {})
    is_plain = not {"unique", "sparse", "expireAfterSeconds", "collation", "hidden"} & set(stored)
    return is_plain and keys == index.keys and dict(partial) == dict(index.only)


def _outdated(stored: Mapping[str, Any], indexes: list[Index]) -> list[str]:
    """Names of stored indexes of ours that are not as declared, or not needed any more."""
    declared = {each.name: each for each in indexes}
    return [
        name
        for name, each in stored.items()
        if (name in declared and not is_as_declared(each, declared[name]))
        or (name in RETIRED and name not in declared)
    ]


def _drop(collection: Collection[dict[str, Any]], name: str) -> None:
    """Remove an index that another process may be removing too."""
    try:
        collection.drop_index(name)
    except OperationFailure as error:
        if error.code != INDEX_NOT_FOUND:
            raise
