"""What an index is: fields in order, the documents it holds, and the query it is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, DESCENDING, IndexModel

if TYPE_CHECKING:
    from collections.abc import Mapping

ONE_VALUE = frozenset({"$eq", "$all", "$in"})
"""Conditions that pick points of an index; of several, MongoDB merges what it finds, in order."""


@dataclass(frozen=True)
class Index:
    """One index and its reason.

    Attributes:
        collection: The collection it belongs to.
        name: Its name in the database.
        fields: Field names in order; a leading '-' means descending.
        serves: The query that needs it.
        only: Fields and values of the documents that it holds; all documents when empty.
    """

    collection: str
    name: str
    fields: tuple[str, ...]
    serves: str
    only: tuple[tuple[str, Any], ...] = ()

    @property
    def keys(self) -> list[tuple[str, int]]:
        """Fields and directions, as MongoDB lists them."""
        return [
            (f.lstrip("-"), DESCENDING if f.startswith("-") else ASCENDING) for f in self.fields
        ]

    def model(self) -> IndexModel:
        """Return it as pymongo wants it."""
        partial = {"partialFilterExpression": dict(self.only)} if self.only else {}
        return IndexModel(self.keys, name=self.name, **partial)

    def conditions(self, where: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the fields on which this index narrows a search.

        Those are the leading ones that must have one value, and the next one if it has limits;
        nothing where it does not hold all the documents that are looked for.
        """
        if not self._holds(where):
            return ()
        leading = self._leading(where)
        following = self.fields[leading : leading + 1]
        return (*self.fields[:leading], *(each for each in following if each in where))

    def gives_order(self, where: Mapping[str, Any], order: tuple[str, ...]) -> bool:
        """Whether it yields all that is looked for in an order of fields."""
        if not self._holds(where):
            return False
        fixed = {field for field in self.fields[: self._leading(where)] if field not in order}
        return tuple(each for each in self.fields if each not in fixed)[: len(order)] == order

    def _holds(self, where: Mapping[str, Any]) -> bool:
        """Whether it holds all the documents that are looked for."""
        return all(where.get(field) == {"$eq": value} for field, value in self.only)

    def _leading(self, where: Mapping[str, Any]) -> int:
        """How many leading fields must have one value."""
        for count, field in enumerate(self.fields):
            if not ONE_VALUE & set(where.get(field, ())):
                return count
        return len(self.fields)
