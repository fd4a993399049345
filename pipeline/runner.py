"""Runs files through the pipeline: exactly one outcome for each file, in their order.

Threads that wait for storage read a bounded number of files ahead. Worker threads, one a core, examine what
is read; the caller's thread gathers crops into full batches for the descriptor network. OpenVINO and OpenCV
release Python's lock, so workers run in parallel. This module knows no database: the caller says which
content is known.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import replace
from queue import Empty, Queue
from threading import Semaphore, Thread
from time import monotonic
from typing import Generic, TypeAlias, TypeVar

import numpy as np

from pipeline.decoding.decoders import Decoders
from pipeline.decoding.readers import skipped_as_sound
from pipeline.drawn_faces import DrawnFaces
from pipeline.examination import (
    Contents,
    Examination,
    ExaminationOptions,
    Examined,
    Examiner,
    dated_by_name,
)
from pipeline.memory import memory_errors
from pipeline.networks import NetworkLoader, Networks
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.sources.storage_threads import STOP_SECONDS, StorageThreads
from pipeline.timing import StageClock
from pipeline.values import (
    F32,
    Descriptor,
    FaceCrop,
    Outcome,
    PhotoFailed,
    PhotoFile,
    PhotoIndexed,
    PhotoKnown,
)

_T = TypeVar("_T")

_Submitted: TypeAlias = Examination | Future[Examined | PhotoIndexed | PhotoKnown | PhotoFailed]
"""What is known of a file that was read: perhaps only that another file of the same content is in work."""

READ_AHEAD = 32
"""Files being read at once for each worker. To open, read and close one takes five calls: at 10 ms each, that
is 640 small photos a second, more than a worker examines."""

UNDER_WAY = READ_AHEAD + 32
"""Photos under way for each worker: those being read, and enough that none waits while a batch is described,
nor while another's decoder hangs until its limit. A finished photo that waits keeps only its crops."""

MOST_PENDING = 32
"""Photos that wait for a batch of faces to be full."""

SIGNAL_SECONDS = 1.0
"""The main thread waits in steps of so many seconds: Python does not notice a signal that comes between its
last look for one and the wait for a lock until that wait ends."""


class Runner:
    """The stages put together.

    ``load`` runs in its own thread when the first photo is decoded; the runner ends ``decoders``.

    Attributes:
        drawn_faces: Looks at faces that people drew, by the same networks and decoders.
    """

    def __init__(
        self,
        load: Callable[[], Networks],
        workers: int,
        options: ExaminationOptions,
        clock: StageClock | None = None,
        decoders: Decoders | None = None,
    ) -> None:
        self._workers = workers
        self._clock = clock or StageClock()
        self._decoders = decoders or Decoders()
        self._networks = NetworkLoader(load, self._clock)
        self._examiner = Examiner(self._networks, self._decoders, options, self._clock)
        self.drawn_faces = DrawnFaces(self._networks, self._decoders, options.crop)

    def prepare(self) -> None:
        """Start loading the networks and starting the readers in the background."""
        self._decoders.start(self._workers)
        self._networks.start()

    def run(
        self, files: Iterable[PhotoFile], known: Callable[[bytes], bool]
    ) -> Generator[Outcome, None, None]:
        """Yield one outcome for each file, in the order of the files.

        Content met twice in one run is decoded once: the first file is indexed, the others are known. Closing
        the generator stops the workers after their current photos.

        Args:
            files: Taken one by one in a thread of their own, and no more than are worked on.
            known: Whether content of this digest is known and need not be decoded; several threads call it.

        Raises:
            ModelError: Weights are missing or wrong; raised once a photo needs the network.
            Exception: A bug or an error of the operating system, which ends the run.
        """
        batches = _Batches(self._networks, self._clock)
        with closing(self._examine_all(files, Contents(known))) as examinations:
            for examined in examinations:
                yield from batches.rest() if examined is None else batches.add(examined)
        yield from batches.rest()

    def _examine_all(
        self, files: Iterable[PhotoFile], contents: Contents
    ) -> Generator[Examination | None, None, None]:
        """Yield examinations in file order; ``None`` while the crawl has not found the next file."""
        examining = _Examining(self._examiner, self._workers, contents)
        submitted = ((file, examining.submit(file)) for file in files)
        feed = _FileFeed(submitted, self._workers * UNDER_WAY)
        try:
            for each in feed.items():
                yield None if each is None else self._finished(*each, contents)
        finally:
            contents.stopped.set_result(None)
            deadline = monotonic() + STOP_SECONDS
            feed.stop(deadline)
            examining.stop(deadline)

    def _finished(self, file: PhotoFile, examining: Future[_Submitted], contents: Contents) -> Examination:
        examined = _result(examining)
        while isinstance(examined, Future):
            other = _result(examined)
            if other.digest is None:  # only the other file could not be read
                read = self._examiner.read(file, contents)
                examined = self._examiner.examine(read, contents) if isinstance(read, OpenPhoto) else read
            else:
                examined = replace(other, file=file)
        if isinstance(examined, PhotoFailed) and (sound := skipped_as_sound(examined)) is not None:
            return sound
        return dated_by_name(contents.first(examined))


class _Examining:
    """Reads files in threads that wait for storage, and examines the new ones in a thread for each worker.

    Photos are examined as they come from the storage, whatever the order of the files.
    """

    def __init__(self, examiner: Examiner, workers: int, contents: Contents) -> None:
        self._examiner = examiner
        self._contents = contents
        self._storage = StorageThreads("read", workers * READ_AHEAD)
        self._workers = ThreadPoolExecutor(workers, thread_name_prefix="photo")

    def submit(self, file: PhotoFile) -> Future[_Submitted]:
        """Return the future of a file's examination; it is never done if the run stops before."""
        examined: Future[_Submitted] = Future()
        self._storage.submit(self._read, file, examined)
        return examined

    def stop(self, deadline: float) -> None:
        """End after the photos in work, and without files that the storage does not give in time."""
        self._storage.stop(deadline)
        self._workers.shutdown(cancel_futures=True)

    def _read(self, file: PhotoFile, examined: Future[_Submitted]) -> None:
        try:
            read = self._examiner.read(file, self._contents)
            if not isinstance(read, OpenPhoto):
                examined.set_result(read)
                return
            try:
                examining = self._workers.submit(self._examine, read, examined)
            except RuntimeError:  # the run has ended meanwhile
                self._examiner.drop(read)
            else:
                examining.add_done_callback(lambda _: self._examiner.drop(read))  # if it is cancelled
        except BaseException as error:  # noqa: BLE001 - it is raised where the outcome is wanted
            examined.set_exception(error)

    def _examine(self, photo: OpenPhoto, examined: Future[_Submitted]) -> None:
        try:
            examined.set_result(self._examiner.examine(photo, self._contents))
        except BaseException as error:  # noqa: BLE001 - it is raised where the outcome is wanted
            examined.set_exception(error)


def _result(future: Future[_T]) -> _T:
    """Return the result of a future; a signal ends the wait."""
    while not wait([future], SIGNAL_SECONDS).done:
        pass
    return future.result()


class _Batches:
    """Has crops described in whole batches across photos, and returns photos in their order.

    Crops that do not fill a batch wait for the next one: singly, each would cost up to half as much again.
    """

    def __init__(self, networks: NetworkLoader, clock: StageClock) -> None:
        self._networks = networks
        self._clock = clock
        self._photos: deque[Examination] = deque()
        self._crops: list[FaceCrop] = []
        self._descriptors: deque[Descriptor] = deque()

    def add(self, examined: Examination) -> Iterator[Outcome]:
        """Add an examined photo; yield the outcomes that are now complete."""
        self._photos.append(examined)
        if isinstance(examined, Examined):
            self._crops += examined.crops
        count = len(self._crops)
        # Without crops there is no batch to wait for; and no photo waits for long.
        if count and len(self._photos) < MOST_PENDING:
            count -= count % self._networks.loaded().embedder.batch_size
        return self._out(count)

    def rest(self) -> Iterator[Outcome]:
        return self._out(len(self._crops))

    def _out(self, count: int) -> Iterator[Outcome]:
        """Have ``count`` crops described; yield the outcomes that are then complete."""
        if count:
            self._descriptors += self._describe(self._crops[:count])
            del self._crops[:count]
        while self._photos:
            examined = self._photos[0]
            if not isinstance(examined, Examined):
                yield examined
            elif len(examined.crops) <= len(self._descriptors):
                yield self._indexed(examined)
            else:
                return
            self._photos.popleft()

    def _indexed(self, examined: Examined) -> PhotoIndexed:
        return PhotoIndexed(
            examined.file,
            examined.digest,
            examined.size,
            examined.taken_at,
            tuple(self._descriptors.popleft() for _ in examined.crops),
            examined.decoder,
            self._networks.loaded().detector.name,
            examined.picture,
            examined.note,
            examined.taken_from,
            examined.live_photo,
            examined.film,
        )

    def _describe(self, crops: list[FaceCrop]) -> list[Descriptor]:
        with self._clock.time("describe"):
            vectors = self._embed(crops)
        model_id = self._networks.loaded().embedder.model_id
        return [
            Descriptor(crop.face, crop.quality, model_id, vector, thumbnail=crop.thumbnail)
            for crop, vector in zip(crops, vectors, strict=True)
        ]

    def _embed(self, crops: list[FaceCrop]) -> F32:
        """Return the descriptors of crops; if memory is short for all at once, half by half."""
        try:
            with memory_errors():
                return self._networks.loaded().embedder.embed(np.stack([crop.pixels for crop in crops]))
        except MemoryError:
            if len(crops) == 1:
                raise
        middle = len(crops) // 2
        return np.concatenate([self._embed(crops[:middle]), self._embed(crops[middle:])])


class _FileFeed(Generic[_T]):
    """Takes up to ``most`` items ahead in its own thread: finding the next file may take long."""

    def __init__(self, items: Iterable[_T], most: int) -> None:
        self._queue: Queue[_T | BaseException] = Queue()
        self._slots = Semaphore(most)
        self._stopped = False
        # A daemon: a disk that does not answer must not keep the process from ending.
        self._thread = Thread(target=self._fill, args=(iter(items),), name="files", daemon=True)
        self._thread.start()

    def items(self) -> Iterator[_T | None]:
        """Yield all items, ``None`` whenever no item waits; then raise what the iterable raised."""
        while True:
            if self._queue.empty():
                yield None
            try:
                item = self._queue.get(timeout=SIGNAL_SECONDS)
            except Empty:
                continue
            if isinstance(item, StopIteration):
                return
            if isinstance(item, BaseException):
                raise item
            self._slots.release()
            yield item

    def stop(self, deadline: float) -> None:
        """Take no more items; wait for the one that is being looked for until a time of ``monotonic``."""
        self._stopped = True
        self._slots.release()
        self._thread.join(max(0.0, deadline - monotonic()))

    def _fill(self, items: Iterator[_T]) -> None:
        try:
            while self._slots.acquire() and not self._stopped:
                self._queue.put(next(items))
        except BaseException as end:  # noqa: BLE001 - it is raised in the thread that takes the items
            self._queue.put(end)
