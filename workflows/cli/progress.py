"""Progress for people: a line that is written over itself on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import contextmanager
from threading import Event, Thread
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TypeVar

    Item = TypeVar("Item")

SECONDS_BETWEEN_LINES = 10.0
SECONDS_OF_SILENCE = 2.0
"""What is done sooner needs no word before its result."""
SECONDS_ON_A_TERMINAL = 0.2
MINUTE = 60
HOUR = 3600


@contextmanager
def progress(total: int | None = None, done: str = "relaxed") -> Iterator[Callable[[str], None]]:
    """Yield a function to be called with the kind of end of every item that ends.

    Args:
        total: Items that will end, if that is known.
        done: What has happened to an item that ended.
    """
    lines = _Bar(total, done) if sys.stderr.isatty() else _Lines(total, done)
    with lines:
        yield lines.advance


def counted(items: Iterable[Item], total: int | None, done: str) -> Iterator[Item]:
    """Hand items on and show how many there were, once that takes longer than two seconds."""
    with progress(total, done) as advance:
        started, early = perf_counter(), 0
        for each in items:
            yield each
            early += 1
            if perf_counter() - started > SECONDS_OF_SILENCE:
                for _ in range(early):
                    advance("")
                early = 0


@contextmanager
def working(on: str) -> Iterator[None]:
    """Say what is being done and for how long, where nothing can be counted meanwhile.

    Nothing is said of what is done within two seconds.

    Args:
        on: What is done, such as ``reading candidates``.
    """
    is_over = Event()
    clock = Thread(target=_tell_time, args=(on, is_over), daemon=True)
    clock.start()
    try:
        yield
    finally:
        is_over.set()
        clock.join()


def _tell_time(on: str, is_over: Event) -> None:
    """Write how long something has taken until it is over."""
    started, is_terminal = perf_counter(), sys.stderr.isatty()
    if is_over.wait(SECONDS_OF_SILENCE):
        return
    begin, end = ("\r\x1b[K", "") if is_terminal else ("", "\n")
    pause = SECONDS_ON_A_TERMINAL if is_terminal else SECONDS_BETWEEN_LINES
    while True:
        sys.stderr.write(f"{begin}{on}, {duration(perf_counter() - started)}{end}")
        sys.stderr.flush()
        if is_over.wait(pause):
            break
    sys.stderr.write(begin)


class _Lines:
    """One line every few seconds."""

    def __init__(self, total: int | None, done: str) -> None:
        self.total = total
        self.done = done
        self.ends: Counter[str] = Counter()
        self.started = self.shown = perf_counter()

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *_: object) -> None:
        if self.ends:
            self._show()

    def advance(self, end: str) -> None:
        """Count an item."""
        self.ends[end] += 1
        if perf_counter() - self.shown > SECONDS_BETWEEN_LINES:
            self._show()

    def _show(self) -> None:
        self.shown = perf_counter()
        sys.stderr.write(self._text() + "\n")

    def _text(self) -> str:
        return describe(self.ends, self.total, perf_counter() - self.started, self.done)


class _Bar(_Lines):
    """A line that is written over itself."""

    def advance(self, end: str) -> None:
        """Count an item; the line is not written more often than eyes can follow."""
        self.ends[end] += 1
        if perf_counter() - self.shown > SECONDS_ON_A_TERMINAL or self.ends.total() == 1:
            self.shown = perf_counter()
            sys.stderr.write("\r\x1b[K" + self._text())
            sys.stderr.flush()

    def _show(self) -> None:
        sys.stderr.write("\r\x1b[K" + self._text() + "\n")


def describe(ends: Counter[str], total: int | None, seconds: float, done: str = "relaxed") -> str:
    """Say how many are done, how fast, how long it will take, and how they ended."""
    number = ends.total()
    rate = number / max(seconds, 1e-9)
    named = ", ".join(f"{count} {name}" for name, count in ends.most_common() if name)
    kinds = f" ({named})" if named else ""
    if total is None:
        return f"{number} {done}, {rate:.1f}/s{kinds}"
    left = max(0, total - number) / max(rate, 1e-9)
    return f"{number}/{total} {done}, {rate:.1f}/s, {duration(left)} left{kinds}"


def duration(seconds: float) -> str:
    """Write a time as people say it, such as 40 s, 12 min or 3.5 h."""
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / MINUTE:.0f} min" if seconds < 2 * HOUR else f"{seconds / HOUR:.1f} h"
