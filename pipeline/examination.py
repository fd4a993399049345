"""Takes one photo from its file to its face crops, side by side with others; equal content only once."""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from threading import BoundedSemaphore, Lock
from typing import TypeAlias, TypeVar

from pipeline.decoding.decoders import Decoder, Decoders
from pipeline.decoding.films.film_digest import read_film
from pipeline.decoding.films.motion_photo import film_behind
from pipeline.decoding.formats import Format
from pipeline.decoding.metadata.file_names import file_name_date
from pipeline.decoding.readers import decoder_of, format_of, readable_format, skipped
from pipeline.errors import PhotoError
from pipeline.film_examination import USUALLY, FilmExaminer, FilmOptions
from pipeline.memory import MemoryBudget, SharedExclusiveLock, memory_errors
from pipeline.models.registry import CropProtocol
from pipeline.networks import NetworkLoader
from pipeline.sources.photo_file_access import FIRST_BYTES, OpenPhoto
from pipeline.timing import StageClock
from pipeline.values import (
    DateSource,
    DecodedPhoto,
    DetectedFace,
    FaceCrop,
    FilmPart,
    PhotoFailed,
    PhotoFile,
    PhotoIndexed,
    PhotoKnown,
    PhotoSkipped,
    Size,
)

AHEAD_BYTES = 32 << 20
"""Bytes of photos that are read, or being read, before a thread examines them: what a network of a gigabit a
second brings in a third of one. Photos that need one read only are bounded by their number."""

_LONG_READS = 4
"""Reads at once of what follows ``FIRST_BYTES``: with more, a disk's head would mostly move between files."""


@dataclass(frozen=True, slots=True, eq=False)
class Examined:
    """A photo whose faces are found and cut out, but not described."""

    file: PhotoFile
    digest: bytes
    size: Size
    taken_at: datetime | None
    crops: tuple[FaceCrop, ...]
    decoder: str
    picture: bytes
    note: str | None
    taken_from: DateSource | None
    live_photo: str | None
    film: FilmPart | None = None


Examination: TypeAlias = Examined | PhotoIndexed | PhotoKnown | PhotoSkipped | PhotoFailed
"""What a photo is found to be; the faces of a film are described at once."""

_Content: TypeAlias = Examined | PhotoIndexed | PhotoKnown | PhotoFailed
"""What is found in a content that no other thread is busy with."""


@dataclass(frozen=True, slots=True)
class ExaminationOptions:
    """How photos are cropped, and decoded: no smaller than ``long_edge``, the detector's, in pixels.

    ``thumbnails`` are cut too, for people to look at.
    """

    long_edge: int
    crop: CropProtocol
    films: FilmOptions = USUALLY
    thumbnails: bool = False


class Examiner:
    """Reads photos, finds their faces and cuts them out. Shared by threads: some read, some examine.

    ``networks`` are loaded when the first photo is decoded; ``clock`` measures the stages.
    """

    def __init__(
        self, networks: NetworkLoader, decoders: Decoders, options: ExaminationOptions, clock: StageClock
    ) -> None:
        self._networks = networks
        self._decoders = decoders
        self._options = options
        self._clock = clock
        self._budget = MemoryBudget()
        self._ahead = MemoryBudget(AHEAD_BYTES)
        self._long_reads = BoundedSemaphore(_LONG_READS)
        self._turns = SharedExclusiveLock()

    def read(
        self, file: PhotoFile, contents: "Contents"
    ) -> OpenPhoto | PhotoKnown | PhotoSkipped | PhotoFailed:
        """Read one file; return it if its content is new, to be given to ``examine`` or ``drop``.

        Waits while too much has been read that no thread examines yet.
        """
        decoder: str | None = None
        try:
            with ExitStack() as stack:
                with self._clock.time("read"):
                    photo = stack.enter_context(OpenPhoto(file, self._budget))
                stack.callback(self.drop, photo)
                if (left_out := skipped(photo)) is not None:
                    return left_out
                decoder = decoder_of(format_of(photo))
                if file.rest is not None:
                    photo.trust(file.rest.digest)
                    stack.pop_all()
                    return photo
                self._read_rest(photo)
                with self._clock.time("hash"):
                    digest = photo.digest()
                if contents.known(digest) and not _is_dated_anew(file):
                    return PhotoKnown(file, digest)
                stack.pop_all()
                return photo
        except PhotoError as error:
            return _failed(error, None, decoder)

    def _read_rest(self, photo: OpenPhoto) -> None:
        if format_of(photo) is Format.FILM:  # it is not kept in memory
            with self._long_reads, self._clock.time("read"):
                read_film(photo)
            return
        if photo.length <= FIRST_BYTES:
            with self._clock.time("read"):
                photo.read()
            return
        self._ahead.hold(photo, photo.length)
        with self._long_reads, self._clock.time("read"):
            photo.read()

    def drop(self, photo: OpenPhoto) -> None:
        """Close a photo that ``read`` returned; may be called twice."""
        self._ahead.hold(photo, 0)
        photo.close()

    def examine(self, photo: OpenPhoto, contents: "Contents") -> "Examination | Future[_Content]":
        """Examine a photo that was read, up to its crops, and close it.

        Where another thread is busy with the same content, return the future of that thread's result.
        """
        self._ahead.hold(photo, 0)
        with photo:
            if _is_dated_anew(photo.file) and contents.known(photo.digest()):
                return self._date(photo)
            decoder = decoder_of(format_of(photo))
            if photo.file.rest is not None:
                return self._cut_faces(photo, decoder, contents)
            return contents.once(photo, lambda: self._cut_faces(photo, decoder, contents))

    def _date(self, photo: OpenPhoto) -> PhotoKnown:
        """Read the date of a known photo again."""
        taken = None
        with self._decoders.lend() as decoder, suppress(PhotoError):  # it keeps its date
            taken = decoder.taken(photo)
        known = PhotoKnown(photo.file, photo.digest())
        return known if taken is None else replace(known, taken_at=taken.at, taken_from=taken.source)

    def _cut_faces(self, photo: OpenPhoto, decoder_name: str | None, contents: "Contents") -> "_Content":
        """Return a photo's faces; if memory is short, try once more when no other thread takes any."""
        try:
            try:
                with self._turns.together(), self._decoders.lend() as decoder, memory_errors():
                    return _dated_by_sidecar(self._cut_faces_of(photo, decoder, contents), decoder)
            except MemoryError:
                pass  # what the attempt held is released before the next one
            with self._turns.alone(), self._decoders.lend() as decoder, memory_errors():
                return _dated_by_sidecar(self._cut_faces_of(photo, decoder, contents), decoder)
        except PhotoError as error:
            return _failed(error, photo.digest(), decoder_name)

    def _cut_faces_of(
        self, photo: OpenPhoto, decoder: Decoder, contents: "Contents"
    ) -> Examined | PhotoIndexed | PhotoKnown:
        """Detect on a copy that is just large enough, then cut each face from the pixels that it needs."""
        self._networks.start()
        if format_of(photo) is Format.FILM or photo.file.rest is not None:
            return self._look_at_film(photo, decoder, contents)
        from pipeline.description.crop import scale_needed, wants_full_size  # they bring OpenCV
        from pipeline.description.quality import crop_and_assess
        from pipeline.description.thumbnail import with_thumbnails

        crop, long_edge = self._options.crop, self._options.long_edge
        with self._clock.time("decode"):
            decoded = decoder.decode(photo, None if wants_full_size(crop) else long_edge)
        if contents.known(decoded.picture):
            return PhotoKnown(
                photo.file, decoded.digest, decoded.picture, decoded.taken_at, decoded.taken_from
            )
        detector = self._networks.loaded(contents.stopped).detector
        with self._clock.time("detect"):
            found = detector.detect(decoded)
        faces = _beside_what_is_missing(found, decoded)
        needed = max((scale_needed(face, crop) for face in faces), default=0.0)
        size, source = decoded.size, decoded
        if needed > decoded.scale:
            with self._clock.time("decode"):  # it takes the place of the copy
                source = decoder.decode(photo, math.floor(max(size.width, size.height) * needed))
        with self._clock.time("crop"):
            crops = [crop_and_assess(source, face, crop) for face in faces]
            if self._options.thumbnails:
                crops = with_thumbnails(source, crops)
        name = decoder_of(readable_format(photo))
        note = decoded.note if decoded.missing is None else decoded.missing.note
        return Examined(
            photo.file,
            decoded.digest,
            size,
            decoded.taken_at,
            tuple(crops),
            name,
            decoded.picture,
            note,
            decoded.taken_from,
            decoded.live_photo,
            self._film_behind(photo),
        )

    def _film_behind(self, photo: OpenPhoto) -> FilmPart | None:
        """Say that all of the film behind a photo is left to look at, if it has one and that is wanted."""
        films = self._options.films
        if not films.behind_photos or film_behind(photo) is None:
            return None
        return FilmPart(0.0, 0.0, 0.0, films.per_second)

    def _look_at_film(
        self, photo: OpenPhoto, decoder: Decoder, contents: "Contents"
    ) -> PhotoIndexed | PhotoKnown:
        """Say what a film is; look at a part of it if that is known, as ``PhotoFile.rest`` tells."""
        options, name, rest = self._options, decoder_of(format_of(photo)), photo.file.rest
        films = FilmExaminer(
            lambda: self._networks.loaded(contents.stopped),
            options.crop,
            options.long_edge,
            options.films,
            self._clock,
            contents.stopped,
            thumbnails=options.thumbnails,
        )
        if rest is not None and format_of(photo) is Format.FILM:
            return films.part(photo, decoder, name, rest)
        if rest is not None:
            return films.part_behind(photo, decoder, name, rest)
        first = films.first(photo, decoder, name)
        if contents.known(first.picture):
            return PhotoKnown(photo.file, first.digest, first.picture, first.taken_at, first.taken_from)
        return first


_Dated = TypeVar("_Dated", bound=Examined | PhotoIndexed | PhotoKnown)


def _dated_by_sidecar(examined: _Dated, decoder: Decoder) -> _Dated:
    """Date a photo or film by the XMP file beside it, if that has a date."""
    sidecar = examined.file.sidecar
    taken = None if sidecar is None else decoder.taken_by_sidecar(examined.file, sidecar)
    return examined if taken is None else replace(examined, taken_at=taken.at, taken_from=taken.source)


def dated_by_name(examined: Examination) -> Examination:
    """Date a photo by its file's name, if its metadata say at most when it was last changed."""
    if not isinstance(examined, Examined | PhotoIndexed | PhotoKnown):
        return examined
    if examined.taken_at is not None and examined.taken_from is not DateSource.CHANGED:
        return examined
    taken = file_name_date(examined.file.path)
    return examined if taken is None else replace(examined, taken_at=taken.at, taken_from=taken.source)


def _known_from_other(file: PhotoFile, digest: bytes) -> PhotoKnown:
    """Return that another file of this run has the content; the next scan reads the file's own sidecar."""
    return PhotoKnown(replace(file, sidecar=None), digest)


def _is_dated_anew(file: PhotoFile) -> bool:
    return file.redate or file.sidecar is not None


def _beside_what_is_missing(faces: Sequence[DetectedFace], photo: DecodedPhoto) -> list[DetectedFace]:
    """Leave out faces that reach into the part that the file lacks."""
    part = photo.missing
    return [each for each in faces if part is None or not part.is_near(each.box, photo.size)]


def _failed(error: PhotoError, digest: bytes | None, decoder: str | None) -> PhotoFailed:
    own = digest if error.reason.lies_in_content else None
    return PhotoFailed(error.file, error.stage, error.reason, error.message, own, decoder)


class Contents:
    """The contents of one run that are known, or that a thread is busy with. Shared by threads.

    ``stopped`` is done once the run has ended.
    """

    def __init__(self, known: Callable[[bytes], bool]) -> None:
        self.stopped: Future[None] = Future()
        self._known = known
        self._done: set[bytes] = set()
        self._busy: dict[bytes, Future[_Content]] = {}
        self._lock = Lock()

    def known(self, digest: bytes) -> bool:
        """Return whether this content needs no work."""
        return digest in self._done or self._known(digest)

    def once(self, photo: OpenPhoto, work: Callable[[], _Content]) -> _Content | Future[_Content]:
        """Return the result of ``work``, or the future of a thread that is busy with the photo's content."""
        own: Future[_Content] = Future()
        digest = photo.digest()
        with self._lock:
            if digest in self._done:  # since the file was read
                return _known_from_other(photo.file, digest)
            busy = self._busy.setdefault(digest, own)
        if busy is not own:
            return busy
        try:
            result = work()
        except BaseException as error:
            own.set_exception(error)
            raise
        if result.digest is None:  # only this file cannot be read: others of its content are read
            with self._lock:
                del self._busy[digest]
        own.set_result(result)
        return result

    def first(self, examined: Examination) -> Examination:
        """Return the examination for the first file of its content, ``PhotoKnown`` for later ones."""
        if not isinstance(examined, Examined | PhotoIndexed | PhotoFailed) or examined.digest is None:
            return examined
        if examined.file.rest is not None:
            return examined
        if examined.digest in self._done:
            return _known_from_other(examined.file, examined.digest)
        with self._lock:
            self._done.add(examined.digest)
            self._busy.pop(examined.digest, None)
        return examined
