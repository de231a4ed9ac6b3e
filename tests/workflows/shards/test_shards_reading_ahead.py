"""Reading in a thread of its own: in order, not too far ahead, and no error is lost."""

from __future__ import annotations

import threading
import time

import pytest

from workflows.shards.reading_ahead import ReadAhead


def all_of(ahead):
    items = []
    while (item := ahead.take(wait=True)) is not None:
        items.append(item)
    return items


def test_items_come_in_their_order_and_then_none():
    with ReadAhead(range(1, 200), 8) as ahead:
        assert all_of(ahead) == list(range(1, 200))
        assert ahead.has_ended
        assert ahead.take(wait=True) is None


def test_no_more_is_read_ahead_than_allowed():
    read = []

    def items():
        for number in range(1, 100):
            read.append(number)
            yield number

    with ReadAhead(items(), 3) as ahead:
        time.sleep(0.3)
        assert len(read) == 4  # three that are ready and one that waits for its place
        ahead.take(wait=True)
        time.sleep(0.3)
        assert len(read) == 5


def test_an_item_that_is_not_there_yet_is_not_waited_for():
    gate = threading.Event()

    def items():
        yield "first"
        gate.wait()
        yield "second"

    with ReadAhead(items(), 3) as ahead:
        assert ahead.take(wait=True) == "first"
        assert ahead.take(wait=False) is None
        assert not ahead.has_ended
        gate.set()
        assert ahead.take(wait=True) == "second"


def test_an_error_comes_after_the_items_before_it():
    def items():
        yield "sound"
        raise ValueError("cannot be read")

    with ReadAhead(items(), 3) as ahead:
        assert ahead.take(wait=True) == "sound"
        with pytest.raises(ValueError, match="cannot be read"):
            ahead.take(wait=True)


def test_stopping_ends_a_wait_from_another_thread():
    gate = threading.Event()

    def items():
        gate.wait()
        yield "too late"

    with ReadAhead(items(), 3) as ahead:
        threading.Timer(0.2, ahead.stop).start()
        assert ahead.take(wait=True) is None
        assert ahead.has_ended
        gate.set()


def test_leaving_ends_a_thread_whose_items_nobody_takes():
    before = threading.active_count()
    with ReadAhead(iter(int, 1), 2) as ahead:  # zeros without end
        assert ahead.take(wait=True) == 0
    assert threading.active_count() == before
