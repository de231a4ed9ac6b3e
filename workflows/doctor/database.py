"""The database: its server, what this user may do there, its indexes, and the queue of jobs.

The layer below is imported where it is examined: if it cannot be, that is a finding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from db.errors import DbError
from workflows.doctor.finding import Finding, Health, finding_of
from workflows.doctor.places import is_writable, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from db.client import MongoDatabase
    from db.settings import DbSettings

OLDEST_SERVER = 6
"""Major version of the oldest mongod that the queries are written for."""
NEEDED_ACTIONS = frozenset({"find", "insert", "update", "remove", "createIndex"})
NAMED_AT_MOST = 3
WAITING = ("READY", "WAITING", "RESERVED", "RUNNING")


def database_findings() -> Iterator[Finding]:
    """Reach the server that the environment names, or the private one if it holds something."""
    from db.client import open_database
    from db.settings import settings_from_environment

    try:
        settings = settings_from_environment()
        if settings.mongo_uri is None:
            finding = _private_server(settings)
            yield finding
            if finding.health is Health.BROKEN or not (settings.home / "mongo" / "data").exists():
                return  # nothing is stored, so nothing is started for the examination
        with open_database(settings) as database:
            if settings.mongo_uri is not None:
                yield _own_server(database, settings)
                yield _access(database)
            yield from index_findings(database)
            yield from launchpad_findings(database)
    except DbError as error:
        yield finding_of(error, "database")


def _private_server(settings: DbSettings) -> Finding:
    from db.embedded import find_mongod

    binary = find_mongod(settings.mongod)
    folder = settings.home / "mongo"
    present = nearest(folder)
    if not is_writable(present):
        text = f"{present} cannot be written, so the private server has no place for its data"
        mend = "set FACET_HOME to a folder of yours, or FACET_MONGO_URI to a server"
        return Finding("database", Health.BROKEN, text, mend)
    text = f"private mongod {binary.version} ({binary.path}), started when needed, data in {folder}"
    return Finding("database", Health.OK, text)


def _own_server(database: MongoDatabase, settings: DbSettings) -> Finding:
    from db.client import describe, server_facts

    facts = server_facts(database)
    text = f"mongod {facts.version}, {describe(settings)}"
    if int(facts.version.split(".")[0]) < OLDEST_SERVER:
        mend = f"use MongoDB {OLDEST_SERVER}.0 or later"
        return Finding("database", Health.BROKEN, f"{text}, is too old", mend)
    if not facts.is_replica_set:
        text += ", is a standalone server, which loses acknowledged writes when it crashes"
        mend = "start it with --replSet rs0 and run rs.initiate() once"
        return Finding("database", Health.WARNING, text, mend)
    return Finding("database", Health.OK, f"{text}, replica set")


def _access(database: MongoDatabase) -> Finding:
    """Whether a password is asked for, and whether this user may do what Facet does."""
    status = database.command("connectionStatus", showPrivileges=True)["authInfo"]
    if not status["authenticatedUsers"]:
        text = "the server asks for no password: whoever reaches it may change everything"
        mend = "start it with --auth, make a user with `facet db init --user`, name it in the URI"
        return Finding("database", Health.WARNING, text, mend)
    user = status["authenticatedUsers"][0]["user"]
    missing = NEEDED_ACTIONS - _allowed(status["authenticatedUserPrivileges"], database.name)
    if missing:
        text = f"user {user!r} lacks the right to {', '.join(sorted(missing))} in {database.name!r}"
        mend = f"grant it the role readWrite on {database.name!r}"
        return Finding("database", Health.BROKEN, text, mend)
    return Finding("database", Health.OK, f"user {user!r} may read and write {database.name!r}")


def _allowed(privileges: list[dict[str, Any]], name: str) -> set[str]:
    """Actions that are allowed on all collections of a database."""
    return {
        action
        for each in privileges
        if each["resource"].get("anyResource")
        or (each["resource"].get("db") in ("", name) and each["resource"].get("collection") == "")
        for action in each["actions"]
    }


def index_findings(database: MongoDatabase) -> Iterator[Finding]:
    """Compare the indexes with what Facet declares; an empty database needs none yet."""
    from db.check import index_faults
    from db.indexes import INDEXES

    if not database.list_collection_names():
        text = f"database {database.name!r} is empty; indexes are made when it is first used"
        yield Finding("indexes", Health.OK, text)
        return
    faults = index_faults(database)
    wrong = [each for each in faults if each.kind != "foreign"]
    if wrong:
        names = [f"{each.collection}.{each.name}" for each in wrong[:NAMED_AT_MOST]]
        more = " and others" if len(wrong) > NAMED_AT_MOST else ""
        text = (
            f"{len(wrong)} of {len(INDEXES)} indexes are missing or different: "
            f"{', '.join(names)}{more}"
        )
        mend = "run `facet db init`, and `facet db check` to see what each serves"
        yield Finding("indexes", Health.WARNING, text, mend)
    else:
        foreign = f"; {len(faults)} are not of Facet" if faults else ""
        yield Finding("indexes", Health.OK, f"{len(INDEXES)} indexes as declared{foreign}")


def launchpad_findings(database: MongoDatabase) -> Iterator[Finding]:
    """Read the queue of jobs as FireWorks keeps it, without writing to it."""
    from workflows.patient_launchpad import PatientLaunchPad

    pad = PatientLaunchPad(database)
    num_waiting = pad.fireworks.count_documents({"state": {"$in": list(WAITING)}})
    num_failed = pad.fireworks.count_documents({"state": "FIZZLED"})
    text = f"FireWorks LaunchPad reachable: {num_waiting} jobs waiting or running"
    if num_failed:
        mend = "see why with `facet status --campaign ID`; `facet resume ID` runs them again"
        yield Finding("launchpad", Health.WARNING, f"{text}, {num_failed} failed", mend)
    else:
        yield Finding("launchpad", Health.OK, text)
