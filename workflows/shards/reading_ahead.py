"""Reading from a thread of its own, so that relaxing does not wait for the database."""

from __future__ import annotations

from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TYPE_CHECKING, Generic, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

Item = TypeVar("Item")

POLL_SECONDS = 0.1


class ReadAhead(Generic[Item]):
    """Hands out items that another thread reads, some of them before they are asked for.

    Leaving the block stops the thread; what it read ahead is dropped.

    Args:
        items: Read in the thread.
        most: Items read ahead at most.
    """

    def __init__(self, items: Iterable[Item], most: int) -> None:
        self._items = items
        self._ready: Queue[Item | None] = Queue(most)
        self._is_left = Event()
        self._is_exhausted = False
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._run, name="read-ahead", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_left.set()
        self._thread.join()

    @property
    def has_ended(self) -> bool:
        """Whether nothing will come any more."""
        return self._is_left.is_set() or self._is_exhausted

    def take(self, *, wait: bool) -> Item | None:
        """Return the next item, or None at the end.

        Args:
            wait: Wait for an item that is not read yet; otherwise None says that there is none now.

        Raises:
            BaseException: Whatever reading raised, after the items that came before.
        """
        while not self.has_ended:
            try:
                item = self._ready.get(timeout=POLL_SECONDS) if wait else self._ready.get_nowait()
            except Empty:
                if not wait:
                    return None
                continue
            if item is None:
                self._is_exhausted = True
                if self._failure is not None:
                    raise self._failure
            return item
        return None

    def stop(self) -> None:
        """Let nothing more be read or handed out."""
        self._is_left.set()

    def _run(self) -> None:
        try:
            for item in self._items:
                if not self._put(item):
                    return
        except BaseException as error:  # noqa: BLE001 (raised again where the items are used)
            self._failure = error
        self._put(None)

    def _put(self, item: Item | None) -> bool:
        """Hand an item over as soon as there is room; False when nobody wants it any more."""
        while not self._is_left.is_set():
            try:
                self._ready.put(item, timeout=POLL_SECONDS)
            except Full:
                continue
            return True
        return False
