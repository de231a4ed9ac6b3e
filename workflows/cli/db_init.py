"""``facet db init``: a database made ready for use, once and again."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from db.client import describe, open_database
from db.errors import SettingsError
from db.founding import Member, User, ensure_user, found
from db.indexes import INDEXES, ensure_indexes
from db.settings import password_in, settings_from_environment
from workflows.cli.tables import print_json
from workflows.launch import job_store, launchpad

if TYPE_CHECKING:
    from pathlib import Path

    from db.settings import DbSettings


def run_init(
    *, member: str | None, user: str | None, password_file: Path | None, as_json: bool
) -> int:
    """Make replica set, users and indexes that are missing, and return the exit code.

    Args:
        member: Replica set to found, as ``NAME/HOST:PORT``; None leaves the server as it is.
        user: Who is to read and write the database; None makes no user.
        password_file: Holds the password of this user.
        as_json: Print one JSON document in place of sentences.

    Raises:
        SettingsError: A variable or an option cannot be used.
        DbError: The server refuses or does not answer.
    """
    wanted = _user(user, password_file)
    settings = settings_from_environment()
    if member is not None:
        _found(settings, Member.from_text(member))
    is_new = False
    with open_database(settings) as database:
        if wanted is not None:
            is_new = ensure_user(database, wanted)
        ensure_indexes(database)
        job_store(database)
        launchpad(database)
    done = {
        "database": settings.database,
        "replica_set": member,
        "user": user,
        "is_new_user": is_new,
        "num_indexes": len(INDEXES),
    }
    if as_json:
        print_json(done)
    else:
        who = f"; {user!r} may read and write it" if user else ""
        sys.stdout.write(f"Ready: {describe(settings)}, {len(INDEXES)} indexes{who}.\n")
    return 0


def _user(name: str | None, password_file: Path | None) -> User | None:
    """Read the password of the user to be made."""
    if name is None and password_file is None:
        return None
    if name is None or password_file is None:
        raise SettingsError("A user needs both --user and --user-password-file.")
    try:
        return User(name, password_in(password_file))
    except ValueError as error:
        reason = str(error)
    raise SettingsError(f"The option --user-password-file cannot be used: {reason}.")


def _found(settings: DbSettings, member: Member) -> None:
    if settings.mongo_uri is None:
        raise SettingsError(
            "The private server founds itself; set FACET_MONGO_URI to the server to be founded."
        )
    found(settings.mongo_uri, member)
