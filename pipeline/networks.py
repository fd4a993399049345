"""Loads the networks that look at photos, beside other work, once they are needed."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from pipeline.detection.detector import Detector
from pipeline.timing import StageClock

if TYPE_CHECKING:
    from pipeline.description.embedder import Embedder  # it brings OpenVINO


@dataclass(frozen=True, slots=True)
class Networks:
    """The detector and the embedder. Threads may share both."""

    detector: Detector
    embedder: "Embedder"


class NetworkLoader:
    """Loads networks with ``load`` once, or again after a failure, in its own thread. Shared by threads."""

    def __init__(self, load: Callable[[], Networks], clock: StageClock) -> None:
        self._load = clock.time("load")(load)
        self._loading: Future[Networks] | None = None
        self._lock = Lock()

    def loaded(self) -> Networks:
        """Wait for the networks; ModelError if weights are missing or wrong."""
        loading = self.start()
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
                beside = ThreadPoolExecutor(1, thread_name_prefix="networks")
                self._loading = beside.submit(self._load)
                beside.shutdown(wait=False)
            return self._loading
