"""Names of crystals: unique, printable, and safe as part of a database key."""

from __future__ import annotations

import re

_UNSAFE = re.compile(r"[^\w.+()@=,-]+")
_LONGEST = 120


class UniqueNames:
    """Gives every crystal of one reading its own name.

    Remembers a 64-bit hash of each name given, not the name, so that a million crystals cost
    tens of megabytes; a chance collision would merely add a suffix that was not needed.
    """

    def __init__(self) -> None:
        self._given: set[int] = set()
        self._next_suffix: dict[str, int] = {}

    def give(self, wish: str) -> str:
        """Return the wished name, cleaned, with a numbered suffix if it was given before."""
        name = clean_name(wish)
        if hash(name) in self._given:
            name = self._with_suffix(name)
        self._given.add(hash(name))
        return name

    def _with_suffix(self, name: str) -> str:
        number = self._next_suffix.get(name, 2)
        while hash(f"{name}-{number}") in self._given:
            number += 1
        self._next_suffix[name] = number + 1
        return f"{name}-{number}"


def clean_name(wish: str) -> str:
    """Replace what could be mistaken for a path, an operator or markup, and limit the length."""
    return _UNSAFE.sub("_", wish).strip("_")[:_LONGEST] or "crystal"
