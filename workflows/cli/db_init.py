"""``facet db init``: a database made ready for use, once and again."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from db.client import describe, open_database
from db.errors import SettingsError
from db.founding import Member, User, ensure_user, found
from db.indexes import INDEXES, ensure_indexes
from db.settings import password_in, settings_from_environment
from workflows.cli.progress import working
from workflows.cli.tables import print_json
from workflows.launch import job_store, launchpad

if TYPE_CHECKING:
    from pathlib import Path

    from db.settings import DbSettings


class Named(NamedTuple):
    """A user as the options name him, or nobody.

    Attributes:
        name: Of the user.
        password_file: Holds the password.
    """

    name: str | None = None
    password_file: Path | None = None

    def user(self, option: str) -> User | None:
        """Read the password of the user to be made.

        Args:
            option: Name of the option that names him.

        Raises:
            SettingsError: One half is missing, or the file cannot be used.
        """
        if self.name is None and self.password_file is None:
            return None
        if self.name is None or self.password_file is None:
            raise SettingsError(f"A user needs both --{option} and --{option}-password-file.")
        try:
            return User(self.name, password_in(self.password_file))
        except ValueError as error:
            reason = str(error)
        raise SettingsError(f"The option --{option}-password-file cannot be used: {reason}.")


NOBODY = Named()


def run_init(
    *, member: str | None, user: Named, reader: Named = NOBODY, as_json: bool = False
) -> int:
    """Make replica set, users and indexes that are missing, and return the exit code.

    Args:
        member: Replica set to found, as ``NAME/HOST:PORT``; None leaves the server as it is.
        user: Who is to read and write the database.
        reader: Who is only to read it.
        as_json: Print one JSON document in place of sentences.

    Raises:
        SettingsError: A variable or an option cannot be used.
        DbError: The server refuses or does not answer.
    """
    wanted, reading = user.user("user"), reader.user("reader")
    settings = settings_from_environment()
    if member is not None:
        _found(settings, Member.from_text(member))
    is_new = False
    with open_database(settings) as database:
        if wanted is not None:
            is_new = ensure_user(database, wanted)
        if reading is not None:
            ensure_user(database, reading, "read")
        with working("building indexes"):
            ensure_indexes(database)
        job_store(database)
        launchpad(database)
    done = {
        "database": settings.database,
        "replica_set": member,
        "user": user.name,
        "reader": reader.name,
        "is_new_user": is_new,
        "num_indexes": len(INDEXES),
    }
    if as_json:
        print_json(done)
    else:
        who = f"; {user.name!r} may read and write it" if user.name else ""
        who += f"; {reader.name!r} may read it" if reader.name else ""
        sys.stdout.write(f"Ready: {describe(settings)}, {len(INDEXES)} indexes{who}.\n")
    return 0


def _found(settings: DbSettings, member: Member) -> None:
    if settings.mongo_uri is None:
        raise SettingsError(
            "The private server founds itself; set FACET_MONGO_URI to the server to be founded."
        )
    found(settings.mongo_uri, member)
