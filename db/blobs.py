"""Large bytes in GridFS, each under the SHA-256 of its content.

An upload counts when its file document is there, which comes last. Every upload has chunks of its
own, so one that was cut off stands in nobody's way: the next writes all of it again, and
``db.retention`` clears what was left. Putting marks bytes as in use, and only what nobody has put
for long is ever deleted.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from gridfs import GridFSBucket
from gridfs.errors import CorruptGridFile, NoFile

from db.blocks import blocks
from db.documents.blob import Blob
from db.errors import MissingDocumentError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from db.client import MongoDatabase

BUCKET = "blobs"
FILES = f"{BUCKET}.files"
CHUNKS = f"{BUCKET}.chunks"
CHUNK_BYTES = 2**20
MOST_INLINE_BYTES = 256 * 1024
KEYS_PER_REQUEST = 500


def store_blob(
    database: MongoDatabase, content: bytes, most_inline_bytes: int = MOST_INLINE_BYTES
) -> Blob:
    """Keep bytes inside the blob when they are few, else put them into GridFS first."""
    if len(content) <= most_inline_bytes:
        return Blob.of(content)
    return Blob(key=put_blob(database, content), num_bytes=len(content))


def load_blob(database: MongoDatabase, blob: Blob) -> bytes:
    """Return the bytes of a blob, wherever they are.

    Raises:
        MissingDocumentError: They are not stored, or no longer what was stored.
    """
    if blob.content is not None:
        return blob.content
    return get_blob(database, str(blob.key))


def put_blob(database: MongoDatabase, content: bytes) -> str:
    """Store bytes that are not stored yet, mark them as in use now, and return their key."""
    key = hashlib.sha256(content).hexdigest()
    # The server's clock, as everywhere: retention compares this time with that clock.
    in_use = {"$currentDate": {"metadata.put_at": True}}
    if database[FILES].update_many({"filename": key}, in_use).matched_count == 0:
        _bucket(database).upload_from_stream(key, content)
        database[FILES].update_many({"filename": key}, in_use)
    return key


def get_blob(database: MongoDatabase, key: str) -> bytes:
    """Return the bytes with a key.

    Raises:
        MissingDocumentError: They are not stored, or no longer what was stored.
    """
    try:
        with _bucket(database).open_download_stream_by_name(key) as stream:
            content = bytes(stream.read())
    except NoFile as error:
        raise MissingDocumentError(
            f"The database holds no bytes under {key}; import the archive again, or run what "
            "made them once more."
        ) from error
    except CorruptGridFile as error:
        raise _damaged(key) from error
    if hashlib.sha256(content).hexdigest() != key:
        raise _damaged(key)
    return content


def delete_blobs(database: MongoDatabase, keys: Iterable[str], put_before: datetime) -> int:
    """Delete bytes that nobody has put since a time, and return how many uploads went.

    The caller knows that no document refers to them. One that is being written right now put its
    bytes a moment ago, so they stay.
    """
    num_deleted = 0
    for block in blocks(keys, KEYS_PER_REQUEST):
        where: dict[str, Any] = {"filename": {"$in": block}, "uploadDate": {"$lt": put_before}}
        where["metadata.put_at"] = {"$not": {"$gte": put_before}}
        for each in list(database[FILES].find(where, {"_id": 1})):
            # Once more with the time: it may have been put again since it was found.
            if database[FILES].delete_one(where | {"_id": each["_id"]}).deleted_count:
                database[CHUNKS].delete_many({"files_id": each["_id"]})
                num_deleted += 1
    return num_deleted


def _bucket(database: MongoDatabase) -> GridFSBucket:
    return GridFSBucket(database, BUCKET, CHUNK_BYTES)


def _damaged(key: str) -> MissingDocumentError:
    return MissingDocumentError(
        f"The bytes stored under {key} are damaged; import the archive again, or run what made "
        "them once more."
    )
