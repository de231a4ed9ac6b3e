"""Progress for people: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS_BETWEEN_LINES = 10.0


@contextmanager
def progress(total: int | None = None) -> Iterator[Callable[[str], None]]:
    """Yield a function to be called with the stop reason of every crystal that ends.

    Args:
        total: Crystals that will end, if that is known.
    """
    bar = _Bar(total) if sys.stderr.isatty() else _Lines(total)
    with bar:
        yield bar.advance


class _Lines:
    """One line every few seconds."""

    def __init__(self, total: int | None) -> None:
        self.total = total
        self.ends: Counter[str] = Counter()
        self.started = self.shown = perf_counter()

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *_: object) -> None:
        if self.ends:
            self._show()

    def advance(self, stop_reason: str) -> None:
        """Count a crystal."""
        self.ends[stop_reason] += 1
        if perf_counter() - self.shown > SECONDS_BETWEEN_LINES:
            self._show()

    def _show(self) -> None:
        self.shown = perf_counter()
        sys.stderr.write(describe(self.ends, self.total, self.shown - self.started) + "\n")


class _Bar(_Lines):
    """A line that is written over itself."""

    def advance(self, stop_reason: str) -> None:
        """Count a crystal."""
        self.ends[stop_reason] += 1
        seconds = perf_counter() - self.started
        sys.stderr.write("\r\x1b[K" + describe(self.ends, self.total, seconds))

    def __exit__(self, *_: object) -> None:
        if self.ends:
            sys.stderr.write("\n")


def describe(ends: Counter[str], total: int | None, seconds: float) -> str:
    """Say how many are done, how fast, how long it will take, and how they ended."""
    done = ends.total()
    rate = done / max(seconds, 1e-9)
    kinds = ", ".join(f"{count} {name}" for name, count in ends.most_common())
    if total is None:
        return f"{done} relaxed, {rate:.1f}/s ({kinds})"
    left = max(0, total - done) / max(rate, 1e-9)
    return f"{done}/{total} relaxed, {rate:.1f}/s, {left:.0f} s left ({kinds})"
