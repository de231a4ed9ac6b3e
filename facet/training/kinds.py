"""How a frame was made: the numbers that label shards keep, and their names."""

from __future__ import annotations

from enum import IntEnum


class Kind(IntEnum):
    """How a labeled frame was made from its parent."""

    RELAXED = 0
    RATTLED = 1
    STRONG = 2
    SWAPPED = 3
    STEP = 4
    COMPRESSED = 5
    DIMER = 6

    @property
    def label(self) -> str:
        """The word that settings and tables use."""
        return self.name.lower()

    @property
    def description(self) -> str:
        """What such frames are, for people."""
        return _DESCRIPTIONS[self]


_DESCRIPTIONS = {
    Kind.RELAXED: "relaxed",
    Kind.RATTLED: "rattled and strained",
    Kind.STRONG: "strongly distorted",
    Kind.SWAPPED: "species swapped",
    Kind.STEP: "steps of short relaxations",
    Kind.COMPRESSED: "compressed",
    Kind.DIMER: "close dimers",
}
