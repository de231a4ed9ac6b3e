"""Opening the database: the user's server, or a private one of this machine."""

from __future__ import annotations

import re
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError

from db.embedded import embedded_server
from db.errors import DatabaseUnreachableError, DbError, SettingsError
from db.patience import refuse_when_full, revivable
from db.settings import settings_from_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import SecretStr

    from db.settings import DbSettings

MongoDatabase: TypeAlias = Database[dict[str, Any]]
Client: TypeAlias = MongoClient[dict[str, Any]]

SCHEMES = ("mongodb://", "mongodb+srv://")
MILLISECONDS_TO_FIND_A_SERVER = 10_000
AUTHENTICATION_FAILED = 18
UNAUTHORIZED = 13
LACKING_A_RIGHT = "not authorized on"
"""What the server says to a user whom it knows, with this code."""
TLS_TROUBLE = "[SSL: "
A_HOST = re.compile(r"[\w.\-]+(:\d{1,5})?|\[[0-9a-fA-F:]+\](:\d{1,5})?")


@dataclass(frozen=True)
class ServerFacts:
    """What a server says of itself.

    Attributes:
        version: Version of mongod.
        is_replica_set: False for a standalone server, which loses acknowledged writes in a crash.
        address: Host and port, without user or password.
    """

    version: str
    is_replica_set: bool
    address: str


@contextmanager
def open_database(
    settings: DbSettings | None = None, patience_seconds: float | None = None
) -> Iterator[MongoDatabase]:
    """Open the database that the settings name, by default those of the environment.

    Without ``FACET_MONGO_URI`` the private server of this machine is started or shared. Every
    write that returns is on the disk of a majority. Datetimes come back in UTC.

    Args:
        settings: Where the database is.
        patience_seconds: How long each single read or write is repeated while the server is away;
            None repeats it once, which hides a change of primary and no more.

    Raises:
        SettingsError: A variable cannot be used.
        EmbeddedServerError: No private server can be had.
        DatabaseUnreachableError: No server answers, or it goes away while the block runs.
        DbError: The server refuses an operation of the block.
    """
    settings = settings or settings_from_environment()
    with ExitStack() as stack:
        uri = settings.mongo_uri
        server = None
        if uri is None:
            server = stack.enter_context(embedded_server(settings.home, settings.mongod))
            uri = server.uri
        client = stack.enter_context(connect(uri, patience_seconds))
        if server is not None:
            stack.enter_context(revivable(client, server.revive))
        stack.enter_context(one_sentence_for(uri))
        client.admin.command("ping")
        yield client[settings.database]


def connect(uri: SecretStr, patience_seconds: float | None = None) -> Client:
    """Make a client that asks for majority and journal, whatever the URI says of them.

    Args:
        uri: Connection string.
        patience_seconds: How long each operation is repeated while the server is away.

    Raises:
        SettingsError: The URI cannot be read; the message does not repeat it.
    """
    text = uri.get_secret_value()
    options: dict[str, Any] = {}
    if "serverselectiontimeoutms" not in text.lower():
        options["serverSelectionTimeoutMS"] = MILLISECONDS_TO_FIND_A_SERVER
    if patience_seconds is not None:
        options |= {
            "timeoutMS": int(1000 * patience_seconds),
            "serverSelectionTimeoutMS": int(1000 * patience_seconds),
        }
    with suppress(PyMongoError, ValueError):
        if text.startswith(SCHEMES):  # pymongo takes any other text for a host name
            return MongoClient(
                text, w="majority", journal=True, tz_aware=True, appname="facet", **options
            )
    # Raised outside any handler: the cause would carry the URI along.
    raise SettingsError(
        "FACET_MONGO_URI cannot be used; write mongodb://USER:PASSWORD@HOST:PORT/ with special "
        "characters of the password percent-encoded, and check the host name and options."
    )


def hosts_of(uri: SecretStr) -> str:
    """Return the hosts of a connection string, and nothing that could be a secret."""
    after_password = uri.get_secret_value().rpartition("@")[2].rpartition("://")[2]
    hosts = re.split(r"[/?]", after_password)[0].split(",")
    shown = [host if A_HOST.fullmatch(host) else "(unreadable host)" for host in hosts]
    return ",".join(shown)


def describe(settings: DbSettings) -> str:
    """Say in a few words which database the settings mean, without secrets."""
    if settings.mongo_uri is None:
        return f"database {settings.database!r} of the private server in {settings.home / 'mongo'}"
    return f"database {settings.database!r} at {hosts_of(settings.mongo_uri)}"


def server_facts(database: MongoDatabase) -> ServerFacts:
    """Ask the server what it is."""
    hello = database.command("hello")
    host, port = database.client.address or ("", 0)
    return ServerFacts(
        version=str(database.client.server_info()["version"]),
        is_replica_set="setName" in hello,
        address=f"{host}:{port}",
    )


@contextmanager
def one_sentence_for(uri: SecretStr) -> Iterator[None]:
    """Turn what pymongo raises into errors that tell a person what to do."""
    try:
        yield
    except ConnectionFailure as error:
        mend = "check that it runs and that FACET_MONGO_URI names it"
        if TLS_TROUBLE in str(error):
            mend = "TLS failed, so check the certificates and the tls options of FACET_MONGO_URI"
        raise DatabaseUnreachableError(
            f"No MongoDB server answers at {hosts_of(uri)}; {mend}."
        ) from error
    except OperationFailure as error:
        refuse_when_full(error)
        if error.code == UNAUTHORIZED and LACKING_A_RIGHT in str(error):
            raise DatabaseUnreachableError(
                f"The user whom FACET_MONGO_URI names may not do this at {hosts_of(uri)}; "
                "campaigns need the role readWrite on the database, and an administrator makes "
                "users."
            ) from error
        if error.code in (AUTHENTICATION_FAILED, UNAUTHORIZED):
            raise DatabaseUnreachableError(
                f"The MongoDB server at {hosts_of(uri)} refuses this user; check the user name and "
                "authSource in FACET_MONGO_URI, and the password there or in "
                "FACET_MONGO_PASSWORD_FILE."
            ) from error
        reason = (error.details or {}).get("errmsg", "no reason given")
        raise DbError(f"The MongoDB server at {hosts_of(uri)} refused: {reason}.") from error
