"""Takes files as they are found, in a thread of its own: finding the next one may take long."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, Queue
from threading import Semaphore, Thread
from typing import Generic, TypeVar

from pipeline.values import PhotoFile

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Submission(Generic[_T]):
    """A file on which work has begun, and what comes of it."""

    file: PhotoFile
    result: "Future[_T]"


@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None


class FileFeed(Generic[_T]):
    """Submits files for work one after the other, and gives the submissions in the same order.

    Args:
        files: Iterated in a thread of its own, and no more of them than ``most`` ahead of the submissions
            that were taken.
        submit: Begins the work on a file; called in that thread.
        most: Submissions that wait to be taken.
    """

    def __init__(
        self, files: Iterable[PhotoFile], submit: Callable[[PhotoFile], "Future[_T]"], most: int
    ) -> None:
        self._submit = submit
        self._submissions: Queue[Submission[_T] | _End] = Queue()
        self._slots = Semaphore(most)
        self._stopped = False
        # A daemon: a disk that does not answer must not keep the process from ending.
        Thread(target=self._feed, args=(iter(files),), name="files", daemon=True).start()

    def submissions(self, seconds: float) -> Iterator[Submission[_T] | None]:
        """All submissions; ``None`` once wherever none has come for so many seconds.

        Raises:
            Exception: What the iterator of the files raised, after the files before.
        """
        timeout: float | None = seconds
        while True:
            try:
                submission = self._submissions.get(timeout=timeout)
            except Empty:
                timeout = None
                yield None
                continue
            if isinstance(submission, _End):
                if submission.error is not None:
                    raise submission.error
                return
            timeout = seconds
            self._slots.release()
            yield submission

    def stop(self) -> None:
        """Submit no more files. It returns at once, though the next file may still be looked for."""
        self._stopped = True
        self._slots.release()

    def _feed(self, files: Iterator[PhotoFile]) -> None:
        try:
            while self._slots.acquire() and not self._stopped:
                file = next(files, None)
                if file is None:
                    break
                self._submissions.put(Submission(file, self._submit(file)))
        except BaseException as error:  # noqa: BLE001 - it is raised in the thread that takes the submissions
            self._submissions.put(_End(error))
        else:
            self._submissions.put(_End(None))
