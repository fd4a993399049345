"""Keeps values that were read from a store for as long as nobody commits to it."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

from index.store.store import Store

_T = TypeVar("_T")

MOST = 64
"""Values kept, those used last: a list of the 11,000 faces of a person takes 2 MB."""


class KeptValues:
    """Values by key, which threads share; each is made anew once the store has changed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._values: OrderedDict[Hashable, tuple[Hashable, Any]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], _T]) -> _T:
        """Return the value of a key, which ``make`` reads if it may have changed since it was read."""
        state = self._store.state()  # before it is read: what is committed meanwhile makes it stale
        with self._lock:
            kept_at, value = self._values.get(key, (None, None))
            if state is not None and kept_at == state:
                self._values.move_to_end(key)
                kept: _T = value
                return kept
        made = make()
        with self._lock:
            self._values[key] = state, made
            self._values.move_to_end(key)
            while len(self._values) > MOST:
                self._values.popitem(last=False)
        return made
