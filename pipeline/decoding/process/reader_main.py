"""Runs a reader: a process that decodes photos and films one at a time, so that none can crash the run.

`pipeline.decoding.decoders` starts it anew, never forked. It imports only what decoding needs, limits its
memory to what the photo should take, writes no core file or terminal output, and is killed first when memory
runs out. It ignores signals that stop a run: the run ends it, and it also ends when the run dies, even within
a decoder that hangs.
"""

import contextlib
import os
import socket
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any, BinaryIO, TypeAlias, TypeVar

import numpy as np

from pipeline.decoding.decode import PixelMemory, read_date
from pipeline.decoding.format_reader import MemoryNeeded, Picture, Unreadable
from pipeline.decoding.process.reader_messages import (
    Channel,
    Continue,
    Dated,
    DateRequest,
    Decoded,
    DecodeRequest,
    Enough,
    FilmEnded,
    FilmFrame,
    FilmGoesOn,
    FilmOpened,
    FrameTaken,
    LookRequest,
    Ready,
    Refused,
)
from pipeline.platform_support import confine_reader, limit_memory, map_shared, open_content
from pipeline.values import U8, Reason, Stage

Decode: TypeAlias = Callable[[BinaryIO, DecodeRequest, PixelMemory], Picture]

Paint: TypeAlias = Callable[[U8], None]

_T = TypeVar("_T")

_INPUT, _ERRORS = 0, 2

_OWN_ADDRESS_SPACE = 512 << 20
"""Bytes: some 120 MB of it are Python and the libraries; the rest is room for metadata and small buffers."""

_HEADER_BYTES_A_PIXEL = 8
"""WebP's decoder reserves two pictures of 4 bytes a pixel as soon as it has read the header."""

_FILM_ADDRESS_SPACE = 512 << 20
"""Bytes: FFmpeg's libraries, the packets that wait to be decoded, and the index of a long film."""

_BYTES_OF_FILM_HEADER = 1 << 30
"""FFmpeg decodes a first frame of each stream to know its size."""

_PLACES = 2
_WORD_SECONDS = 1.0
"""So often the run hears that a film goes on."""

_BYTES_A_PIXEL = 32
"""More than any decoder takes: AVIF of 10 bits, which takes most, takes some 27 with all its copies."""


def main(descriptor: int, entry: str, film_entry: str) -> None:
    """Decode what the run asks for until the run closes its end of the socket ``descriptor``.

    ``entry`` and ``film_entry`` name functions like ``pipeline.decoding.decode.decode`` and
    ``pipeline.decoding.films.film_decoding.look``, as ``module:function``. The first film imports the latter.
    """
    confine_reader(_INPUT)
    decode: Decode = _imported(entry)
    channel = Channel(socket.socket(fileno=descriptor))
    channel.send(Ready())
    # Until now the run read standard error; libtiff, for one, writes warnings there.
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), _ERRORS)
    memory = _SharedPixelMemory(channel)
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            request, content = channel.receive_with_descriptor()
            if content is not None and isinstance(request, DecodeRequest):
                memory.begin(request)
                channel.send(_decoded(decode, request, content, memory))
            elif content is not None and isinstance(request, DateRequest):
                memory.begin(request)
                channel.send(_dated(request, content))
            elif content is not None and isinstance(request, LookRequest):
                memory.begin_film()
                channel.send(_looked(film_entry, request, content, _ChannelFilmOutput(channel, memory)))
            elif not isinstance(request, FrameTaken | Enough):  # these may come after the end of a film
                raise TypeError(f"unexpected message of the run: {request}")


def _imported(entry: str) -> Any:
    module, function = entry.split(":")
    return getattr(import_module(module), function)


def _dated(request: DateRequest, content: int) -> Dated | Refused:
    taken = _answered(lambda stream: read_date(stream, request), request.length, content)
    if isinstance(taken, Refused):
        return taken
    return Dated(None, None) if taken is None else Dated(taken.at, taken.source)


def _decoded(
    decode: Decode, request: DecodeRequest, content: int, memory: "_SharedPixelMemory"
) -> Decoded | Refused:
    picture = _answered(lambda stream: decode(stream, request, memory), request.length, content)
    if isinstance(picture, Refused):
        return picture
    return Decoded(
        width=picture.size.width,
        height=picture.size.height,
        taken_at=picture.taken_at,
        scale=picture.scale,
        picture=picture.picture.hex(),
        missing=picture.missing,
        taken_from=picture.taken_from,
        live_photo=picture.live_photo,
        note=picture.note,
    )


def _looked(
    entry: str, request: LookRequest, content: int, output: "_ChannelFilmOutput"
) -> FilmEnded | Refused:
    look = _imported(entry)
    return _answered(
        lambda stream: look(stream, request, output), request.length, content, not request.is_kept
    )


def _answered(
    work: Callable[[BinaryIO], _T], length: int, content: int, is_file: bool = False
) -> _T | Refused:
    """Return what comes of a content, or why it cannot be read."""
    try:
        with open_content(length, content, is_file) as stream:
            return work(stream)
    except Unreadable as error:
        return Refused(Stage.DECODE, error.reason, error.message)
    except OSError as error:
        return Refused(Stage.READ, Reason.UNREADABLE, f"it cannot be read: {error.strerror or error}")
    except MemoryError:
        message = "it takes far more memory than its size should need"
        return Refused(Stage.DECODE, Reason.OUT_OF_MEMORY, message)


class _SharedPixelMemory:
    """Memory that the run has made, reused for every photo because new pages cost time."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._memory: U8 = np.empty(0, np.uint8)
        self._file_bytes = 0
        self._own = _OWN_ADDRESS_SPACE

    def begin(self, request: DecodeRequest | DateRequest) -> None:
        self._file_bytes = 2 * request.length  # some decoders read it whole, and copy it
        limit_memory(self._own + self._file_bytes + _HEADER_BYTES_A_PIXEL * request.pixel_cap)

    def begin_film(self) -> None:
        self._own = _OWN_ADDRESS_SPACE + _FILM_ADDRESS_SPACE
        limit_memory(self._own + _BYTES_OF_FILM_HEADER)

    def prepare(self, needed: MemoryNeeded) -> None:
        """Ask the run for memory, and limit this process to little more."""
        self._ask(needed)
        limit_memory(self._own + self._file_bytes + len(self._memory) + _BYTES_A_PIXEL * needed.pixels)

    def prepare_film(self, opened: FilmOpened) -> None:
        """Ask the run for memory for two frames, and limit this process to little more."""
        self._ask(opened)
        limit_memory(self._own + len(self._memory) + opened.decoding)

    def canvas(self, height: int, width: int, place: int = 0) -> U8:
        size = height * width * 3
        return self._memory[place * size : (place + 1) * size].reshape(height, width, 3)

    def _ask(self, message: MemoryNeeded | FilmOpened) -> None:
        self._channel.send(message)
        answer, descriptor = self._channel.receive_with_descriptor()
        if not isinstance(answer, Continue):
            raise TypeError(f"unexpected message of the run: {answer}")
        if answer.new_bytes is not None and descriptor is not None:
            self._memory = np.empty(0, np.uint8)  # unmapped before more is mapped
            self._memory = map_shared(answer.new_bytes, descriptor)


class _ChannelFilmOutput:
    """Gives frames to the run, the next one while the run works on the last."""

    def __init__(self, channel: Channel, memory: _SharedPixelMemory) -> None:
        self._channel = channel
        self._memory = memory
        self._free = _PLACES
        self._place = 0
        self._is_wanted = True
        self._last_word = time.monotonic()

    def open(self, opened: FilmOpened) -> None:
        self._memory.prepare_film(opened)

    def give(self, moment: float, after_cut: bool, shape: tuple[int, int], paint: Paint) -> None:
        while self._is_wanted and not self._free:
            self._listen()
        if not self._is_wanted:
            return
        paint(self._memory.canvas(*shape, self._place))
        self._send(FilmFrame(moment, after_cut, self._place))
        self._free -= 1
        self._place = (self._place + 1) % _PLACES

    def go_on(self, reached: float) -> bool:
        while self._is_wanted and self._channel.has_message():
            self._listen()
        if time.monotonic() - self._last_word > _WORD_SECONDS:
            self._send(FilmGoesOn(reached))
        return self._is_wanted

    def _listen(self) -> None:
        message = self._channel.receive(alone=False)
        if isinstance(message, Enough):
            self._is_wanted = False
        elif isinstance(message, FrameTaken):
            self._free += 1
            self._last_word = time.monotonic()
        else:
            raise TypeError(f"unexpected message of the run: {message}")

    def _send(self, message: FilmFrame | FilmGoesOn) -> None:
        self._channel.send(message)
        self._last_word = time.monotonic()
