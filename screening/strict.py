"""Frozen dataclasses that check what they are made of, and say where a fault lies.

A file or a document that says more than a dataclass knows, or says it in another type, is refused
with the place of the fault: what is silently ignored is believed to be in force.
"""

from __future__ import annotations

import math
import types
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from screening.errors import ScreeningError

if TYPE_CHECKING:
    from collections.abc import Mapping

Made = TypeVar("Made")


def limited(
    default: float | None, give: str, *, least: float = -math.inf, most: float = math.inf
) -> Any:  # noqa: ANN401 (the type is that of the field, as with dataclasses.field)
    """Make a field of a number within limits, and say what to give in its place.

    Args:
        default: Value where none is given.
        give: Completes "give ...", with the unit.
        least: Smallest number allowed.
        most: Largest number allowed.
    """
    return field(default=default, metadata={"give": give, "least": least, "most": most})


@dataclass(frozen=True)
class Checked:
    """A frozen dataclass whose fields are checked against their types and limits."""

    def __post_init__(self) -> None:
        """Refuse values of another type, and bring whole numbers to floats where floats belong.

        Raises:
            ScreeningError: A value is nonsense.
        """
        hints = _hints(type(self))
        for each in fields(self):
            value = _checked(each.name, getattr(self, each.name), hints[each.name], each.metadata)
            object.__setattr__(self, each.name, value)


def made_from(cls: type[Made], data: object, name: str, path: str = "") -> Made:
    """Make a checked dataclass, and those inside it, from plain data.

    What is not given keeps its default.

    Args:
        cls: The dataclass.
        data: Plain values by field.
        name: Of the whole in messages, e.g. ``A flag rule``.
        path: Of this part of it, e.g. ``gates.volume``.

    Raises:
        ScreeningError: A key is unknown or a value is nonsense; the message names the place.
    """
    place = f"{name}: {path}" if path else name
    hints = _hints(cls)
    given = _mapping(data, place)
    unknown = sorted(str(key) for key in given if key not in hints)
    if unknown:
        raise ScreeningError(
            f"{place} has no {', '.join(map(repr, unknown))}: it knows {', '.join(hints)}."
        )
    parts = {
        key: made_from(hints[key], value, name, f"{path}.{key}" if path else key)
        for key, value in given.items()
        if is_dataclass(hints[key])
    }
    try:
        return cls(**{**given, **parts})
    except ScreeningError as error:
        raise ScreeningError(f"{place}{'.' if path else ': '}{error}") from error


def _mapping(data: object, place: str) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise ScreeningError(f"{place} is {data!r}: give names with values.")
    return data


def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def _checked(name: str, value: object, hint: Any, metadata: Mapping[str, Any]) -> object:  # noqa: ANN401 (a type as typing writes it)
    """Return a value of the type that is asked for."""
    if get_origin(hint) in {Union, types.UnionType}:
        if value is None:
            return None
        (hint,) = (each for each in get_args(hint) if each is not types.NoneType)
    if hint is float or hint is int:
        return _number(name, value, hint, metadata)
    if get_origin(hint) is dict:
        return _numbers(name, value)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _choice(name, value, hint)
    if not isinstance(value, hint):
        give = {bool: "true or false", str: "text"}.get(hint, "names with values")
        raise ScreeningError(f"{name} is {value!r}: give {give}.")
    return value


def _number(name: str, value: object, kind: type, metadata: Mapping[str, Any]) -> float:
    give = metadata.get("give", "a number")
    least, most = metadata.get("least", -math.inf), metadata.get("most", math.inf)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    number = float(value) if is_number else math.nan  # type: ignore[arg-type]
    is_sound = math.isfinite(number) and least <= number <= most
    if not is_sound or (kind is int and number != int(number)):
        raise ScreeningError(f"{name} is {value!r}: give {give}.")
    return int(number) if kind is int else number


def _numbers(name: str, value: object) -> dict[str, float]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ScreeningError(f"{name} is {value!r}: give names with numbers.")
    return {key: _number(f"{name}.{key}", value[key], float, {}) for key in sorted(value)}


def _choice(name: str, value: object, kind: type[StrEnum]) -> StrEnum:
    if isinstance(value, bool):  # YAML reads off, on, yes and no as booleans
        value = "on" if value else "off"
    known = [each.value for each in kind]
    if value not in known:
        raise ScreeningError(f"{name} is {value!r}: give {' or '.join(known)}.")
    return kind(value)
