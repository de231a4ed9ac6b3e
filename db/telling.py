"""How far long work has come, said to whoever gave it a function for that."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Tell = Callable[[str, int, int | None], None]
    """Called with what is done, such as ``documents written``, how many so far, and of how many."""

Item = TypeVar("Item")


def nobody(_done: str, _number: int, _total: int | None) -> None:
    """Heed nothing."""


def told(
    items: Iterable[Item], done: str, tell: Tell, total: int | None = None, before: int = 0
) -> Iterator[Item]:
    """Hand items on and say of each, when the next one is asked for, that it is done.

    Args:
        items: What is worked on.
        done: What happens to each, such as ``documents written``.
        tell: Called after every item, so it must be quick.
        total: How many there will be, if that is known.
        before: How many were done already.
    """
    for number, item in enumerate(items, before + 1):
        yield item
        tell(done, number, total)
