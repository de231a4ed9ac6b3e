"""OPTIMADE filters as MongoDB filters of candidates.

``MongoTransformer`` of the package ``optimade`` does the logic. Here every name is turned into a
field of ours, every text into a value, and what MongoDB would take otherwise than it was meant is
refused.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from optimade.exceptions import BadRequest
from optimade.filtertransformers.base_transformer import Quantity
from optimade.filtertransformers.mongo import MongoTransformer
from pymatgen.core.composition import Composition

from db.documents.candidate import ELEMENT_SETS
from db.documents.composition import composition_fields
from screening.formulas import pretty_formula
from workflows.api.optimade.properties import (
    LAST_MODIFIED,
    LENGTHS,
    OF_THE_CRYSTAL,
    PREFIX,
    SAME_FOR_ALL,
    SERVED,
    known_to_optimade,
    stored_field,
)
from workflows.api.optimade.same import holds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lark import Token

LARGEST = 2**63 - 1
MOST_DIGITS = 19
LONGEST_LIST = 2**31 - 1
NOWHERE = "not_stored"
"""A field that no document has, for properties of other providers."""
ALL: dict[str, Any] = {"_id": {"$exists": True}}
NONE: dict[str, Any] = {"_id": {"$exists": False}}
AN_ESCAPE = re.compile(r'\\([\\"])')


class Property(str):
    """Name of a property, which is no text of the user."""

    __slots__ = ()


class StructureTransformer(MongoTransformer):
    """Turns one parsed filter into a MongoDB filter.

    Args:
        modified: Returns the campaigns whose last change meets a comparison with a time.

    Attributes:
        warnings: Properties of other providers that were asked for, which nobody here knows.
    """

    def __init__(self, modified: Callable[[str, datetime], Sequence[str]]) -> None:
        super().__init__()
        self.quantities = {
            stored: Quantity(
                stored, stored, Quantity(LENGTHS[stored]) if stored in LENGTHS else None
            )
            for stored in {*filter(None, map(stored_field, SERVED)), *OF_THE_CRYSTAL}
        }
        self._modified = modified
        self.warnings: list[str] = []

    def filter(self, arg: list[Any]) -> dict[str, Any]:
        """Return the one condition that a filter is."""
        if len(arg) != 1:
            raise BadRequest("A filter is one condition; join several by AND or OR.")
        return dict(arg[0])

    def property(self, args: list[Token]) -> Property:
        """Return the name of a property that is served, or of another provider."""
        name = ".".join(str(each) for each in args)
        if name in SERVED:
            return Property(name)
        root = str(args[0])
        if root in SERVED or root in known_to_optimade() or root in ("structures", "references"):
            raise NotImplementedError(f"Filters by {name} are not supported here.")
        if root.startswith("_") and not root.startswith(f"_{PREFIX}_"):
            self.warnings.append(root)
            return Property(NOWHERE)
        raise BadRequest(f"There is no property {name!r}; /info/structures lists those there are.")

    def string(self, arg: list[Token]) -> str:
        """Return the text between the quotation marks."""
        return AN_ESCAPE.sub(r"\1", str(arg[0])[1:-1])

    def number(self, arg: list[Token]) -> float:
        """Return a number that MongoDB can hold."""
        text = str(arg[0])
        whole = int(text) if arg[0].type == "SIGNED_INT" and len(text) <= MOST_DIGITS else None
        return whole if whole is not None and abs(whole) <= LARGEST else float(text)

    def signed_int(self, arg: list[Token]) -> int:
        """Return a length."""
        return int(str(arg[0])[:12])

    def bool(self, _arg: list[Token]) -> bool:
        """Refuse TRUE and FALSE, which the grammar does not tell apart."""
        raise NotImplementedError("Filters by TRUE and FALSE are not supported here.")

    def value(self, arg: list[Any]) -> Any:  # noqa: ANN401 (text or number)
        """Return a value, which no property is."""
        if isinstance(arg[0], Property):
            raise NotImplementedError("Comparing two properties is not supported here.")
        return arg[0]

    def constant_first_comparison(self, arg: list[Any]) -> dict[str, Any]:
        """Turn ``3 < nsites`` around."""
        constant, operator, name = arg
        if not isinstance(name, Property):
            raise BadRequest("A comparison needs a property on one of its sides.")
        return self._asked(
            name, {self.operator_map[self._reversed_operator_map[operator]]: constant}
        )

    def property_first_comparison(self, arg: list[Any]) -> dict[str, Any]:
        """Return the condition on a property."""
        name, asked = arg
        return self._asked(name, asked)

    def fuzzy_string_op_rhs(self, arg: list[Any]) -> dict[str, Any]:
        """Look for a text at the beginning, the end or anywhere, whatever its characters are."""
        if not isinstance(arg[-1], str):
            raise BadRequest("CONTAINS, STARTS and ENDS need a text in quotation marks.")
        pattern = re.escape(arg[-1])
        return {
            "$regex": {"STARTS": f"^{pattern}", "ENDS": rf"{pattern}\z"}.get(str(arg[0]), pattern)
        }

    def set_op_rhs(self, arg: list[Any]) -> dict[str, Any]:
        """Ask for members of a list."""
        if len(arg) > 2 and str(arg[1]) not in ("ALL", "ANY", "ONLY"):  # noqa: PLR2004 (HAS, operator, value)
            raise NotImplementedError("HAS with an operator is not supported here.")
        asked: dict[str, Any] = super().set_op_rhs(arg)
        return asked

    def length_op_rhs(self, arg: list[Any]) -> dict[str, Any]:
        """Ask for the length of a list."""
        if not 0 <= arg[-1] <= LONGEST_LIST:
            raise BadRequest("The length of a list is a whole number from 0 on.")
        asked: dict[str, Any] = super().length_op_rhs(arg)
        return asked

    def _asked(self, name: Property, asked: dict[str, Any]) -> dict[str, Any]:
        """One condition on one property."""
        if name == NOWHERE:
            return self._compared(NOWHERE, asked)
        if name in SAME_FOR_ALL:
            return ALL if holds(SAME_FOR_ALL[name], asked) else NONE
        if name == LAST_MODIFIED:
            return self._last_modified(asked)
        if "$size" in asked and name in LENGTHS:
            size = asked["$size"]
            return {LENGTHS[name]: size if isinstance(size, dict) else {"$eq": size}}
        stored = stored_field(name)
        if stored is None:
            raise NotImplementedError(f"Filters by {name} are not supported here.")
        if stored == "elements" and set(asked) <= {"$all", "$in"}:
            stored = ELEMENT_SETS  # the same, with an index
        if stored == "chemical_formula_reduced" and isinstance(asked.get("$eq"), str):
            return _of_formula(asked["$eq"])
        return self._compared(stored, asked)

    def _compared(self, stored: str, asked: dict[str, Any]) -> dict[str, Any]:
        if "$ne" in asked:  # to MongoDB a missing value is unequal to everything
            return {"$and": [{stored: asked}, {stored: {"$ne": None}}]}
        return {stored: asked}

    def _last_modified(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Candidates of the campaigns that were changed then."""
        ((operator, text),) = asked.items()
        if operator == "#known":
            return ALL if text else NONE
        if operator not in self.inverse_operator_map:
            raise BadRequest("last_modified is a time; compare it with = != < <= > >=.")
        return {"campaign_id": {"$in": list(self._modified(operator, _time(text)))}}

    def _apply_mongo_id_filter(self, filter_: dict[str, Any]) -> dict[str, Any]:
        """Keep keys, which are texts here."""
        return filter_

    def _apply_mongo_date_filter(self, filter_: dict[str, Any]) -> dict[str, Any]:
        """Keep times, which are no part of a candidate."""
        return filter_


def _of_formula(formula: str) -> dict[str, Any]:
    """Candidates of an OPTIMADE formula, found by our spelling of it, which has an index."""
    exactly = {"chemical_formula_reduced": {"$eq": formula}}
    if composition_fields(formula)["chemical_formula_reduced"] != formula:
        return exactly
    try:
        ours = pretty_formula(Composition(formula))
    except ValueError:  # of no elements that there are
        return exactly
    return {"$and": [{"formula_pretty": {"$in": sorted({ours, formula})}}, exactly]}


def _time(text: object) -> datetime:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        moment = None
    if moment is None:
        raise BadRequest(f"{str(text)[:40]!r} is no time; write it like 2026-11-21T18:00:00Z.")
    return moment.replace(tzinfo=moment.tzinfo or UTC)
