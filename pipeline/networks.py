"""Loads the networks that look at photos, beside other work, once they are needed."""

import atexit
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from threading import Lock, Thread
from typing import TYPE_CHECKING, cast

from pipeline.detection.detector import Detector
from pipeline.timing import StageClock

if TYPE_CHECKING:
    from pipeline.description.embedder import Embedder  # it brings OpenVINO
    from pipeline.detection.drawn_box import DrawnBoxSearch  # it brings OpenCV

_END_SECONDS = 60.0
"""A program that ends waits so long for networks that still load: ended inside OpenVINO, their thread would
abort the process. The command line does not wait (``faceindex.__main__``)."""


@dataclass(frozen=True, slots=True)
class Networks:
    """The detector and the embedder. Threads may share both.

    ``load_search`` loads what finds faces in boxes that people drew.
    """

    detector: Detector
    embedder: "Embedder"
    load_search: "Callable[[], DrawnBoxSearch] | None" = None


class RunStopped(Exception):
    """The run ended while one of its threads waited for the networks."""


class NetworkLoader:
    """Loads networks with ``load`` once, or again after a failure, in its own thread. Shared by threads."""

    def __init__(self, load: Callable[[], Networks], clock: StageClock) -> None:
        self._load = clock.time("load")(load)
        self._loading: Future[Networks] | None = None
        self._lock = Lock()

    def loaded(self, stopped: Future[None] | None = None) -> Networks:
        """Wait for the networks, until ``stopped`` is done at most: then raise ``RunStopped``.

        Raises ``ModelError`` if weights are missing or wrong.
        """
        loading = self.start()
        if stopped is not None:
            wait(cast(list[Future[object]], [loading, stopped]), return_when=FIRST_COMPLETED)
            if not loading.done():
                raise RunStopped
        try:
            return loading.result()
        except BaseException:
            with self._lock:  # weights may come, and memory be free again
                if self._loading is loading:
                    self._loading = None
            raise

    def start(self) -> Future[Networks]:
        """Start loading, unless that has begun already; return at once."""
        with self._lock:
            if self._loading is None:
                self._loading = Future()
                thread = Thread(target=self._fill, args=(self._loading,), name="networks", daemon=True)
                thread.start()
                atexit.register(thread.join, _END_SECONDS)
            return self._loading

    def _fill(self, loading: Future[Networks]) -> None:
        try:
            loading.set_result(self._load())
        except BaseException as error:  # noqa: BLE001 - it is raised in the threads that wait
            loading.set_exception(error)
