"""Progress for people: a line that is written over itself on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections import Counter, deque
from contextlib import contextmanager
from threading import Event, Thread
from time import perf_counter
from typing import TYPE_CHECKING

from workflows.progress import following, listening

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
SLOW = 0.1
"""What happens less often in a unit of time is told by the next longer one."""
OVER_IT = "\r\x1b[K"
"""Takes back what stands on the line of a terminal."""


@contextmanager
def progress(total: int | None = None, done: str = "relaxed") -> Iterator[Callable[[str], None]]:
    """Yield a function to be called with the kind of end of every item that ends.

    Whatever the code inside reports is shown too, each count with a line of its own.

    Args:
        total: Items that will end, if that is known.
        done: What has happened to an item that ended.
    """
    lines = _Bar(total, done) if sys.stderr.isatty() else _Lines(total, done)
    with lines, following(lines.reach):
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
    """Say how far the code inside has come: what it reports, or for how long it has worked.

    Nothing is said of what is done within two seconds.

    Args:
        on: What is done, such as ``reading candidates``; shown until something is counted.
    """
    count, is_over = _Count(), Event()
    clock = Thread(target=_tell_time, args=(on, count, is_over), daemon=True)
    clock.start()
    try:
        with following(count.reach), listening(count.advance):
            yield
    finally:
        is_over.set()
        clock.join()


def aside(line: str) -> None:
    """Write a line of its own to standard error while a line of progress may stand there."""
    sys.stderr.write(f"{OVER_IT if sys.stderr.isatty() else ''}{line}\n")
    sys.stderr.flush()


def _tell_time(on: str, count: _Count, is_over: Event) -> None:
    """Write how far something has come until it is over, and the last word on what was counted."""
    started, is_terminal = perf_counter(), sys.stderr.isatty()
    begin, end = (OVER_IT, "") if is_terminal else ("", "\n")
    pause = SECONDS_ON_A_TERMINAL if is_terminal else SECONDS_BETWEEN_LINES
    is_last = is_over.wait(SECONDS_OF_SILENCE)
    if is_last and perf_counter() - started <= SECONDS_OF_SILENCE:
        return
    while not is_last:
        said = count.text() or f"{on}, {duration(perf_counter() - started)}"
        sys.stderr.write(f"{begin}{count.said(begin)}{said}{end}")
        sys.stderr.flush()
        is_last = is_over.wait(pause)
    count.leave()
    sys.stderr.write(f"{begin}{count.said(begin)}")


class _Count:
    """What is being counted; the code that works writes it, and a clock may read it."""

    def __init__(self, total: int | None = None, done: str = "relaxed") -> None:
        self.total = total
        self.done = done
        self.ends: Counter[str] = Counter()
        self.started = self.counted = perf_counter()
        self._last_words: deque[str] = deque()

    def advance(self, end: str) -> None:
        """Count an item."""
        self.ends[end] += 1
        self.counted = perf_counter()

    def reach(self, done: str, number: int, total: int | None) -> None:
        """Take over how many there are; another word, or fewer than before, begin anew."""
        if done != self.done or number < self.ends.total():
            self.leave()
            self.ends, self.done, self.started = Counter(), done, perf_counter()
        self.total = total
        self.ends[""] += number - self.ends.total()
        self.counted = perf_counter()

    def text(self) -> str:
        """Say what was counted; nothing before the first count."""
        ends = self.ends.copy()  # the code that works goes on counting meanwhile
        if not ends:
            return ""
        is_over = self.total is not None and ends.total() >= self.total
        now = self.counted if is_over else perf_counter()  # what comes after it is another's time
        return describe(ends, self.total, now - self.started, self.done)

    def leave(self) -> None:
        """Keep the last word on a count, if it names ends or took its time."""
        took = self.counted - self.started
        if any(self.ends) or (self.ends and took > SECONDS_OF_SILENCE):
            self._last_words.append(self.text())

    def said(self, begin: str) -> str:
        """Return last words that were not written yet, each a line.

        Args:
            begin: What is written after each, to begin another line.
        """
        words = [self._last_words.popleft() for _ in range(len(self._last_words))]
        return "".join(f"{each}\n{begin}" for each in words)


class _Lines(_Count):
    """One line every few seconds."""

    def __init__(self, total: int | None, done: str) -> None:
        super().__init__(total, done)
        self.shown = perf_counter()

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def advance(self, end: str) -> None:
        """Count an item."""
        super().advance(end)
        self._tick()

    def reach(self, done: str, number: int, total: int | None) -> None:
        """Take over how many there are."""
        super().reach(done, number, total)
        self._tick()

    def leave(self) -> None:
        """Write the last word on a count."""
        super().leave()
        sys.stderr.write(self.said(""))

    def _tick(self) -> None:
        if perf_counter() - self.shown > SECONDS_BETWEEN_LINES:
            self.shown = perf_counter()
            sys.stderr.write(f"{self.text()}\n")


class _Bar(_Lines):
    """A line that is written over itself, not more often than eyes can follow."""

    def leave(self) -> None:
        """Write the last word on a count over what stands there."""
        sys.stderr.write(OVER_IT if self.ends else "")
        super().leave()

    def _tick(self) -> None:
        is_first = self.ends.total() == 1 and any(self.ends)
        if perf_counter() - self.shown > SECONDS_ON_A_TERMINAL or is_first:
            self.shown = perf_counter()
            sys.stderr.write(OVER_IT + self.text())
            sys.stderr.flush()


def describe(ends: Counter[str], total: int | None, seconds: float, done: str = "relaxed") -> str:
    """Say how many are done, how fast, how long it will take, and how they ended."""
    number = ends.total()
    if number == 0:
        return f"0{'' if total is None else f'/{total}'} {done}, {duration(seconds)}"
    rate = number / max(seconds, 1e-9)
    named = ", ".join(f"{count} {name}" for name, count in ends.most_common() if name)
    kinds = f" ({named})" if named else ""
    if total is None or number > total:  # a total that was only foreseen
        return f"{number} {done}, {_pace(rate)}{kinds}"
    left = max(0, total - number) / rate
    return f"{number}/{total} {done}, {_pace(rate)}, {duration(left)} left{kinds}"


def _pace(rate: float) -> str:
    """Write a rate, given in 1/s, in the unit in which it is no small fraction."""
    if rate >= SLOW:
        return f"{rate:.1f}/s"
    return f"{rate * MINUTE:.1f}/min" if rate * MINUTE >= SLOW else f"{rate * HOUR:.1f}/h"


def duration(seconds: float) -> str:
    """Write a time as people say it, such as 40 s, 12 min or 3.5 h."""
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / MINUTE:.0f} min" if seconds < 2 * HOUR else f"{seconds / HOUR:.1f} h"
