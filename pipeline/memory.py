"""Keeps memory within limits, counted in bytes, not photos, and tells when it has run out."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

DEFAULT_LIMIT = 768 * 1024 * 1024
"""Bytes: some eight 12-megapixel photos at full size."""

_WORDS = (
    "bad_alloc",  # OpenVINO, from within
    "Cannot allocate memory",  # OpenVINO mapping a file; the system's own words
    "Resource temporarily unavailable",  # OpenVINO, when no thread can be started for want of memory
    "Insufficient memory",  # OpenCV
    "OOM when allocating",  # TensorFlow
)


class MemoryBudget:
    """A limit in bytes that several holders share. Shared by threads.

    Nobody waits forever: a holder that needs more to decode a photo may exceed the limit while no other does,
    and the only holder may hold anything.
    """

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self._limit = limit
        self._held: dict[object, int] = {}
        self._beyond: object | None = None
        self._changed = Condition()

    def hold(self, holder: object, size: int, *, may_exceed: bool = False) -> None:
        """Hold ``size`` bytes in all for ``holder``, 0 to release; wait until they fit.

        Less than before never waits. With ``may_exceed``, exceed the limit rather than wait, unless another
        holder does. Such a holder must release, or hold less, whatever the others do.
        """

        def others() -> int:
            return sum(held for other, held in self._held.items() if other is not holder)

        def may_hold() -> bool:
            turn = may_exceed and self._beyond in (None, holder)
            return turn or not others() or others() + size <= self._limit

        with self._changed:
            before = self._held.pop(holder, 0)
            if size <= before:
                self._beyond = None if self._beyond is holder else self._beyond
            else:
                self._held[holder] = before
                self._changed.wait_for(may_hold)
                if may_exceed and others() + size > self._limit:
                    self._beyond = holder
            if size:
                self._held[holder] = size
            self._changed.notify_all()


@contextmanager
def memory_errors() -> Iterator[None]:
    """Turn the errors that libraries raise when memory runs out into ``MemoryError``.

    OpenVINO raises RuntimeError, OpenCV and TensorFlow their own errors; only the text tells.
    """
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        if any(word in str(error) for word in _WORDS):
            raise MemoryError("memory has run out") from error
        raise


class SharedExclusiveLock:
    """Lets several threads work together, or one alone."""

    def __init__(self) -> None:
        self._together = 0
        self._alone = False
        self._changed = Condition()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Work beside others; wait while a thread is alone, or wants to be."""
        with self._changed:
            self._changed.wait_for(lambda: not self._alone)
            self._together += 1
        try:
            yield
        finally:
            with self._changed:
                self._together -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Work once the others have finished; must not be entered while working together."""
        with self._changed:
            self._changed.wait_for(lambda: not self._alone)
            self._alone = True
            self._changed.wait_for(lambda: not self._together)
        try:
            yield
        finally:
            with self._changed:
                self._alone = False
                self._changed.notify_all()
