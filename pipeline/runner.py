"""Runs files through the pipeline: every file in, exactly one outcome out, in the order they came.

Worker threads read, detect and crop, a photo each, and have it decoded in a process that they watch over; the
caller's thread gathers crops across photos into full batches for the descriptor network. OpenVINO and OpenCV
release Python's lock, so the workers really run side by side. A bounded number of photos is under way at
any time. This module knows no database: what is already known is asked of the caller.
"""

import math
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import islice
from threading import Lock

import numpy as np

from pipeline.decoding.decoders import Decoder, Decoders
from pipeline.decoding.readers import decoder_of
from pipeline.description.crop import cut, scale_needed, wants_full_size
from pipeline.description.embedder import Embedder
from pipeline.description.quality import assess
from pipeline.detection.cascade import Detector
from pipeline.errors import PhotoError
from pipeline.out_of_memory import SharedExclusiveLock, memory_errors
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.timing import StageClock
from pipeline.values import (
    F32,
    DecodedPhoto,
    Descriptor,
    DetectedFace,
    FaceCrop,
    Outcome,
    PhotoFailed,
    PhotoFile,
    PhotoIndexed,
    PhotoKnown,
    PhotoSkipped,
    Size,
)

UNDER_WAY = 32
"""Photos under way for each worker: enough that none waits while a batch is described, nor while another
worker has a photo in hand whose decoder hangs, until that is given up. Of a photo that is finished and waits
for an earlier one only the crops are kept."""

MOST_PENDING = 32
"""Photos that wait for a batch of faces to be full."""


@dataclass(frozen=True, slots=True)
class RunnerOptions:
    """How photos are run through the pipeline.

    Attributes:
        workers: Photos worked on side by side.
        long_edge: Pixels of the long edge that the detector wants; photos are decoded no smaller.
    """

    workers: int
    long_edge: int


@dataclass(frozen=True, slots=True, eq=False)
class _Examined:
    """A photo whose faces are found and cut out, but not described."""

    file: PhotoFile
    digest: bytes
    size: Size
    taken_at: datetime | None
    crops: tuple[FaceCrop, ...]
    decoder: str


_Examination = _Examined | PhotoKnown | PhotoSkipped | PhotoFailed


class Runner:
    """The stages put together.

    Args:
        detector: Finds faces.
        embedder: Describes them.
        options: How photos are run.
        clock: Where the time of each stage is added up.
        decoders: Decode photos, and end with the runner.
    """

    def __init__(
        self,
        detector: Detector,
        embedder: Embedder,
        options: RunnerOptions,
        clock: StageClock | None = None,
        decoders: Decoders | None = None,
    ) -> None:
        self._detector = detector
        self._embedder = embedder
        self._options = options
        self._clock = clock or StageClock()
        self._decoders = decoders or Decoders()
        self._turns = SharedExclusiveLock()

    def run(
        self, files: Iterable[PhotoFile], known: Callable[[bytes], bool]
    ) -> Generator[Outcome, None, None]:
        """Run files through all stages.

        Args:
            files: Taken one by one, as they are needed.
            known: Whether content of this digest is known, and so is not decoded. It is called by
                several threads. Content met twice in one run is decoded once: the first file is
                indexed, the others are known.

        Yields:
            One outcome for each file, in the order of the files. Closing the generator stops the workers
            after the photo that each has in hand.

        Raises:
            Exception: Whatever is not a PhotoError is a bug, or a machine in trouble, and ends the run.
        """
        batches = _Batches(self._descriptors, self._embedder.batch_size, self._detector.name)
        for examined in self._examine_all(files, _Contents(known)):
            yield from batches.add(examined)
        yield from batches.rest()

    def _examine_all(self, files: Iterable[PhotoFile], contents: "_Contents") -> Iterator[_Examination]:
        """Examine files side by side, and hand them on in order."""
        remaining = iter(files)
        under_way: deque[Future[_Examination]] = deque()
        pool = ThreadPoolExecutor(self._options.workers, thread_name_prefix="photo")
        try:
            while True:
                room = self._options.workers * UNDER_WAY - len(under_way)
                under_way.extend(
                    pool.submit(self._examine, file, contents) for file in islice(remaining, room)
                )
                if not under_way:
                    return
                examined = under_way.popleft().result()
                yield contents.first(examined)
        finally:
            pool.shutdown(cancel_futures=True)

    def _examine(self, file: PhotoFile, contents: "_Contents") -> _Examination:
        """Everything about one file up to its crops."""
        digest: bytes | None = None
        decoder: str | None = None
        try:
            with OpenPhoto(file) as photo:
                decoder = decoder_of(photo.kind)
                if not photo.is_photo:
                    return PhotoSkipped(file)
                with self._clock.time("hash"):
                    digest = photo.digest()
                if contents.known(digest):
                    return PhotoKnown(file, digest)
                return replace(contents.once(digest, partial(self._cut_faces, photo, digest)), file=file)
        except PhotoError as error:
            own = digest if error.reason.lies_in_content else None
            return PhotoFailed(file, error.stage, error.reason, error.message, own, decoder)

    def _cut_faces(self, photo: OpenPhoto, digest: bytes) -> _Examined:
        """The faces of a photo; if there is not enough memory, once more when nobody else takes any."""
        try:
            with self._turns.together(), self._decoders.lend() as decoder, memory_errors():
                return self._cut_faces_of(photo, digest, decoder)
        except MemoryError:
            pass  # what the attempt held is let go of before the next one
        with self._turns.alone(), self._decoders.lend() as decoder, memory_errors():
            return self._cut_faces_of(photo, digest, decoder)

    def _cut_faces_of(self, photo: OpenPhoto, digest: bytes, decoder: Decoder) -> _Examined:
        """Detect on a copy that is just large enough, then cut each face from the pixels that it needs."""
        whole = wants_full_size(self._embedder.protocol)
        with self._clock.time("decode"):
            decoded = decoder.decode(photo, digest, None if whole else self._options.long_edge)
        with self._clock.time("detect"):
            faces = self._detector.detect(decoded)
        size, protocol = decoded.size, self._embedder.protocol
        needed = max((scale_needed(face, protocol) for face in faces), default=0.0)
        source = decoded
        if needed > decoded.scale:
            with self._clock.time("decode"):  # it takes the place of the copy
                source = decoder.decode(photo, digest, math.floor(max(size.width, size.height) * needed))
        with self._clock.time("crop"):
            crops = tuple(self._crop(source, face) for face in faces)
        return _Examined(photo.file, digest, size, decoded.taken_at, crops, decoder_of(photo.kind) or "")

    def _crop(self, photo: DecodedPhoto, face: DetectedFace) -> FaceCrop:
        return FaceCrop(face, assess(photo, face), cut(photo, face, self._embedder.protocol))

    def _descriptors(self, crops: list[FaceCrop]) -> list[Descriptor]:
        """The descriptors of crops, at least one."""
        with self._clock.time("describe"):
            vectors = self._embed(crops)
        model_id = self._embedder.model_id
        return [
            Descriptor(crop.face, crop.quality, model_id, vector)
            for crop, vector in zip(crops, vectors, strict=True)
        ]

    def _embed(self, crops: list[FaceCrop]) -> F32:
        """The descriptors of crops; if there is not enough memory for all at once, half by half."""
        try:
            with memory_errors():
                return self._embedder.embed(np.stack([crop.pixels for crop in crops]))
        except MemoryError:
            if len(crops) == 1:
                raise
        middle = len(crops) // 2
        return np.concatenate([self._embed(crops[:middle]), self._embed(crops[middle:])])


class _Batches:
    """Has crops described in whole batches across photos, and lets photos out in the order they came.

    Crops that do not fill a batch wait for the next one: singly, each would cost up to half as much again.

    Args:
        describe: Gives the descriptors of some crops.
        size: Of a batch.
        detector: The name of what found the faces.
    """

    def __init__(
        self, describe: Callable[[list[FaceCrop]], list[Descriptor]], size: int, detector: str
    ) -> None:
        self._detector = detector
        self._describe = describe
        self._size = size
        self._photos: deque[_Examination] = deque()
        self._crops: list[FaceCrop] = []
        self._descriptors: deque[Descriptor] = deque()

    def add(self, examined: _Examination) -> Iterator[Outcome]:
        """The outcomes that are complete, now that one more photo is examined."""
        self._photos.append(examined)
        if isinstance(examined, _Examined):
            self._crops += examined.crops
        full = len(self._crops) - len(self._crops) % self._size
        # Where nothing awaits a descriptor there is nothing to wait for; and nothing waits for long.
        return self._out(len(self._crops) if len(self._photos) >= MOST_PENDING else full)

    def rest(self) -> Iterator[Outcome]:
        """The outcomes of all photos that wait."""
        return self._out(len(self._crops))

    def _out(self, count: int) -> Iterator[Outcome]:
        """Have ``count`` crops described; the outcomes that are complete then."""
        if count:
            self._descriptors += self._describe(self._crops[:count])
            del self._crops[:count]
        while self._photos:
            examined = self._photos[0]
            if not isinstance(examined, _Examined):
                yield examined
            elif len(examined.crops) <= len(self._descriptors):
                faces = tuple(self._descriptors.popleft() for _ in examined.crops)
                yield PhotoIndexed(
                    examined.file,
                    examined.digest,
                    examined.size,
                    examined.taken_at,
                    faces,
                    examined.decoder,
                    self._detector,
                )
            else:
                return
            self._photos.popleft()


class _Contents:
    """Which content is known, and which a worker is busy with; shared by the threads of a run."""

    def __init__(self, known: Callable[[bytes], bool]) -> None:
        self._known = known
        self._done: set[bytes] = set()
        self._busy: dict[bytes, Future[_Examined]] = {}
        self._lock = Lock()

    def known(self, digest: bytes) -> bool:
        """Whether this content needs no work."""
        return digest in self._done or self._known(digest)

    def once(self, digest: bytes, work: Callable[[], _Examined]) -> _Examined:
        """The result of ``work``, or of a worker that is at the same content already.

        Raises:
            PhotoError: As ``work`` does.
        """
        own: Future[_Examined] = Future()
        with self._lock:
            busy = self._busy.setdefault(digest, own)
        if busy is not own:
            try:
                return busy.result()
            except PhotoError as error:
                if error.reason.lies_in_content:
                    raise
                # Only the other file could not be read: this one is read after all.
        try:
            result = work()
        except BaseException as error:
            own.set_exception(error)
            raise
        own.set_result(result)
        return result

    def first(self, examined: _Examination) -> _Examination:
        """The examination itself for the first file of its content, ``PhotoKnown`` for later ones."""
        if not isinstance(examined, _Examined | PhotoFailed) or examined.digest is None:
            return examined
        if examined.digest in self._done:
            return PhotoKnown(examined.file, examined.digest)
        self._done.add(examined.digest)
        with self._lock:
            self._busy.pop(examined.digest, None)
        return examined
