"""Decodes photos in processes of their own, and outlives whatever a photo does to them.

A decoder that is given a hostile file may crash, hang, or take all the memory there is. Here that costs one
process: the photo is tried once more in a fresh one, which no other photo can have harmed, and if that dies
too the photo has failed for good; the run goes on. Pixels come back through memory that both
processes share. This module starts, limits and ends the processes; it decodes nothing itself.
"""

import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from pipeline.decoding.memory_budget import MemoryBudget
from pipeline.decoding.reader_messages import Decoded, Granted, Needs, Order, OutOfMemory, Refused
from pipeline.decoding.reader_process import ReaderDied, ReaderProcess
from pipeline.errors import PhotoError
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import DecodedPhoto, Reason, Stage

_SECONDS_A_PIXEL = 2e-7
"""A panorama may take longer: five times what PNG with a colour profile takes here, the slowest of all."""

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
    """Readers for as many threads as ask for one; a context manager that ends them all.

    Args:
        options: How photos are decoded.
        budget: Memory for pixels is taken from it before they are decoded.
    """

    def __init__(self, options: DecoderOptions | None = None, budget: MemoryBudget | None = None) -> None:
        self._options = options or DecoderOptions()
        self._budget = budget or MemoryBudget()
        self._all: list[Decoder] = []
        self._idle: list[Decoder] = []
        self._end = weakref.finalize(self, _end_all, self._all)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
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
        """End all readers; once is enough, twice does no harm. They end with this object too."""
        self._end()

    def _new(self) -> "Decoder":
        decoder = Decoder(self._options, self._budget)
        self._all.append(decoder)
        return decoder


def _end_all(decoders: list["Decoder"]) -> None:
    while decoders:
        decoders.pop().close()


class Decoder:
    """Decodes photos in a reader, and has a new one when it dies. Not for use by two threads at once."""

    def __init__(self, options: DecoderOptions, budget: MemoryBudget) -> None:
        self._options = options
        self._budget = budget
        self._reader = ReaderProcess(options.entry)

    def decode(self, photo: OpenPhoto, digest: bytes, long_edge: int | None) -> DecodedPhoto:
        """Decode a photo, of many frames the first.

        Args:
            photo: The photo.
            digest: Of its content, for the result.
            long_edge: The result is the smallest of full size and 1/2, 1/4, 1/8 of it whose longer edge still
                has that many pixels; ``None`` asks for full size.

        Returns:
            The photo, upright and in sRGB. Its pixels are overwritten by the next photo that is decoded here.

        Raises:
            PhotoError: The file holds no picture that can be read, or not all of one; it has more pixels than
                the cap; it has changed since the crawl saw it; or two readers died of it.
            DecodersUnavailable: No reader can be started.
        """
        try:
            return self._try(photo, digest, long_edge)
        except ReaderDied:
            self._replace()
        try:
            return self._try(photo, digest, long_edge)
        except ReaderDied as death:
            self._replace()
            photo.check_unchanged()  # then it is not to blame
            raise PhotoError(photo.file, Stage.DECODE, death.reason, death.message) from death

    def rest(self) -> None:
        """No photo is in hand: give memory back, and end a reader that has served enough."""
        self._budget.give_back(self)
        worn = self._reader.photos >= self._options.photos or self._reader.most_memory >= _GIANT
        if worn or self._reader.busy:  # busy: this thread was interrupted
            self._replace()

    def close(self) -> None:
        """End the reader."""
        self._budget.give_back(self)
        self._reader.end()

    def _replace(self) -> None:
        self._reader.end()
        self._reader = ReaderProcess(self._options.entry)

    def _try(self, photo: OpenPhoto, digest: bytes, long_edge: int | None) -> DecodedPhoto:
        """Have the reader decode the photo.

        Raises:
            PhotoError: The photo cannot be read.
            ReaderDied: The reader died of it, or had to be killed.
        """
        self._budget.give_back(self)
        file, reader = photo.file, self._reader
        order = Order(os.fsdecode(file.path), file.size, file.mtime_ns, long_edge, self._options.pixel_cap)
        answer = reader.ask(order, self._options.seconds, photo.fileno())
        if isinstance(answer, Needs):
            self._budget.take(self, answer.memory)
            reader.most_memory = max(reader.most_memory, answer.memory)
            answer = reader.ask(Granted(), self._options.seconds + _SECONDS_A_PIXEL * answer.pixels)
        match answer:
            case Decoded():
                return reader.photo(file, digest, answer)
            case Refused():
                raise PhotoError(file, Stage(answer.stage), Reason(answer.reason), answer.message)
            case OutOfMemory():
                raise ReaderDied(
                    Reason.OUT_OF_MEMORY, "it takes far more memory than a photo of its size should"
                )
            case _:
                raise TypeError(f"unexpected answer of a reader: {answer}")
