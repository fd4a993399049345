"""The networks that look at photos, loaded beside other work once they are needed."""

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
    """What finds faces, and what describes them. Threads may share both."""

    detector: Detector
    embedder: "Embedder"


class NetworkLoader:
    """Loads networks once, in a thread of its own. Shared by threads.

    Args:
        load: Loads them; it is called again where that has failed.
        clock: Where its time is added up.
    """

    def __init__(self, load: Callable[[], Networks], clock: StageClock) -> None:
        self._load = clock.time("load")(load)
        self._loading: Future[Networks] | None = None
        self._lock = Lock()

    def loaded(self) -> Networks:
        """The networks, as soon as they are loaded.

        Raises:
            ModelError: Weights are not there or not right.
        """
        loading = self.start()
        try:
            return loading.result()
        except BaseException:
            with self._lock:  # weights may come, and memory be free again
                if self._loading is loading:
                    self._loading = None
            raise

    def start(self) -> Future[Networks]:
        """Begin to load, unless that has begun already; returns at once."""
        with self._lock:
            if self._loading is None:
                beside = ThreadPoolExecutor(1, thread_name_prefix="networks")
                self._loading = beside.submit(self._load)
                beside.shutdown(wait=False)
            return self._loading
