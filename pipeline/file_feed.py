"""Iterates in a thread of its own, ahead of the caller: to find the next file may take long."""

from collections.abc import Iterable, Iterator
from queue import Queue
from threading import Semaphore, Thread
from typing import Generic, TypeVar

_T = TypeVar("_T")


class FileFeed(Generic[_T]):
    """Takes items from an iterable before they are needed, and gives them in the same order.

    Args:
        items: Iterated in a thread of its own.
        most: The number of items that may wait.
    """

    def __init__(self, items: Iterable[_T], most: int) -> None:
        self._queue: Queue[_T | BaseException] = Queue()
        self._slots = Semaphore(most)
        self._stopped = False
        # A daemon: a disk that does not answer must not keep the process from ending.
        Thread(target=self._fill, args=(iter(items),), name="files", daemon=True).start()

    def items(self) -> Iterator[_T | None]:
        """All items; ``None`` whenever no item waits.

        Raises:
            Exception: What the iterable raised, after the items before.
        """
        while True:
            if self._queue.empty():
                yield None
            item = self._queue.get()
            if isinstance(item, StopIteration):
                return
            if isinstance(item, BaseException):
                raise item
            self._slots.release()
            yield item

    def stop(self) -> None:
        """Take no more items. It returns at once, even if the thread still waits for the next item."""
        self._stopped = True
        self._slots.release()

    def _fill(self, items: Iterator[_T]) -> None:
        try:
            while self._slots.acquire() and not self._stopped:
                self._queue.put(next(items))
        except BaseException as end:  # noqa: BLE001 - it is raised in the thread that takes the items
            self._queue.put(end)
