"""A server that is killed, that hangs, or whose disk is full, in the middle of a shard."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from contextlib import suppress

import pytest
from pymongo.errors import PyMongoError
from shard_samples import (
    SETTINGS,
    assert_same_ends,
    once_at,
    shaken_crystals,
    store,
    uninterrupted,
    watched,
)

from db.client import open_database
from db.embedded.folder import ServerFolder
from db.errors import DatabaseFullError
from db.settings import DbSettings
from facet.testing.fakes import LennardJones
from workflows.duty import Duty, on_duty
from workflows.shards.run import relax_shard

pytestmark = pytest.mark.integration

MEBIBYTE = 2**20


def settings_in(home):
    return DbSettings(mongo_uri=None, home=home, database="faults")


def run(database, ids, potential, lease_seconds=60.0):
    with on_duty(Duty("worker", lease_seconds=lease_seconds)):
        return relax_shard(database, ids, potential, SETTINGS)


def signal_server(home, number):
    os.kill(ServerFolder(home / "mongo").pid(), number)


def test_a_server_killed_while_crystals_fly_loses_nothing(tmp_path):
    crystals = shaken_crystals(12)
    with open_database(settings_in(tmp_path)) as database:
        ids = store(database, crystals)

        def kill(call):
            if call in (3, 9):
                signal_server(tmp_path, signal.SIGKILL)

        report = run(database, ids, watched(kill, seconds=0.1))
        assert (report.ends, report.num_refused) == ({"converged": 12}, 0)
        assert_same_ends(database, uninterrupted(crystals))


def test_a_server_that_hangs_for_longer_than_a_lease_costs_no_work(tmp_path):
    crystals = shaken_crystals(8)
    with open_database(settings_in(tmp_path)) as database:
        ids = store(database, crystals)

        def freeze():
            signal_server(tmp_path, signal.SIGSTOP)
            threading.Timer(4.0, signal_server, (tmp_path, signal.SIGCONT)).start()

        report = run(database, ids, watched(once_at(2, freeze), seconds=0.05), lease_seconds=2.0)
        assert (report.ends, report.num_refused) == ({"converged": 8}, 0)
        assert_same_ends(database, uninterrupted(crystals))


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a file system of its own, of 120 MiB."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a small file system to fill")
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=120m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine lets nobody mount a small file system to fill")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder, database):
    """Use up the disk, and then what the server has in reserve."""
    with suppress(OSError), (folder / "filler").open("wb") as file:
        while True:
            file.write(bytes(MEBIBYTE // 16))
            file.flush()
    with suppress(PyMongoError):
        for _ in range(60):
            database["junk"].insert_one({"bytes": os.urandom(MEBIBYTE)})


def run_until_full(settings, crystals, folder, ids):
    with open_database(settings) as database:
        ids += store(database, crystals)
        run(database, ids, watched(once_at(3, lambda: fill(folder, database))))


def test_a_full_disk_is_a_clear_stop_after_which_the_work_goes_on(small_disk):
    crystals = shaken_crystals(40)
    settings = settings_in(small_disk / "home")
    ids = []
    with pytest.raises(DatabaseFullError, match="free or add space"):
        run_until_full(settings, crystals, small_disk, ids)
    (small_disk / "filler").unlink()
    with open_database(settings) as database:
        database["junk"].drop()
        assert run(database, ids, LennardJones()).left == []
        assert database.validate_collection("relaxations")["valid"]
        assert database.validate_collection("tasks")["valid"]
        # Leases of the run that was cut off may have ended meanwhile: suspects fly a few at a time.
        assert_same_ends(database, uninterrupted(crystals))
