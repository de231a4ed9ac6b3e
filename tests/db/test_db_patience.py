"""Waiting for a database that is away: what is repeated, what is not, and how it ends."""

from __future__ import annotations

import errno
import os
import signal
import threading
import time

import pytest
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    DuplicateKeyError,
    NetworkTimeout,
    NotPrimaryError,
    OperationFailure,
    ServerSelectionTimeoutError,
)

from db.client import open_database
from db.embedded.folder import ServerFolder
from db.errors import DatabaseFullError, DatabaseUnreachableError
from db.patience import is_away, patiently, revivable
from db.settings import DbSettings

pytestmark = pytest.mark.integration


@pytest.fixture
def own_settings(tmp_path):
    """A private server that this test may kill."""
    return DbSettings(mongo_uri=None, home=tmp_path, database="patience")


def kill_server(home) -> None:
    pid = ServerFolder(home / "mongo").pid()
    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize(
    "error",
    [
        AutoReconnect("gone"),
        ServerSelectionTimeoutError("none"),
        NetworkTimeout("slow"),
        NotPrimaryError("stepped down"),
        OperationFailure("shutting down", 91),
        OperationFailure("interrupted", 11600),
        OperationFailure("No keys found for HMAC", 211),
        BulkWriteError({"writeConcernErrors": [{"code": 91}], "writeErrors": []}),
    ],
)
def test_a_server_that_comes_and_goes_is_away(error):
    assert is_away(error)


@pytest.mark.parametrize(
    "error",
    [
        DuplicateKeyError("twice", 11000),
        OperationFailure("not authorized", 13),
        OperationFailure("bad", 2),
        BulkWriteError({"writeErrors": [{"code": 11000}, {"code": 91}], "writeConcernErrors": []}),
        ValueError("No"),
    ],
)
def test_a_refusal_is_not_waited_for(error):
    assert not is_away(error)


def test_what_the_server_refuses_is_raised_at_once(database):
    calls = []

    def refused():
        calls.append(1)
        database["things"].update_one({"_id": 1}, {"$nonsense": 1})

    with pytest.raises(OperationFailure):
        patiently(refused, database)
    assert calls == [1]


def test_a_full_disk_is_said_in_a_sentence(database):
    def write():
        raise OperationFailure("boom", 14031)

    with pytest.raises(DatabaseFullError, match="no disk space left"):
        patiently(write, database)


def test_a_private_server_that_finds_no_disk_space_is_not_waited_for(database):
    def start_again():
        raise OSError(errno.ENOSPC, "No space left on device")

    with (
        revivable(database.client, start_again),
        pytest.raises(DatabaseFullError, match="no disk space left"),
    ):
        patiently(gone, database)


def test_a_private_server_that_was_killed_is_started_again_and_nothing_is_lost(own_settings):
    with open_database(own_settings) as database:
        database["things"].insert_one({"_id": "before"})
        kill_server(own_settings.home)
        patiently(
            lambda: database["things"].replace_one({"_id": "after"}, {"_id": "after"}, upsert=True),
            database,
        )
        assert {each["_id"] for each in database["things"].find()} == {"before", "after"}


def test_the_wait_ends_when_the_caller_has_no_more_time(database):
    stop = threading.Event()
    threading.Timer(1.0, stop.set).start()
    started = time.monotonic()
    with pytest.raises(DatabaseUnreachableError, match="no more time to wait"):
        patiently(gone, database, stop.is_set)
    assert 0.9 < time.monotonic() - started < 3.0


def gone():
    """Fail as an operation does when its server is not there."""
    raise AutoReconnect("the server is not there")
