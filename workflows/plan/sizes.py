"""Bytes of the documents of a crystal, measured by making them."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import bson

from db.documents import TaskDoc
from db.storing import FAST, MOST_INLINE_BYTES, PARK_ABOVE_BYTES
from workflows.convert import candidate_document, relaxed_outcome

if TYPE_CHECKING:
    from db.documents import BaseDoc, RelaxationDoc, StructureDoc
    from workflows.inputs import InputCrystal

NOBODY = "000000000000"
"""Stands for the id of a campaign that is not stored."""

# What follows was measured on another part of the data than the plan is tried on:
# benchmarks/plan.py --skip 500 --number 288; index keys with a million candidates besides, by
# benchmarks/queries.py.

BYTES_OF_A_VERDICT = 4500
"""What judging adds to the document of a candidate: hulls, gates, evidence, reasons."""

BYTES_OF_A_REJECT = 1700
"""Of the document of a rejected input."""

BYTES_OF_A_STABILITY = 1000
"""Of the document of a measurement: tests/workflows/plan/test_plan_short_list.py looks."""

SHARE_ON_DISK = 0.45
"""Bytes on the disk for one of a document, compressed by the server."""

BYTES_OF_INDEX_KEYS = 2300
"""On the disk, of all index entries of one crystal and its documents."""

BYTES_OF_FIRST_BLOCKS = 2_400_000
"""On the disk, of collections and indexes that hold something, however little."""


class DocumentSizes(NamedTuple):
    """Documents of one crystal, in bytes before the server compresses them.

    Attributes:
        structure: The input.
        candidate: Its place in the campaign, judged.
        relaxation: Its end.
        task: The request to relax it.
        in_gridfs: What of these is too large for a document and lies in GridFS.
    """

    structure: int
    candidate: int
    relaxation: int
    task: int
    in_gridfs: int


def sizes_of(
    crystal: InputCrystal, stored: StructureDoc, relaxation: RelaxationDoc
) -> DocumentSizes:
    """Measure the documents that a crystal leaves."""
    candidate = candidate_document(crystal, stored, 0, NOBODY, "candidate")
    relaxed = candidate.model_copy(update=dict(relaxed_outcome(relaxation)))
    now = datetime.now(UTC)
    task = TaskDoc(
        task_id=relaxation.relaxation_id,
        structure_id=stored.structure_id,
        potential_fingerprint=relaxation.potential_fingerprint,
        nsites=stored.nsites,
        campaigns=(NOBODY,),
        created_at=now,
        updated_at=now,
    )
    structure, end = _bytes(stored), _bytes(relaxation)
    trajectory = relaxation.trajectory.num_bytes if relaxation.trajectory else 0
    blob = trajectory if trajectory > MOST_INLINE_BYTES else 0
    parked = sum(each for each in (structure, end - blob) if each > PARK_ABOVE_BYTES)
    return DocumentSizes(
        structure, _bytes(relaxed) + BYTES_OF_A_VERDICT, end, _bytes(task), blob + parked
    )


def stored_bytes(document: BaseDoc) -> tuple[int, int]:
    """Return the bytes of a document, and what of them lies compressed in GridFS."""
    encoded = bson.encode(document.to_mongo())
    if len(encoded) <= PARK_ABOVE_BYTES:
        return len(encoded), 0
    packed = len(zlib.compress(encoded, FAST))
    return packed, packed


def _bytes(document: BaseDoc) -> int:
    return len(bson.encode(document.to_mongo()))
