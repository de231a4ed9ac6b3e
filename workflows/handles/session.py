"""A database that stays open as long as somebody holds something of it."""

from __future__ import annotations

import weakref
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from pydantic import SecretStr

from db.client import one_sentence_for, open_database
from db.settings import settings_from_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from db.client import MongoDatabase


class Session:
    """An open database; it closes with the last object that was read from it.

    Args:
        uri: Connection string; None takes ``FACET_MONGO_URI``, or the private server of this
            machine.

    Raises:
        SettingsError: The connection string cannot be used.
        DatabaseUnreachableError: No server answers.
    """

    def __init__(self, uri: str | None = None) -> None:
        settings = settings_from_environment()
        if uri is not None:
            settings = settings.model_copy(update={"mongo_uri": SecretStr(uri)})
        opened = ExitStack()
        self._database = opened.enter_context(open_database(settings))
        self._close = weakref.finalize(self, opened.close)

    @contextmanager
    def asking(self) -> Iterator[MongoDatabase]:
        """Give the database; what its server raises meanwhile becomes a sentence.

        Raises:
            DbError: The server refuses, or is away.
        """
        host, port = self._database.client.address or ("unknown", 0)
        with one_sentence_for(SecretStr(f"mongodb://{host}:{port}")):
            yield self._database

    def close(self) -> None:
        """Let go of the database; a private server that nobody else uses stops."""
        self._close()
