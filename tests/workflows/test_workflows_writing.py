"""Writing in the background."""

from __future__ import annotations

from threading import Event

import pytest

from workflows.writing import WriteBehind


def test_a_single_item_is_written_before_the_next_one_comes():
    written, seen = [], Event()

    def write(items):
        written.extend(items)
        seen.set()

    with WriteBehind(write) as writer:
        writer.put("a")
        assert seen.wait(10)
        assert written == ["a"]


def test_items_that_come_during_a_write_go_together_in_their_order():
    calls, entered, gate = [], Event(), Event()

    def write(items):
        calls.append(list(items))
        entered.set()
        assert gate.wait(10)

    with WriteBehind(write) as writer:
        writer.put(0)
        assert entered.wait(10)
        for item in range(1, 6):
            writer.put(item)
        gate.set()
    assert calls == [[0], [1, 2, 3, 4, 5]]


def test_everything_is_written_when_the_block_is_interrupted():
    written = []

    def put_and_interrupt():
        with WriteBehind(written.extend) as writer:
            for item in range(100):
                writer.put(item)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        put_and_interrupt()
    assert written == list(range(100))


def test_a_write_that_fails_is_raised_and_nothing_is_written_after_it():
    calls = []

    def fail(items):
        calls.append(items)
        raise OSError("disk full")

    def put_for_ever():
        with WriteBehind(fail) as writer:
            while True:  # ends because the failure comes back
                writer.put(1)

    with pytest.raises(OSError, match="disk full"):
        put_for_ever()
    assert len(calls) == 1


def test_a_last_write_that_fails_is_raised_on_leaving():
    def fail(_):
        raise OSError("disk full")

    writer = WriteBehind(fail)
    with pytest.raises(OSError, match="disk full"), writer:
        writer.put(1)
