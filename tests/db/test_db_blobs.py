import threading
from datetime import UTC, datetime, timedelta

import pytest
from gridfs import GridFSBucket
from pydantic import ValidationError

from db.blobs import (
    CHUNK_BYTES,
    CHUNKS,
    FILES,
    MOST_INLINE_BYTES,
    delete_blobs,
    get_blob,
    load_blob,
    put_blob,
    store_blob,
)
from db.documents.blob import Blob
from db.errors import MissingDocumentError

pytestmark = pytest.mark.integration

LONG = bytes(range(256)) * (3 * CHUNK_BYTES // 256) + b"end"
NOT_YET = datetime(2020, 1, 1, tzinfo=UTC)


def later():
    return datetime.now(UTC) + timedelta(hours=1)


@pytest.mark.parametrize("content", [b"", b"few", LONG])
def test_bytes_come_back_as_they_went(database, content):
    key = put_blob(database, content)
    assert get_blob(database, key) == content


def test_few_bytes_stay_inside_and_many_go_to_gridfs(database):
    few = store_blob(database, b"x" * MOST_INLINE_BYTES)
    assert few.key is None
    assert database[FILES].count_documents({}) == 0
    many = store_blob(database, b"x" * (MOST_INLINE_BYTES + 1))
    assert many.content is None
    assert [load_blob(database, each)[:1] for each in (few, many)] == [b"x", b"x"]
    assert many.num_bytes == len(load_blob(database, many))


def test_a_blob_is_in_one_place_and_knows_its_size():
    with pytest.raises(ValidationError, match="either inside"):
        Blob(num_bytes=1)
    with pytest.raises(ValidationError, match="either inside"):
        Blob(content=b"x", key="k", num_bytes=1)
    with pytest.raises(ValidationError, match="number of bytes"):
        Blob(content=b"x", num_bytes=2)


def test_putting_the_same_bytes_twice_stores_them_once(database):
    assert put_blob(database, LONG) == put_blob(database, LONG)
    assert database[FILES].count_documents({}) == 1
    assert database[CHUNKS].count_documents({}) == 4


def test_an_upload_that_was_cut_off_is_mended_by_the_next(database):
    key = put_blob(database, LONG)
    database[FILES].delete_many({})  # the file document comes last: this is a cut-off upload
    database[CHUNKS].delete_one({"n": 2})
    with pytest.raises(MissingDocumentError, match="holds no bytes"):
        get_blob(database, key)
    assert put_blob(database, LONG) == key
    assert get_blob(database, key) == LONG


def test_threads_that_put_the_same_bytes_at_once_do_not_disturb_each_other(database):
    threads = [threading.Thread(target=put_blob, args=(database, LONG)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (key,) = {each["filename"] for each in database[FILES].find()}
    assert get_blob(database, key) == LONG


def test_damaged_bytes_are_told_and_not_returned(database):
    key = put_blob(database, LONG)
    database[CHUNKS].update_one({"n": 1}, {"$set": {"data": b"y" * CHUNK_BYTES}})
    with pytest.raises(MissingDocumentError, match="damaged"):
        get_blob(database, key)
    database[CHUNKS].delete_one({"n": 1})
    with pytest.raises(MissingDocumentError, match="damaged"):
        get_blob(database, key)


def test_only_what_nobody_put_for_long_is_deleted(database):
    key = put_blob(database, LONG)
    assert delete_blobs(database, [key], put_before=NOT_YET) == 0
    old = {"uploadDate": NOT_YET, "metadata.put_at": NOT_YET}
    database[FILES].update_one({}, {"$set": old})
    put_blob(database, LONG)  # in use again
    assert delete_blobs(database, [key], datetime.now(UTC) - timedelta(minutes=10)) == 0
    assert delete_blobs(database, [key, "absent"], put_before=later()) == 1
    assert database[CHUNKS].count_documents({}) == 0


def test_an_upload_whose_mark_was_never_written_can_be_deleted_by_its_age(database):
    GridFSBucket(database, "blobs").upload_from_stream("k", b"x")
    assert delete_blobs(database, ["k"], put_before=NOT_YET) == 0
    assert delete_blobs(database, ["k"], put_before=later()) == 1
