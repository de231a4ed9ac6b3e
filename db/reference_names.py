"""Names of references: which stored one a name stands for, and finding one by name or id."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING

from db.documents import ReferenceDoc
from db.documents.reference_name import ReferenceNameDoc
from db.errors import DbError, MissingDocumentError
from db.queries import documents_by_id
from db.transactions import server_time

if TYPE_CHECKING:
    from db.client import MongoDatabase

_BEGINNING = re.compile(r"[0-9a-f]{8,64}")
_AFTER_HEX = "g"


def reference_names(database: MongoDatabase) -> list[ReferenceNameDoc]:
    """Return every name in alphabetical order."""
    found = database[ReferenceNameDoc.collection].find().sort("_id", ASCENDING)
    return [ReferenceNameDoc.from_mongo(raw) for raw in found]


def reference_name(database: MongoDatabase, name: str) -> ReferenceNameDoc | None:
    """Return what a name stands for, if it stands for anything."""
    raw = database[ReferenceNameDoc.collection].find_one({"_id": {"$eq": name}})
    return None if raw is None else ReferenceNameDoc.from_mongo(raw)


def give_name(
    database: MongoDatabase, reference: ReferenceDoc, replaced: str | None = None
) -> ReferenceNameDoc:
    """Let a reference's name stand for it; done again, it changes nothing.

    Args:
        database: Holds the reference.
        reference: A stored reference.
        replaced: Id of the reference that the name stands for now; None where it is a new name.

    Raises:
        DbError: The name stands for another reference than the caller says.
    """
    known = reference_name(database, reference.name)
    if known is not None and known.reference_id == reference.reference_id:
        return known
    now = None if known is None else known.reference_id
    if now != replaced:
        raise DbError(_taken(reference.name))
    new = ReferenceNameDoc(
        name=reference.name,
        reference_id=reference.reference_id,
        num_phases=len(reference.phases),
        previous=() if known is None else (*known.previous, known.reference_id),
        updated_at=server_time(database),
    )
    names = database[ReferenceNameDoc.collection]
    if known is None:
        names.update_one({"_id": new.name}, {"$setOnInsert": new.to_mongo()}, upsert=True)
    else:
        names.replace_one({"_id": new.name, "reference_id": replaced}, new.to_mongo())
    stored = reference_name(database, reference.name)
    if stored is None or stored.reference_id != reference.reference_id:  # somebody was faster
        raise DbError(_taken(reference.name))
    return stored


def find_reference(database: MongoDatabase, text: str) -> ReferenceDoc:
    """Return the reference that a name, an id or the beginning of an id stands for.

    Raises:
        MissingDocumentError: There is none, or the beginning is that of several.
    """
    named = reference_name(database, text)
    keys = [named.reference_id] if named is not None else _keys_like(database, text)
    if len(keys) != 1:
        what = "several references" if keys else "no reference"
        raise MissingDocumentError(
            f"The database holds {what} of the name or id {text!r}; `facet reference list` lists "
            "those it holds."
        )
    (stored,) = documents_by_id(database, ReferenceDoc, keys)
    return stored


def reference_heads(database: MongoDatabase) -> list[dict[str, Any]]:
    """Return what references are, without their phases, by name and date.

    ``num_phases`` is None where the phases of a large reference lie apart.
    """
    count = {"$cond": [{"$isArray": "$phases"}, {"$size": {"$ifNull": ["$phases", []]}}, None]}
    fields = ("name", "scheme", "date", "license", "source", "coverage", "pymatgen_version")
    shown: dict[str, Any] = {**dict.fromkeys(fields, 1), "num_phases": count}
    found = database[ReferenceDoc.collection].aggregate(
        [{"$project": shown}, {"$sort": {"name": 1, "date": 1, "_id": 1}}]
    )
    return [{"reference_id": raw.pop("_id"), **raw} for raw in found]


def _keys_like(database: MongoDatabase, text: str) -> list[str]:
    if _BEGINNING.fullmatch(text) is None:
        return []
    where = {"_id": {"$gte": text, "$lt": f"{text}{_AFTER_HEX}"}}
    return [raw["_id"] for raw in database[ReferenceDoc.collection].find(where, {"_id": 1})]


def _taken(name: str) -> str:
    return (
        f"The name {name!r} stands for another reference already: use `facet reference update` to "
        "replace it, or take a new name."
    )
