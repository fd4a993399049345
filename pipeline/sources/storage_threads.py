"""Threads that wait for storage, so that whoever needs a processor does not."""

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from time import monotonic
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")

STOP_SECONDS = 2.0
"""How long the end of a run waits for calls under way; a disk that fails may never answer."""


class StorageThreads:
    """A bounded number of threads, started as they are needed. Shared by threads.

    They are daemons: a disk that never answers keeps neither a run nor the process from ending.
    """

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self._most = most
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads: list[Thread] = []
        self._unfinished = 0
        self._stopped = False
        self._lock = Lock()

    def submit(self, function: Callable[_P, _T], *arguments: _P.args, **keywords: _P.kwargs) -> Future[_T]:
        """Call a function in one of the threads, in the order of submission; cancel it after ``stop``."""
        future: Future[_T] = Future()

        def call() -> None:
            if self._stopped:
                future.cancel()
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = function(*arguments, **keywords)
            except BaseException as error:  # noqa: BLE001 - it is raised where the result is wanted
                self._finished()
                future.set_exception(error)
            else:
                self._finished()
                future.set_result(result)

        with self._lock:
            if self._stopped:
                future.cancel()
                return future
            self._unfinished += 1
            self._calls.put(call)
            if len(self._threads) < min(self._unfinished, self._most):
                self._threads.append(Thread(target=self._work, name=self._name, daemon=True))
                self._threads[-1].start()
        return future

    def stop(self, deadline: float) -> None:
        """Cancel the calls that have not begun; wait for the others until a time of ``monotonic``."""
        with self._lock:
            self._stopped = True
        with suppress(Empty):
            while call := self._calls.get_nowait():
                call()
        for _ in self._threads:
            self._calls.put(None)
        for thread in self._threads:
            thread.join(max(0.0, deadline - monotonic()))

    def _finished(self) -> None:
        """Count the thread as free before anybody can know the result and submit the next call."""
        with self._lock:
            self._unfinished -= 1

    def _work(self) -> None:
        while call := self._calls.get():
            call()
