"""What to do when memory runs out: know it for what it is, and let one photo at a time have what there is.

This module knows neither photos nor networks.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

_WORDS = (
    "bad_alloc",  # OpenVINO, from within
    "Cannot allocate memory",  # OpenVINO mapping a file; the system's own words
    "Resource temporarily unavailable",  # OpenVINO, when no thread can be started for want of memory
    "Insufficient memory",  # OpenCV
    "OOM when allocating",  # TensorFlow
)


@contextmanager
def memory_errors() -> Iterator[None]:
    """SharedExclusiveLock the errors that libraries raise when memory runs out into ``MemoryError``.

    OpenVINO raises RuntimeError, OpenCV and TensorFlow errors of their own, and only the text tells.
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
        """Work beside others; waits while somebody is alone, or wants to be."""
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
        """Work once the others have finished what they are at; not to be entered while working together."""
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
