"""Has one film looked through by readers, and survives whatever it does to them.

A film that kills a reader is tried again from after its last good frame. If it kills the next one too, it
ends there, with a note, or fails if there was no good frame.
"""

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from blake3 import blake3

from pipeline.decoding.films.film import FilmEnd, FilmHeader, FilmRequest, Frame
from pipeline.decoding.films.film_containers import container_of
from pipeline.decoding.films.film_digest import read_film
from pipeline.decoding.films.film_reading import FilmReading
from pipeline.decoding.formats import Format
from pipeline.decoding.process.reader_messages import FilmEnded, FilmOpened, LookRequest
from pipeline.decoding.process.reader_process import ReaderDied, ReaderProcess
from pipeline.decoding.readers import format_of, readable_format
from pipeline.errors import PhotoError
from pipeline.extras import is_installed
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import DateSource, Reason, Size, Stage

_JUST_AFTER = 0.002
"""Seconds: moments are to a millisecond."""


@dataclass(frozen=True, slots=True)
class FilmReaders:
    """The reader in use, and what replaces it when it has died."""

    current: Callable[[], ReaderProcess]
    replace: Callable[[], None]


@dataclass(frozen=True, slots=True)
class FilmLimits:
    """What a film may take: seconds a step, and pixels, as for a photo."""

    seconds: float
    pixel_cap: int


class ReaderFilm:
    """The ``Film`` of a decoder, open from the start; ``close`` it."""

    def __init__(
        self,
        readers: FilmReaders,
        photo: OpenPhoto,
        request: FilmRequest,
        exact: bool,
        limits: FilmLimits,
    ) -> None:
        self._readers = readers
        self._photo = photo
        self._seconds = limits.seconds
        self._request = _look_request(photo, request, exact, limits.pixel_cap)
        self._end: FilmEnd | None = None
        self._from = self._request.start
        self._deaths = 0
        read_film(photo)
        self._reading: FilmReading | None = self._open()
        self._header = _header(photo, self._reading.opened)

    @property
    def header(self) -> FilmHeader:
        """As ``Film.header``."""
        return self._header

    @property
    def end(self) -> FilmEnd | None:
        """As ``Film.end``."""
        return self._end

    def __iter__(self) -> Iterator[Frame]:
        """As ``Film.__iter__``."""
        while self._reading is not None:
            try:
                found = self._reading.next()
            except ReaderDied as death:
                self._died(death)
                self._go_on()
            except PhotoError as error:
                self._reading = None
                self._end_at_last_frame(error)
            else:
                if isinstance(found, FilmEnded):
                    self._reading = None
                    self._photo.check_unchanged()
                    self._end = FilmEnd(found.duration, found.note)
                    return
                frame, pixels = found
                self._from, self._deaths = frame.moment + _JUST_AFTER, 0
                scale = 1 / self._reading.opened.reduction
                yield Frame(frame.moment, self._header.size, pixels, scale, frame.after_cut)
                if self._reading is not None:
                    self._reading.release()

    def close(self) -> None:
        """End the film, before its end if need be."""
        if self._reading is None:
            return
        try:
            self._reading.stop()
        except ReaderDied:
            self._readers.replace()
        except PhotoError:  # the reader has refused the rest
            pass
        self._reading = None

    def _open(self) -> FilmReading:
        """Have a reader look from where the film is; try twice."""
        while True:
            request = replace(self._request, start=self._from, is_kept=self._photo.is_kept)
            try:
                return FilmReading(self._readers.current(), self._photo, request, self._seconds)
            except ReaderDied as death:
                self._died(death)
                if self._deaths > 1:
                    raise PhotoError(self._photo.file, Stage.DECODE, death.reason, death.message) from death
            except PhotoError:
                self._photo.check_unchanged()  # a file that is still being written is not damaged
                raise

    def _died(self, death: ReaderDied) -> None:
        self._reading = None
        self._readers.replace()
        self._deaths += 1
        self._death = death

    def _go_on(self) -> None:
        """Go on after the last good frame, or end there."""
        try:
            if self._deaths > 1:
                raise PhotoError(
                    self._photo.file, Stage.DECODE, self._death.reason, self._death.message
                ) from self._death
            self._reading = self._open()
        except PhotoError as error:
            self._end_at_last_frame(error)

    def _end_at_last_frame(self, error: PhotoError) -> None:
        """End with a note; raise the error if there was no frame."""
        self._photo.check_unchanged()
        if self._from == self._request.start or not error.reason.lies_in_content:
            raise error
        self._end = FilmEnd(self._from, _note(self._header.duration, self._from))


def _note(duration: float | None, until: float) -> str:
    if duration is None or duration <= until:
        return "what follows its last picture cannot be read: the decoder crashes or hangs there"
    return f"its last {math.ceil(duration - until)} s cannot be read: the decoder crashes or hangs there"


def _look_request(photo: OpenPhoto, request: FilmRequest, exact: bool, pixel_cap: int) -> LookRequest:
    return LookRequest(
        path=os.fsdecode(photo.file.path),
        length=photo.length,
        container=_container(photo, request),
        begin=request.begin,
        size=photo.length - request.begin if request.length is None else request.length,
        start=float(request.start),
        per_second=float(request.per_second),
        long_edge=request.long_edge,
        exact=exact,
        pixel_cap=pixel_cap,
    )


def _container(photo: OpenPhoto, request: FilmRequest) -> str:
    found = None
    if is_installed("video"):
        found = "mov" if request.begin else _container_of(photo)
    if found is None:
        readable_format(photo)  # says why it is not read
        raise PhotoError(photo.file, Stage.DECODE, Reason.NOT_AN_IMAGE, "it is a photo, and no film")
    return found


def _container_of(photo: OpenPhoto) -> str | None:
    return container_of(photo.file.path, photo.head) if format_of(photo) is Format.FILM else None


def _header(photo: OpenPhoto, opened: FilmOpened) -> FilmHeader:
    media = photo.part_digest
    shown = photo.digest() if media is None else blake3(media + opened.shown.encode()).digest()
    return FilmHeader(
        size=Size(opened.width, opened.height),
        duration=opened.duration,
        taken_at=opened.taken_at,
        taken_from=None if opened.taken_at is None else DateSource.CONTAINER,
        live_photo=opened.live_photo,
        picture=shown,
        codec=opened.codec,
    )
