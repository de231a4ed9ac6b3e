"""Writing results from a thread of its own, so that relaxing never waits for the database."""

from __future__ import annotations

from queue import Empty, Queue
from threading import Thread
from typing import TYPE_CHECKING, Generic, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

Item = TypeVar("Item")

MOST_PER_WRITE = 256
MOST_WAITING = 4096


class WriteBehind(Generic[Item]):
    """Hands items to a function in the background, as soon as the call before has returned.

    A single item is written at once; those that come while a write is under way go together with
    the next. Leaving the block, in whatever way, waits until all is written.

    Args:
        write: Called with lists of items, in the order they were put.
    """

    def __init__(self, write: Callable[[list[Item]], object]) -> None:
        self._write = write
        self._waiting: Queue[Item | None] = Queue(MOST_WAITING)
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._run, name="write-behind", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def put(self, item: Item) -> None:
        """Take an item; waits only when very many are waiting.

        Raises:
            Exception: Whatever an earlier write raised; what came after it is not written.
        """
        self._raise_failure()
        self._waiting.put(item)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._waiting.put(None)
        self._thread.join()
        if error is None:
            self._raise_failure()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        """Write until the block is left; after a failure only empty the queue."""
        while (first := self._waiting.get()) is not None:
            items, is_last = self._joined_by_those_waiting(first)
            try:
                if self._failure is None:
                    self._write(items)
            except BaseException as error:  # noqa: BLE001 (raised again by put or on leaving)
                self._failure = error
            if is_last:
                return

    def _joined_by_those_waiting(self, first: Item) -> tuple[list[Item], bool]:
        """Take what waits already, and say whether the end was among it."""
        items = [first]
        while len(items) < MOST_PER_WRITE:
            try:
                item = self._waiting.get_nowait()
            except Empty:
                break
            if item is None:
                return items, True
            items.append(item)
        return items, False
