"""Keeps the memory of photos that are worked on side by side within a limit, whatever their size.

Counting photos is not enough: one panorama weighs as much as ten snapshots. This module knows neither
photos nor threads, only holders of bytes.
"""

from threading import Condition

DEFAULT_LIMIT = 768 * 1024 * 1024
"""Bytes: some eight 12-megapixel photos at full size."""


class MemoryBudget:
    """A limit on bytes that several holders share. One of them at a time may go beyond it.

    That one is why nobody waits forever: a photo larger than the whole limit gets its turn, and so does one
    that finds, with pixels in hand, that it needs more.

    Args:
        limit: Bytes.
    """

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self._limit = limit
        self._held: dict[object, int] = {}
        self._beyond: object | None = None
        self._changed = Condition()

    def take(self, holder: object, size: int) -> None:
        """Take ``size`` bytes more for ``holder``; waits until they fit, or its turn to go beyond comes."""
        with self._changed:
            self._changed.wait_for(lambda: self._may_take(holder, size))
            if sum(self._held.values()) + size > self._limit:
                self._beyond = holder
            self._held[holder] = self._held.get(holder, 0) + size

    def give_back(self, holder: object) -> None:
        """Give back all that ``holder`` has taken; nothing happens where it has taken nothing."""
        with self._changed:
            self._held.pop(holder, None)
            if self._beyond is holder:
                self._beyond = None
            self._changed.notify_all()

    def _may_take(self, holder: object, size: int) -> bool:
        within = sum(self._held.values()) + size <= self._limit
        return within or self._beyond is None or self._beyond is holder
