"""Conditions on properties that are the same for all structures, decided without the database."""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": operator.eq,
    "$ne": operator.ne,
    "$lt": operator.lt,
    "$lte": operator.le,
    "$gt": operator.gt,
    "$gte": operator.ge,
}
SETS: dict[str, Callable[[set[Any], set[Any]], bool]] = {
    "$in": lambda mine, asked: bool(mine & asked),
    "$all": lambda mine, asked: asked <= mine,
    "#only": lambda mine, asked: bool(mine) and mine <= asked,
}


def holds(value: Any, asked: Mapping[str, Any]) -> bool:  # noqa: ANN401 (text, number or list)
    """Whether a value meets conditions as ``MongoTransformer`` writes them."""
    return all(_holds(value, each, operand) for each, operand in asked.items())


def _holds(value: Any, asked: str, operand: Any) -> bool:  # noqa: ANN401 (as above)
    if asked == "#known":
        return bool(operand)
    if asked == "$size":
        length = operand if isinstance(operand, dict) else {"$eq": operand}
        return isinstance(value, list) and holds(len(value), length)
    if asked in SETS:
        return isinstance(value, list) and SETS[asked](set(value), set(operand))
    if asked == "$regex":
        return (
            isinstance(value, str) and re.search(operand.replace(r"\z", r"\Z"), value) is not None
        )
    if isinstance(value, list) or isinstance(value, str) is not isinstance(operand, str):
        return False
    return COMPARISONS[asked](value, operand)
