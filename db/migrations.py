"""Stored documents of older layouts, brought to the layout that this Facet reads.

Each step is a pure function of a raw document. A document carries its version, and its new fields
and new version are written together, so a migration that was cut off goes on where it was, and one
that is done does nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pymongo import UpdateOne

from db.blocks import blocks
from db.documents import (
    BaseDoc,
    CampaignDoc,
    CandidateDoc,
    FollowUpDoc,
    ReferenceDoc,
    ReferenceNameDoc,
    RelaxationDoc,
    StructureDoc,
    TaskDoc,
)
from db.documents.candidate import ELEMENT_SETS, element_sets
from db.documents.comparison import ComparisonDoc
from db.documents.composition import composition_fields
from db.documents.stability import StabilityDoc
from db.errors import SchemaMismatchError
from db.telling import nobody, told

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from db.client import MongoDatabase
    from db.telling import Tell

Fingerprints = dict[str, str]
"""Fingerprint of the potential of each campaign."""

OPERATIONS_PER_REQUEST = 1000
KINDS: tuple[type[BaseDoc], ...] = (
    CampaignDoc,
    CandidateDoc,
    ComparisonDoc,
    FollowUpDoc,
    ReferenceDoc,
    ReferenceNameDoc,
    RelaxationDoc,
    StabilityDoc,
    StructureDoc,
    TaskDoc,
)


@dataclass(frozen=True)
class Step:
    """How documents of one kind get from a version to the next.

    Attributes:
        kind: Their class.
        to_version: The version after the step; the one before is lower by one.
        change: Returns the fields to set, from those of ``needs``.
        needs: Fields that it looks at.
    """

    kind: type[BaseDoc]
    to_version: int
    change: Callable[[Mapping[str, Any], Fingerprints], dict[str, Any]]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Migration:
    """What one step did, or would do.

    Attributes:
        collection: Where.
        to_version: To which version.
        num_documents: For how many documents.
    """

    collection: str
    to_version: int
    num_documents: int


_NOT_JUDGED_SO: dict[str, Any] = {
    "hulls": {},
    "disagreement": None,
    "known_as": None,
    "gates": [],
    "evidence": None,
    "chances": None,
    "p_stable": None,
    "core_hours": None,
    "choice": None,
    "dft": None,
}
"""What version 1 did not tell of a verdict; screening the campaign again fills it in."""


def _relaxation_2(_raw: Mapping[str, Any], _fingerprints: Fingerprints) -> dict[str, Any]:
    """What version 1 did not look at stays unknown."""
    unknown = ("num_evaluations", "initial_space_group", "space_group", "symmetric_energy")
    later = ("trajectory", "member_offsets")
    curves = ("energy_curve", "fmax_curve")
    devices = ("device_name", "num_threads", "device_id", "process")
    return dict.fromkeys((*unknown, *later, *curves, *devices)) | {"num_frames": 0}


def _candidate_2(raw: Mapping[str, Any], fingerprints: Fingerprints) -> dict[str, Any]:
    """A candidate was relaxed with the potential of its campaign."""
    is_relaxed = raw.get("relaxation_id") is not None
    return {
        "potential_fingerprint": fingerprints.get(raw["campaign_id"]) if is_relaxed else None,
        "space_group_number": None,
        ELEMENT_SETS: element_sets(raw["elements"]),
        **composition_fields(raw["formula_pretty"]),
        **_NOT_JUDGED_SO,
    }


def _campaign_2(_raw: Mapping[str, Any], _fingerprints: Fingerprints) -> dict[str, Any]:
    """A campaign of version 1 could be neither paused nor preferred, and followed no other."""
    return {"parent": None, "priority": 0, "control": "active"}


def _reference_2(_raw: Mapping[str, Any], _fingerprints: Fingerprints) -> dict[str, Any]:
    """Version 1 did not tell where energies came from."""
    return {"source": "unknown", "pymatgen_version": "unknown"}


STEPS = (
    Step(CampaignDoc, 2, _campaign_2),
    Step(
        CandidateDoc,
        2,
        _candidate_2,
        needs=("campaign_id", "relaxation_id", "elements", "formula_pretty"),
    ),
    Step(ReferenceDoc, 2, _reference_2),
    Step(RelaxationDoc, 2, _relaxation_2),
)


def migrate(
    database: MongoDatabase, *, is_dry_run: bool = False, tell: Tell = nobody
) -> list[Migration]:
    """Bring every stored document to the version that this Facet reads; stop workers first.

    Args:
        database: Holds the documents.
        is_dry_run: Only say what would be done.
        tell: Called with how far it has come.

    Raises:
        SchemaMismatchError: A newer Facet wrote some of the documents; nothing was changed.
    """
    _refuse_newer(database)
    fingerprints = campaign_fingerprints(database)
    done = []
    for step in STEPS:
        if is_dry_run:  # a document of version 1 would pass every later step too
            older = {"schema_version": {"$lt": step.to_version}}
            number = database[step.kind.collection].count_documents(older)
        else:
            number = _apply(database, step, fingerprints, tell)
        done.append(Migration(step.kind.collection, step.to_version, number))
    return done


def upgraded(
    kind: type[BaseDoc], raw: Mapping[str, Any], fingerprints: Fingerprints
) -> dict[str, Any]:
    """Return a raw document in the layout that this Facet reads.

    Raises:
        SchemaMismatchError: A newer Facet wrote it.
    """
    fields = dict(raw)
    for step in STEPS:
        if step.kind is kind and fields.get("schema_version") == step.to_version - 1:
            changed = step.change(fields, fingerprints)
            fields |= changed | {"schema_version": step.to_version}
    kind.check_version(fields)
    return fields


def campaign_fingerprints(database: MongoDatabase) -> Fingerprints:
    """Return the fingerprint of the potential of each stored campaign."""
    found = database[CampaignDoc.collection].find({}, {"potential_fingerprint": 1})
    return {str(raw["_id"]): str(raw["potential_fingerprint"]) for raw in found}


def _refuse_newer(database: MongoDatabase) -> None:
    for kind in KINDS:
        known = kind.model_fields["schema_version"].default
        newer = {"schema_version": {"$gt": known}}
        raw = database[kind.collection].find_one(newer, {"schema_version": 1})
        if raw is not None:
            raise SchemaMismatchError(
                f"Document {raw['_id']!r} in {kind.collection} has schema version "
                f"{raw['schema_version']}, and this Facet reads version {known}; use a newer Facet."
            )


def _apply(database: MongoDatabase, step: Step, fingerprints: Fingerprints, tell: Tell) -> int:
    """Take every document of the version before through a step; return how many."""
    collection = database[step.kind.collection]
    before = {"schema_version": step.to_version - 1}
    fields = dict.fromkeys(("_id", *step.needs), 1)
    num_changed = 0
    total = collection.count_documents(before)
    word = f"{collection.name.replace('_', ' ')} brought to version {step.to_version}"
    older = told(collection.find(before, fields), word, tell, total)
    for block in blocks(older, OPERATIONS_PER_REQUEST):
        operations = [
            UpdateOne(
                # With its version: who migrates at the same time has changed it already.
                before | {"_id": raw["_id"]},
                {"$set": step.change(raw, fingerprints) | {"schema_version": step.to_version}},
            )
            for raw in block
        ]
        num_changed += collection.bulk_write(operations, ordered=False).modified_count
    return num_changed
