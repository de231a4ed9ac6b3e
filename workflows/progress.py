"""Who wants to know how far a job in this process has come.

Code that works says what it has done; nobody may be listening, and then that costs next to nothing.
Packages below this one are handed ``report`` as an argument.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar

from db.telling import nobody, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from db.telling import Tell

Item = TypeVar("Item")

_listener: ContextVar[Callable[[str], None] | None] = ContextVar("listener", default=None)
_follower: ContextVar[Tell] = ContextVar("follower", default=nobody)


@contextmanager
def listening(listener: Callable[[str], None]) -> Iterator[None]:
    """Call ``listener`` with the stop reason of every crystal that ends meanwhile."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def following(follower: Tell) -> Iterator[None]:
    """Call ``follower`` with everything that is reported meanwhile; it must be quick."""
    token = _follower.set(follower)
    try:
        yield
    finally:
        _follower.reset(token)


def tell(stop_reason: str) -> None:
    """Say that a crystal has ended; nobody may be listening."""
    listener = _listener.get()
    if listener is not None:
        listener(stop_reason)


def report(done: str, number: int, total: int | None = None) -> None:
    """Say how far the work has come; nobody may be listening.

    Args:
        done: What is done, such as ``candidates judged``; another word begins another count.
        number: How many so far.
        total: How many there will be, if that is known.
    """
    _follower.get()(done, number, total)


def is_followed() -> bool:
    """Whether anybody wants to know, so that finding out how much there is is worth its time."""
    return _follower.get() is not nobody


def noted(items: Iterable[Item], done: str, total: int | None = None) -> Iterator[Item]:
    """Hand items on, and report each when the next one is asked for.

    Args:
        items: What is worked on.
        done: As in ``report``.
        total: How many there will be, if that is known.
    """
    return told(items, done, report, total)
