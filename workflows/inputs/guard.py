"""The one place where third-party parsers are called: their warnings and failures become data."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from workflows.inputs.crystal import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_LONGEST_REASON = 200


def guarded(parse: Callable[[], T], unreadable: str, mend: str) -> tuple[T, tuple[str, ...]]:
    """Call a parser; return its result and what it warned of.

    Args:
        parse: Any third-party reading.
        unreadable: Predicate for the fault, such as "could not be read as CIF".
        mend: What the user can do about it.

    Raises:
        UnreadableError: The parser failed, in whatever way.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = parse()
        except UnreadableError:
            raise
        except Exception as error:  # foreign files make parsers raise anything
            raise UnreadableError(f"{unreadable} ({reason(error)}): {mend}.") from error
    return result, tuple(dict.fromkeys(_one_line(str(warning.message)) for warning in caught))


def reason(error: BaseException) -> str:
    """Say in one short line what an exception is about."""
    if isinstance(error, KeyError):
        return f"no such key or element: {_one_line(str(error))}"
    if isinstance(error, np.linalg.LinAlgError):
        return "the cell vectors span no volume"
    return _one_line(str(error)) or type(error).__name__


def _one_line(text: str) -> str:
    flat = " ".join(text.split()).rstrip(".:")
    return flat if len(flat) <= _LONGEST_REASON else f"{flat[: _LONGEST_REASON - 1]}…"
