"""Documents on their way to MongoDB and back; none of them can exceed its 16 MB.

Every write of a document goes through ``stored_form``. A blob that is no longer small moves to
GridFS. So do, when the document is large in spite of that, the fields that its class names in
``large_fields``: the stored document then lists them under ``parked``, and ``read_document`` brings
them back. What GridFS holds is there before the document that refers to it.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, TypeVar

import bson
from bson.codec_options import CodecOptions
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument

from db.blobs import get_blob, load_blob, put_blob, store_blob
from db.documents import BaseDoc
from db.documents.base import PARKED
from db.errors import DocumentRefusedError, MissingDocumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from db.client import MongoDatabase
    from db.documents.blob import Blob

Doc = TypeVar("Doc", bound=BaseDoc)

MAX_DOCUMENT_BYTES = 16 * 1024 * 1024
PARK_ABOVE_BYTES = 2 * 1024 * 1024
MOST_INLINE_BYTES = 64 * 1024
FAST = 1
"""Compression level of zlib: coordinates hardly shrink further, and text nearly as well."""

UTC_TIMES: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)


def stored_form(database: MongoDatabase, document: BaseDoc) -> RawBSONDocument:
    """Encode a document once, for its size and for the wire; large parts go to GridFS first.

    Raises:
        DocumentRefusedError: MongoDB cannot hold it.
    """
    key, raw = document.document_id, document.to_mongo()
    for name in document.blob_fields:
        blob: Blob | None = getattr(document, name)
        if blob is not None and blob.content is not None:
            raw[name] = store_blob(database, blob.content, MOST_INLINE_BYTES).model_dump()
    encoded = _encode(key, raw)
    if len(encoded) > PARK_ABOVE_BYTES and document.large_fields:
        raw[PARKED] = [_park(database, key, name, raw) for name in document.large_fields]
        encoded = _encode(key, raw)
    return _checked(key, encoded)


def encoded_fields(key: str, fields: dict[str, Any]) -> RawBSONDocument:
    """Encode some fields of a document, refusing what MongoDB cannot hold.

    Raises:
        DocumentRefusedError: It cannot.
    """
    return _checked(key, _encode(key, fields))


def read_document(database: MongoDatabase, kind: type[Doc], raw: Mapping[str, Any]) -> Doc:
    """Read a stored document, with its parked fields.

    Raises:
        SchemaMismatchError: Another version of Facet wrote it.
        MissingDocumentError: A parked field is not stored, or is damaged.
    """
    return kind.from_mongo(unparked(database, raw) if raw.get(PARKED) else raw)


def unparked(database: MongoDatabase, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a raw document with its parked fields in their places."""
    fields = {name: value for name, value in raw.items() if name != PARKED}
    for place in raw.get(PARKED) or ():
        packed = get_blob(database, place["key"])
        fields[place["field"]] = bson.decode(_unpack(packed, place), UTC_TIMES)["value"]
    return fields


def blob_content(database: MongoDatabase, blob: Blob | None) -> bytes | None:
    """Return the bytes of a document's blob, when it has one.

    Raises:
        MissingDocumentError: They are not stored, or no longer what was stored.
    """
    return None if blob is None else load_blob(database, blob)


def _park(database: MongoDatabase, key: str, name: str, raw: dict[str, Any]) -> dict[str, Any]:
    """Take a field out of a raw document, into GridFS, and say where it is."""
    content = _encode(key, {"value": raw.pop(name)})
    blob_key = put_blob(database, zlib.compress(content, FAST))
    return {"field": name, "key": blob_key, "num_bytes": len(content)}


def _unpack(packed: bytes, place: Mapping[str, Any]) -> bytes:
    """Decompress a parked field, and not more than its document says it has."""
    most = int(place["num_bytes"])
    try:
        content = zlib.decompressobj().decompress(packed, most + 1)
    except zlib.error:
        content = b""
    if len(content) != most:
        raise MissingDocumentError(
            f"The bytes stored under {place['key']} are not those of a field {place['field']!r}; "
            "import the archive again, or submit the campaign once more."
        )
    return content


def _encode(key: str, fields: dict[str, Any]) -> bytes:
    try:
        return bson.encode(fields)
    except (BSONError, OverflowError, UnicodeError) as error:
        raise DocumentRefusedError(
            f"{key!r} holds a value that MongoDB cannot store ({error}); mend it in the input."
        ) from error


def _checked(key: str, encoded: bytes) -> RawBSONDocument:
    if len(encoded) > MAX_DOCUMENT_BYTES:
        raise DocumentRefusedError(
            f"{key!r} takes {len(encoded) / 2**20:.1f} MiB and MongoDB holds at most "
            f"{MAX_DOCUMENT_BYTES // 2**20} MiB in one document; split it or leave parts out."
        )
    return RawBSONDocument(encoded)
