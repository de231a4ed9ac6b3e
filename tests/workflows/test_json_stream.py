"""Reading large JSON documents piece by piece."""

from __future__ import annotations

import io
import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

import workflows.json_stream
from facet.errors import DataError
from workflows.json_stream import members

VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@pytest.mark.parametrize("chunk", [1, 7, 2**20])
@given(document=st.dictionaries(st.text(), VALUES) | st.lists(VALUES))
def test_members_are_those_of_the_whole_document_whatever_the_chunks(chunk, document):
    text = json.dumps(document, indent=1)
    before = workflows.json_stream.CHUNK
    workflows.json_stream.CHUNK = chunk
    try:
        found = list(members(io.StringIO(text)))
    finally:
        workflows.json_stream.CHUNK = before
    if isinstance(document, dict):
        assert dict(found) == document
    else:
        assert [value for _, value in found] == document


@pytest.mark.parametrize(
    "text", ["", "{", '{"a": 1', '{"a": tru}', "[1 2]", '{"a" 1}', "[1, nope]"]
)
def test_what_is_no_json_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        list(members(io.StringIO(text)))


def test_a_document_that_is_one_number_is_refused():
    with pytest.raises(DataError, match="no JSON object or list"):
        list(members(io.StringIO("17")))


def test_a_mistake_is_found_without_reading_the_rest():
    stream = io.StringIO('{"a": {"b" 1}, "c": "' + "x" * 2**23 + '"}')
    with pytest.raises(ValueError, match="delimiter"):
        list(members(stream))
    assert stream.tell() <= 2**20


def test_a_member_without_end_is_given_up(monkeypatch):
    monkeypatch.setattr(workflows.json_stream, "MAX_MEMBER", 2**20)
    with pytest.raises(DataError, match="too large"):
        list(members(io.StringIO('{"a": "' + "x" * 2**23)))


class Endless(io.TextIOBase):
    """A list of many members that is made while it is read."""

    def __init__(self, number: int) -> None:
        self.pieces = iter(["[0", *([', {"structure": "' + "x" * 10_000 + '"}'] * number), "]"])
        self.rest = ""

    def read(self, size: int = -1) -> str:
        while len(self.rest) < size:
            piece = next(self.pieces, "")
            if not piece:
                break
            self.rest += piece
        given, self.rest = self.rest[:size], self.rest[size:]
        return given


def test_a_large_document_needs_little_memory():
    tracemalloc.start()
    try:
        assert sum(1 for _ in members(Endless(4_000))) == 4_001  # 40 MB of text
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8e6
