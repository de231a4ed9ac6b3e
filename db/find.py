"""One query that can be run, counted or explained: what is explained is what runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pymongo.errors import OperationFailure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.cursor import Cursor

    from db.client import MongoDatabase

BAD_VALUE = 2
"""What MongoDB calls a hint at an index that is not there."""


@dataclass(frozen=True)
class BoundedCount:
    """How many there are, as far as they were counted.

    Attributes:
        number: The candidates counted; 0 when the time was too short.
        is_all: Whether that is all of them; otherwise there are more.
    """

    number: int
    is_all: bool


@dataclass(frozen=True)
class Find:
    """One query.

    Attributes:
        collection: Where to look.
        where: The MongoDB filter.
        sort: Fields and directions.
        fields: The only fields to fetch; all when empty.
        index: The index to take; the server chooses when None, or when there is no such index.
    """

    collection: str
    where: dict[str, Any]
    sort: tuple[tuple[str, int], ...] = ()
    fields: tuple[str, ...] = ()
    index: str | None = None

    def run(
        self, database: MongoDatabase, limit: int | None = None, skip: int = 0
    ) -> Iterator[dict[str, Any]]:
        """Yield raw documents."""
        if limit == 0:  # MongoDB reads 0 as no limit
            return
        try:
            yield from self._cursor(database).skip(skip).limit(limit or 0)
        except OperationFailure as error:
            if not self._lacks_its_index(error):
                raise
            yield from self._without_index().run(database, limit, skip)

    def count(
        self, database: MongoDatabase, limit: int | None = None, milliseconds: int | None = None
    ) -> int:
        """Count documents, up to a limit; keys of an index are counted without reading more.

        Raises:
            ExecutionTimeout: It took the server longer than the milliseconds given.
        """
        command: dict[str, Any] = {"count": self.collection, "query": self.where}
        command |= {"limit": limit} if limit else {}
        command |= {"hint": self.index} if self.index else {}
        command |= {"maxTimeMS": milliseconds} if milliseconds else {}
        try:
            return int(database.command(command)["n"])
        except OperationFailure as error:
            if not self._lacks_its_index(error):
                raise
            return self._without_index().count(database, limit, milliseconds)

    def plan(self, database: MongoDatabase) -> dict[str, Any]:
        """Return the server's winning plan."""
        return dict(self._cursor(database).explain()["queryPlanner"]["winningPlan"])

    def execution(self, database: MongoDatabase, limit: int) -> dict[str, Any]:
        """Run it on the server and return the plan with what each step of it looked at."""
        command = {
            "find": self.collection,
            "filter": self.where,
            "sort": dict(self.sort),
            "limit": limit,
        }
        if self.index is not None:
            command["hint"] = self.index
        return dict(database.command("explain", command, verbosity="executionStats"))

    def _cursor(self, database: MongoDatabase) -> Cursor[dict[str, Any]]:
        projection = dict.fromkeys(self.fields, 1) or None
        return database[self.collection].find(
            self.where, projection=projection, sort=list(self.sort) or None, hint=self.index
        )

    def _lacks_its_index(self, error: OperationFailure) -> bool:
        return self.index is not None and error.code == BAD_VALUE

    def _without_index(self) -> Find:
        return replace(self, index=None)
