"""Decodes photos in processes of their own, and survives whatever a photo does to them.

A hostile file may crash a decoder, hang it, or exhaust memory. That costs one reader process: the photo is
tried once more in a fresh one, and fails for good if that dies too. This module only starts, limits and ends
readers.
"""

import os
import stat
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Self

from pipeline.decoding.films.film import Film, FilmRequest
from pipeline.decoding.films.film_session import FilmLimits, FilmReaders, ReaderFilm
from pipeline.decoding.films.motion_photo import film_behind
from pipeline.decoding.formats import Format
from pipeline.decoding.process.reader_messages import DateRequest, DecodeRequest
from pipeline.decoding.process.reader_process import ReaderDied, ReaderProcess
from pipeline.decoding.readers import READERS, format_of, readable_format
from pipeline.errors import PhotoError
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import DecodedPhoto, PhotoFile, Reason, Sidecar, Stage, Taken

_GIANT = 256 << 20
"""Bytes. A reader that took so much for a photo ends after it, which frees its memory."""


@dataclass(frozen=True, slots=True)
class DecoderOptions:
    """How photos are decoded.

    Attributes:
        pixel_cap: Photos of more pixels fail; 400 million take some 3 GB while decoded.
        seconds: Time limit of one try; each megapixel of a large photo adds a fifth of a second.
        film_seconds: Time limit of each step of a film; unlike a photo, it comes from storage meanwhile.
        photos: A reader ends after so many, to free what they leaked. A photo decoded twice counts twice.
        entry: What decodes a photo in a reader, as ``module:function``.
        film_entry: What looks through a film there.
    """

    pixel_cap: int = 400_000_000
    seconds: float = 5.0
    film_seconds: float = 30.0
    photos: int = 500
    entry: str = "pipeline.decoding.decode:decode"
    film_entry: str = "pipeline.decoding.films.film_decoding:look"


class Decoders:
    """Lends each thread a decoder; a context manager that ends all readers."""

    def __init__(self, options: DecoderOptions | None = None) -> None:
        self._options = options or DecoderOptions()
        self._all: list[Decoder] = []
        self._idle: list[Decoder] = []
        self._end = weakref.finalize(self, _end_all, self._all)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def start(self, count: int) -> None:
        """Start ``count`` readers now, so that they load while the caller works."""
        for _ in range(count - len(self._idle)):
            self._idle.append(self._new())

    @contextmanager
    def lend(self) -> Iterator["Decoder"]:
        """Yield a decoder for one thread; the pixels of its last photo are invalid after the block."""
        try:
            decoder = self._idle.pop()
        except IndexError:
            decoder = self._new()
        try:
            yield decoder
        except BaseException:
            with suppress(Exception):  # the photo's own error counts; this decoder is not lent again
                decoder.rest()
                self._idle.append(decoder)
            raise
        decoder.rest()
        self._idle.append(decoder)

    def close(self) -> None:
        """End all readers; may be called twice. Garbage collection of this object ends them too."""
        self._end()

    def _new(self) -> "Decoder":
        decoder = Decoder(self._options)
        self._all.append(decoder)
        return decoder


def _end_all(decoders: list["Decoder"]) -> None:
    while decoders:
        decoders.pop().close()


class Decoder:
    """Decodes photos in a reader, which it replaces if it dies. For one thread at a time."""

    def __init__(self, options: DecoderOptions) -> None:
        self._options = options
        self._reader = _new_reader(options)
        self._photo: OpenPhoto | None = None
        self._picture: str | None = None  # its digest, which takes a pass over the whole picture

    def decode(self, photo: OpenPhoto, long_edge: int | None) -> DecodedPhoto:
        """Decode a photo, or its first frame, to upright sRGB pixels, which the next call overwrites.

        ``long_edge`` is as for ``pipeline.decoding.format_reader.OpenPicture.load``.

        Raises:
            PhotoError: The file is not a complete, readable picture, has more pixels than the cap, has
                changed since the crawl, or killed two readers.
            DecodersUnavailable: No reader can be started.
        """
        if photo is not self._photo:
            self._photo, self._picture = photo, None
        photo.reserve(0)
        try:
            kind, path = readable_format(photo), os.fsdecode(photo.file.path)
            request = DecodeRequest(
                path, photo.length, kind, long_edge, self._options.pixel_cap, self._picture
            )
            decoded = self._try_twice(photo, request)
        except PhotoError:
            photo.check_unchanged()  # a file that is still being written is not damaged
            raise
        if decoded.missing is not None or not photo.is_kept:
            photo.check_unchanged()
        self._picture = decoded.picture.hex()
        return decoded

    def taken(self, photo: OpenPhoto) -> Taken | None:
        """Read when a photo was taken: what its sidecar says, or else its own file, read whole or not.

        Raises ``PhotoError`` if its own file cannot be read, and ``DecodersUnavailable`` as ``decode``.
        """
        sidecar = photo.file.sidecar
        taken = None if sidecar is None else self.taken_by_sidecar(photo.file, sidecar)
        kind = format_of(photo)
        if taken is not None or kind is None or kind not in READERS:
            return taken
        return self._date(photo.file, photo.any_descriptor(), photo.length, kind)

    def taken_by_sidecar(self, file: PhotoFile, sidecar: Sidecar) -> Taken | None:
        """Read when a photo was taken by its sidecar; ``None`` also if that cannot be read."""
        try:
            # Without O_NONBLOCK, opening a named pipe of that name would wait for a writer.
            descriptor = os.open(sidecar.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            found = os.fstat(descriptor)
            is_text = stat.S_ISREG(found.st_mode) and found.st_size > 0
            return self._date(file, descriptor, found.st_size, None) if is_text else None
        except PhotoError:
            return None
        finally:
            os.close(descriptor)

    def _date(self, file: PhotoFile, descriptor: int, length: int, kind: Format | None) -> Taken | None:
        request = DateRequest(length, kind, self._options.pixel_cap)
        try:
            return self._reader.date(file, request, descriptor, self._options.seconds)
        except ReaderDied as death:
            self._replace()
            raise PhotoError(file, Stage.DECODE, death.reason, death.message) from death

    @contextmanager
    def open_film(self, photo: OpenPhoto, request: FilmRequest) -> Iterator[Film]:
        """As ``FilmDecoder.open_film``."""
        with self._film(photo, request, exact=False) as film:
            yield film

    def frame_at(self, photo: OpenPhoto, moment: float, long_edge: int | None) -> DecodedPhoto:
        """As ``FilmDecoder.frame_at``."""
        with self._film(photo, FilmRequest(start=moment, long_edge=long_edge), exact=True) as film:
            frame, header = next(iter(film), None), film.header
            if frame is None:
                raise PhotoError(photo.file, Stage.DECODE, Reason.CORRUPT, "no frame of it can be read")
        return DecodedPhoto(
            file=photo.file,
            digest=photo.digest(),
            size=frame.size,
            taken_at=header.taken_at,
            pixels=frame.pixels,
            scale=frame.scale,
            picture=header.picture,
            taken_from=header.taken_from,
            live_photo=header.live_photo,
        )

    @contextmanager
    def _film(self, photo: OpenPhoto, request: FilmRequest, exact: bool) -> Iterator[ReaderFilm]:
        if not request.begin and (behind := film_behind(photo)) is not None:
            request = replace(request, begin=behind.begin, length=behind.length)
        self._photo, self._picture = photo, None
        photo.reserve(0)
        readers = FilmReaders(lambda: self._reader, self._replace)
        limits = FilmLimits(self._options.film_seconds, self._options.pixel_cap)
        film = ReaderFilm(readers, photo, request, exact, limits)
        try:
            yield film
        finally:
            film.close()

    def rest(self) -> None:
        """Release the memory of the last photo, and replace a worn-out reader."""
        if self._photo is not None:
            self._photo.reserve(0)
            self._photo = self._picture = None
        worn = self._reader.photos >= self._options.photos or self._reader.most_memory >= _GIANT
        if worn or self._reader.busy:  # busy: this thread was interrupted
            self._replace()

    def close(self) -> None:
        """End the reader."""
        self._reader.end()

    def _replace(self) -> None:
        self._reader.end()
        self._reader = _new_reader(self._options)

    def _try_twice(self, photo: OpenPhoto, request: DecodeRequest) -> DecodedPhoto:
        try:
            return self._reader.decode(photo, request, self._options.seconds)
        except ReaderDied:
            self._replace()
        try:
            return self._reader.decode(photo, request, self._options.seconds)
        except ReaderDied as death:
            self._replace()
            raise PhotoError(photo.file, Stage.DECODE, death.reason, death.message) from death


def _new_reader(options: DecoderOptions) -> ReaderProcess:
    return ReaderProcess(f"{options.entry} {options.film_entry}")
