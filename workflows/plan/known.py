"""Asking the database which crystals were relaxed before; nothing is written to it."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from db.client import open_database
from db.documents import RelaxationDoc
from db.errors import DbError
from db.queries import known_ids
from db.settings import settings_from_environment
from workflows.keys import relaxation_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from db.client import MongoDatabase

NO_DATABASE = (
    "not asked: no database is set up here; set FACET_MONGO_URI to have known results counted"
)


class Known:
    """Knows which crystals have a result.

    Args:
        database: Holds results; None where there is none.
        fingerprint: Of the potential.
        settings: Of the relaxation, as plain values.
        not_asked: Why no database is asked, if none is.
    """

    AT_ONCE = 500

    def __init__(
        self,
        database: MongoDatabase | None,
        fingerprint: str,
        settings: Mapping[str, Any],
        not_asked: str | None = None,
    ) -> None:
        self._database = database
        self._fingerprint = fingerprint
        self._settings = settings
        self.not_asked = not_asked

    def of(self, structure_ids: Iterable[str]) -> set[str]:
        """Return those of some crystals that were relaxed before with these settings."""
        if self._database is None:
            return set()
        keys = {
            relaxation_key(each, self._fingerprint, self._settings): each for each in structure_ids
        }
        return {keys[each] for each in known_ids(self._database, RelaxationDoc, keys)}


@contextmanager
def known_results(fingerprint: str, settings: Mapping[str, Any]) -> Iterator[Known]:
    """Open the database if one is set up and answers, else say why it is not asked.

    A private server is used only where it was before: planning makes no database.

    Raises:
        DbError: The server went away while it was asked.
    """
    with ExitStack() as stack:
        yield _known(stack, fingerprint, settings)


def _known(stack: ExitStack, fingerprint: str, settings: Mapping[str, Any]) -> Known:
    """Open the database inside a stack, where there is one."""
    try:
        asked = settings_from_environment()
        if asked.mongo_uri is None and not (asked.home / "mongo").is_dir():
            return Known(None, fingerprint, settings, NO_DATABASE)
        database = stack.enter_context(open_database(asked))
    except DbError as error:
        return Known(None, fingerprint, settings, f"not asked: {error}")
    return Known(database, fingerprint, settings)
