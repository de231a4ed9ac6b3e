"""Large JSON documents, one member at a time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TextIO

from facet.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 2**20
MAX_MEMBER = 2**28
"""Characters of one member beyond which the document is not worth reading."""

ATOM_LENGTH = 16
"""Characters that a number, a literal or an escape cut off at the end of a chunk may have."""

NUMBER_TAIL = 2
"""Most characters after a number that only the next one makes a part of it: ``e+``."""


def members(stream: TextIO) -> Iterator[tuple[str, Any]]:
    """Yield name and value of every member of a JSON object, or number and value of a list.

    No more than one member is held in memory.

    Raises:
        DataError: The document is neither, or one member is too large.
        ValueError: It is no JSON.
    """
    reader = _Reader(stream)
    opening = reader.take()
    if opening not in {"{", "["}:
        raise DataError("it is no JSON object or list: give frames in one of these.")
    number = 0
    while reader.peek() not in {"}", "]"}:
        if number:
            reader.expect(",")
        name = str(number)
        if opening == "{":
            name = str(reader.value())
            reader.expect(":")
        yield name, reader.value()
        number += 1


class _Reader:
    """A place in a text that is read as far as it is needed."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.text = ""
        self.place = 0
        self.decoder = json.JSONDecoder()

    def peek(self) -> str:
        """Next character that is no white space."""
        while True:
            while self.place < len(self.text):
                character = self.text[self.place]
                if not character.isspace():
                    return character
                self.place += 1
            if not self._more(CHUNK):
                raise ValueError("the JSON document ends too early")

    def take(self) -> str:
        character = self.peek()
        self.place += 1
        return character

    def expect(self, character: str) -> None:
        found = self.take()
        if found != character:
            raise ValueError(f"{character!r} was expected in the JSON document, not {found!r}")

    def value(self) -> Any:  # noqa: ANN401 (JSON)
        """Decode the value that begins here."""
        self.peek()
        size = CHUNK
        while True:
            try:
                value, end = self.decoder.raw_decode(self.text, self.place)
            except json.JSONDecodeError as error:
                if not self._is_cut(error) or not self._more(size):
                    raise
            else:
                # A number at the end of a chunk, or before "." or "e+" there, may go on.
                if end + NUMBER_TAIL < len(self.text) or not self._more(size):
                    self.place = end
                    return value
            size *= 2

    def _is_cut(self, error: json.JSONDecodeError) -> bool:
        """Whether decoding failed because the text ends, not because it is wrong."""
        if len(self.text) - self.place > MAX_MEMBER:
            raise DataError("one member of the JSON document is too large; split the document.")
        is_open = error.msg.startswith("Unterminated string")
        return is_open or error.pos > len(self.text) - ATOM_LENGTH

    def _more(self, size: int) -> bool:
        chunk = self.stream.read(size)
        if chunk:
            self.text = self.text[self.place :] + chunk
            self.place = 0
        return bool(chunk)
