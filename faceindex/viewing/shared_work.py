"""Does work that several threads want at once only once, and remembers some of its results."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

_T = TypeVar("_T")


class SharedWork(Generic[_T]):
    """Work by key. Results are remembered up to a total ``weight``, those that were asked for last.

    Args:
        most: The total; with 0, nothing is remembered.
        weight: Of one result, such as its bytes.
    """

    def __init__(self, most: int = 0, weight: Callable[[_T], int] = lambda _: 1) -> None:
        self._most = most
        self._weight = weight
        self._total = 0
        self._results: OrderedDict[Hashable, _T] = OrderedDict()
        self._busy: dict[Hashable, Future[_T]] = {}
        self._lock = Lock()

    def result(self, key: Hashable, work: Callable[[], _T]) -> _T:
        """Return the result of ``work``, or of another thread's with this key; raise what it raises."""
        own: Future[_T] = Future()
        with self._lock:
            if key in self._results:
                self._results.move_to_end(key)
                return self._results[key]
            busy = self._busy.setdefault(key, own)
        if busy is not own:
            return busy.result()
        try:
            found = work()
        except BaseException as error:
            with self._lock:
                del self._busy[key]
            own.set_exception(error)
            raise
        with self._lock:
            del self._busy[key]
            self._remember(key, found)
        own.set_result(found)
        return found

    def _remember(self, key: Hashable, found: _T) -> None:
        self._results[key] = found
        self._total += self._weight(found)
        while self._total > self._most:
            _, oldest = self._results.popitem(last=False)
            self._total -= self._weight(oldest)
