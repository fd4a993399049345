"""Decodes photos and frames of films for viewing, a few at once, in processes of their own."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import BoundedSemaphore, Lock
from typing import TypeVar

from faceindex.errors import PictureUnavailable
from faceindex.settings import Settings
from faceindex.viewing.picture import unavailable
from index.photos.picture_sources import PhotoSource
from pipeline.decoding.decoders import Decoder, DecoderOptions, Decoders
from pipeline.errors import PhotoError
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import DecodedPhoto, PhotoFile

_T = TypeVar("_T")

_MOST_AT_ONCE = 4
"""Photos decoded at once: each may take 100 MB."""


class PhotoReader:
    """Shared by threads; ``close`` ends its processes. Methods raise ``PictureUnavailable``."""

    def __init__(self, settings: Settings) -> None:
        self._options = DecoderOptions(pixel_cap=int(settings.max_megapixels * 1e6))
        self._turns = BoundedSemaphore(min(settings.cores, _MOST_AT_ONCE))
        self._decoders: Decoders | None = None
        self._starting = Lock()

    def close(self) -> None:
        """End the processes; the next call starts them again."""
        with self._starting:
            if self._decoders is not None:
                self._decoders.close()
                self._decoders = None

    def photo(self, file: PhotoFile, long_edge: int | None, use: Callable[[DecodedPhoto], _T]) -> _T:
        """Decode a photo, no smaller than ``long_edge``; return what ``use`` makes of its pixels."""
        with self._opened(file) as (photo, decoder):
            return use(decoder.decode(photo, long_edge))

    def frame(
        self, source: PhotoSource, moment: float, long_edge: int | None, use: Callable[[DecodedPhoto], _T]
    ) -> _T:
        """Decode the frame of a film at a moment, in seconds; otherwise as ``photo``."""
        with self._opened(source.file) as (photo, decoder):
            _trust(photo, source)
            return use(decoder.frame_at(photo, moment, long_edge))

    def codec(self, source: PhotoSource) -> str:
        """Return FFmpeg's name of how the pictures of a film are coded, such as ``h264``."""
        from pipeline.decoding.films.film import FilmRequest

        with self._opened(source.file) as (photo, decoder):
            _trust(photo, source)
            with decoder.open_film(photo, FilmRequest(long_edge=1)) as film:
                return film.header.codec

    @contextmanager
    def _opened(self, file: PhotoFile) -> Iterator[tuple[OpenPhoto, Decoder]]:
        with self._turns:
            try:
                with OpenPhoto(file) as photo, self._all_decoders().lend() as decoder:
                    yield photo, decoder
            except PhotoError as error:
                raise unavailable(file, error) from error

    def _all_decoders(self) -> Decoders:
        with self._starting:
            self._decoders = self._decoders or Decoders(self._options)
            return self._decoders


def as_it_is_now(file: PhotoFile) -> PhotoFile:
    """Return a file with its present size and time; ``PictureUnavailable`` if it is not there."""
    try:
        found = os.stat(file.path)
    except OSError as error:
        raise PictureUnavailable(file.path, error.strerror or str(error)) from error
    return replace(file, size=found.st_size, mtime_ns=found.st_mtime_ns)


def _trust(photo: OpenPhoto, source: PhotoSource) -> None:
    """Take the digest of a film from the library, as long as its size and time are the same."""
    if source.digest is not None:
        photo.trust(source.digest)
