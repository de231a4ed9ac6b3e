"""Who wants to know how far a job in this process has come."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_listener: ContextVar[Callable[[str], None] | None] = ContextVar("listener", default=None)


@contextmanager
def listening(listener: Callable[[str], None]) -> Iterator[None]:
    """Call ``listener`` with the stop reason of every crystal that ends meanwhile."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def tell(stop_reason: str) -> None:
    """Say that a crystal has ended; nobody may be listening."""
    listener = _listener.get()
    if listener is not None:
        listener(stop_reason)
