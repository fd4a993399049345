"""Decodes photos in processes of their own, and outlives whatever a photo does to them.

A decoder that is given a hostile file may crash, hang, or take all the memory there is. Here that costs one
process: the photo is tried once more in a fresh one, which no other photo can have harmed, and if that dies
too the photo has failed for good; the run goes on. Content goes there and pixels come back through memory
that both processes share. This module starts, limits and ends the processes; it decodes nothing itself.
"""

import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

from pipeline.decoding.reader_messages import DecodeRequest
from pipeline.decoding.reader_process import ReaderDied, ReaderProcess
from pipeline.decoding.readers import readable_format
from pipeline.errors import PhotoError
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import DecodedPhoto, Stage

_GIANT = 256 << 20
"""Bytes. A reader that took so much for a photo ends after it, and its memory with it."""


@dataclass(frozen=True, slots=True)
class DecoderOptions:
    """How photos are decoded.

    Attributes:
        pixel_cap: Photos of more pixels than this fail; by default 400 million, some 3 GB while decoded.
        seconds: How long one try may take; a large photo gets a fifth of a second more for each megapixel.
        photos: A reader ends after so many, and with it whatever they left in its memory. One that is
            decoded a second time, for small faces, counts twice.
        entry: What runs in a reader, as ``module:function``.
    """

    pixel_cap: int = 400_000_000
    seconds: float = 5.0
    photos: int = 500
    entry: str = "pipeline.decoding.decode:decode"


class Decoders:
    """Readers for as many threads as ask for one; a context manager that ends them all."""

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
        """Start so many readers now, so that they load while the caller does something else."""
        for _ in range(count - len(self._idle)):
            self._idle.append(self._new())

    @contextmanager
    def lend(self) -> Iterator["Decoder"]:
        """A decoder for one thread; the pixels of its last photo are gone when it is given back."""
        try:
            decoder = self._idle.pop()
        except IndexError:
            decoder = self._new()
        try:
            yield decoder
        finally:
            decoder.rest()
            self._idle.append(decoder)

    def close(self) -> None:
        """End all readers; may be called twice. They end with this object too."""
        self._end()

    def _new(self) -> "Decoder":
        decoder = Decoder(self._options)
        self._all.append(decoder)
        return decoder


def _end_all(decoders: list["Decoder"]) -> None:
    while decoders:
        decoders.pop().close()


class Decoder:
    """Decodes photos in a reader, which it replaces when it dies. For one thread at a time."""

    def __init__(self, options: DecoderOptions) -> None:
        self._options = options
        self._reader = ReaderProcess(options.entry)
        self._photo: OpenPhoto | None = None

    def decode(self, photo: OpenPhoto, long_edge: int | None) -> DecodedPhoto:
        """Decode a photo, of many frames the first.

        Args:
            photo: The photo.
            long_edge: As for ``pipeline.decoding.format_reader.OpenPicture.load``.

        Returns:
            The photo, upright and in sRGB. Its pixels are overwritten by the next photo that is decoded here.

        Raises:
            PhotoError: The file holds no picture that can be read, or not all of one; it has more pixels than
                the cap; it has changed since the crawl saw it; or two readers died of it.
            DecodersUnavailable: No reader can be started.
        """
        self._photo = photo
        photo.reserve(0)
        try:
            kind, path = readable_format(photo), os.fsdecode(photo.file.path)
            request = DecodeRequest(path, photo.length, kind, long_edge, self._options.pixel_cap)
            decoded = self._try_twice(photo, request)
        except PhotoError:
            photo.check_unchanged()  # a file that is still being written is not damaged
            raise
        photo.check_unchanged()
        return decoded

    def rest(self) -> None:
        """Give the memory of the last photo back, and replace a reader that has served enough."""
        if self._photo is not None:
            self._photo.reserve(0)
            self._photo = None
        worn = self._reader.photos >= self._options.photos or self._reader.most_memory >= _GIANT
        if worn or self._reader.busy:  # busy: this thread was interrupted
            self._replace()

    def close(self) -> None:
        """End the reader."""
        self._reader.end()

    def _replace(self) -> None:
        self._reader.end()
        self._reader = ReaderProcess(self._options.entry)

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
