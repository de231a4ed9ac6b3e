"""Making a new MongoDB server fit for use: its replica set of one, its administrator, a user.

Everything here may be done again: what is there already is kept, and what a cut-off attempt left
half done is finished.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import SecretStr
from pymongo.errors import OperationFailure
from pymongo.uri_parser import parse_uri

from db.client import AUTHENTICATION_FAILED, UNAUTHORIZED, connect, hosts_of, one_sentence_for
from db.errors import DatabaseUnreachableError, DbError, SettingsError

if TYPE_CHECKING:
    from db.client import Client, MongoDatabase

Role = Literal["read", "readWrite"]
"""What a user may do with the database, as MongoDB calls it."""

MIN_PASSWORD_LENGTH = 32
SECONDS_TO_BECOME_PRIMARY = 30.0
POLL_SECONDS = 0.1
A_MEMBER = re.compile(r"(?P<replica_set>[\w\-]+)/(?P<host>[\w.\-]+:\d{1,5})")
A_USER = re.compile(r"[A-Za-z][\w\-]{0,62}")


@dataclass(frozen=True)
class Member:
    """The one node of a replica set.

    Attributes:
        replica_set: Name of the set, as the server was started with.
        host: Host and port at which the node and its clients reach it.
    """

    replica_set: str
    host: str

    @classmethod
    def from_text(cls, text: str) -> Member:
        """Read ``rs0/host:27017``.

        Raises:
            SettingsError: It is something else.
        """
        found = A_MEMBER.fullmatch(text)
        if found is None:
            raise SettingsError(
                f"{text!r} names no replica set; write NAME/HOST:PORT, for example rs0/mongo:27017."
            )
        return cls(**found.groupdict())


@dataclass(frozen=True)
class User:
    """Someone who may log in.

    Attributes:
        name: Letters, digits, '_' and '-', a letter first.
        password: At least 32 characters; a program reads it, nobody has to type it.
    """

    name: str
    password: SecretStr

    def __post_init__(self) -> None:
        """Refuse a name that needs quoting and a password that can be guessed."""
        if A_USER.fullmatch(self.name) is None:
            raise SettingsError(
                f"{self.name!r} cannot be the name of a database user; use letters, digits, '_' "
                "and '-', a letter first."
            )
        if len(self.password.get_secret_value()) < MIN_PASSWORD_LENGTH:
            raise SettingsError(
                f"The password of {self.name!r} is shorter than {MIN_PASSWORD_LENGTH} characters; "
                "make one with `openssl rand -hex 48`."
            )


def found(uri: SecretStr, member: Member) -> None:
    """Make a server without users a replica set of one node with an administrator.

    A server trusts whoever comes over its own loopback until it has a user, so this must run
    there; where set and administrator exist it may run anywhere.

    Args:
        uri: Of the one server, with name and password that the administrator has or is to have.
        member: The set and the address of the node.

    Raises:
        SettingsError: The URI cannot be used, or the password is too short.
        DbError: The server refuses, cannot be reached or belongs to another set.
    """
    administrator = _user_of(uri)
    with one_sentence_for(uri), connect(_without_user(uri)) as anyone:
        _initiate(anyone, member)
        _wait_for_primary(anyone, uri)
        if not _is_known(uri):
            _create_administrator(anyone, administrator, uri)


def ensure_user(database: MongoDatabase, user: User, role: Role = "readWrite") -> bool:
    """Let a user read, or read and write, this database and no other, with this password.

    A known user gets the password; rights that were given otherwise are left as they are.

    Returns:
        Whether the user is new.

    Raises:
        SettingsError: It is the administrator who asks.
        PyMongoError: The server refuses, for example to one who may not make users.
    """
    admin = database.client.admin
    present = admin.command("connectionStatus")["authInfo"]["authenticatedUsers"]
    if user.name in {each["user"] for each in present}:
        raise SettingsError(
            f"{user.name!r} is the user of FACET_MONGO_URI; give the work a user of its own."
        )
    roles = [{"role": role, "db": database.name}]
    password = user.password.get_secret_value()
    if not admin.command("usersInfo", user.name)["users"]:
        admin.command("createUser", user.name, pwd=password, roles=roles)
        return True
    admin.command("updateUser", user.name, pwd=password)
    admin.command("grantRolesToUser", user.name, roles=roles)
    return False


def _user_of(uri: SecretStr) -> User:
    """The user whom a connection string names, who must be as good as a new one."""
    connect(uri).close()  # refuses in a sentence what cannot be parsed
    parts = parse_uri(uri.get_secret_value(), validate=False)
    options = parts["options"]
    if not parts["username"] or not options.get("directConnection") or "replicaSet" in options:
        raise SettingsError(
            "FACET_MONGO_URI must name the administrator and, by directConnection=true in place of "
            "replicaSet, the one server to be founded."
        )
    return User(parts["username"], SecretStr(parts["password"] or ""))


def _without_user(uri: SecretStr) -> SecretStr:
    scheme, _, rest = uri.get_secret_value().partition("://")
    user, _, _ = re.split(r"[/?]", rest)[0].rpartition("@")
    return SecretStr(f"{scheme}://{rest[len(user) :].removeprefix('@')}")


def _initiate(anyone: Client, member: Member) -> None:
    """Found the replica set if there is none."""
    present = anyone.admin.command("hello").get("setName")
    if present is None:
        node = {"_id": 0, "host": member.host}
        config: dict[str, Any] = {"_id": member.replica_set, "members": [node]}
        anyone.admin.command("replSetInitiate", config)
    elif present != member.replica_set:
        raise DbError(
            f"The server belongs to the replica set {present!r}; "
            f"name that one in place of {member.replica_set!r}."
        )


def _wait_for_primary(anyone: Client, uri: SecretStr) -> None:
    deadline = time.monotonic() + SECONDS_TO_BECOME_PRIMARY
    while not anyone.admin.command("hello").get("isWritablePrimary"):
        if time.monotonic() > deadline:
            raise DatabaseUnreachableError(
                f"The MongoDB server at {hosts_of(uri)} has not become the primary of its replica "
                f"set within {SECONDS_TO_BECOME_PRIMARY:.0f} s; see its log, then try again."
            )
        time.sleep(POLL_SECONDS)


def _is_known(uri: SecretStr) -> bool:
    """Whether the server lets this user in."""
    try:
        with connect(uri) as client:
            client.admin.command("ping")
    except OperationFailure as error:
        if error.code == AUTHENTICATION_FAILED:
            return False
        raise
    return True


def _create_administrator(anyone: Client, administrator: User, uri: SecretStr) -> None:
    """Make the first user; the server allows it only from its loopback, and only once."""
    password = administrator.password.get_secret_value()
    try:
        anyone.admin.command("createUser", administrator.name, pwd=password, roles=["root"])
    except OperationFailure as error:
        if error.code != UNAUTHORIZED:
            raise
        raise DatabaseUnreachableError(
            f"The MongoDB server at {hosts_of(uri)} refuses {administrator.name!r} with this "
            "password; give the one it has, or, if the server has no user yet, found it over its "
            "own loopback (127.0.0.1)."
        ) from error
