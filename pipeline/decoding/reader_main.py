"""Runs a reader: a process that decodes photos one at a time, so that no photo can crash the run.

`pipeline.decoding.decoders` starts it anew, never forked. It imports only what decoding needs, limits its
memory to what the photo should take, writes no core file or terminal output, and is killed first when memory
runs out. It ignores signals that stop a run: the run ends it, and it also ends when the run dies, even within
a decoder that hangs.
"""

import contextlib
import os
import socket
from collections.abc import Callable
from importlib import import_module
from typing import BinaryIO, TypeAlias

import numpy as np

from pipeline.decoding.decode import PixelMemory, read_date
from pipeline.decoding.format_reader import MemoryNeeded, Picture, Unreadable
from pipeline.decoding.reader_messages import (
    Channel,
    Continue,
    Dated,
    DateRequest,
    Decoded,
    DecodeRequest,
    Ready,
    Refused,
)
from pipeline.platform_support import confine_reader, limit_memory, map_shared, open_content
from pipeline.values import U8, Reason, Stage

Decode: TypeAlias = Callable[[BinaryIO, DecodeRequest, PixelMemory], Picture]

_INPUT, _ERRORS = 0, 2

_OWN_ADDRESS_SPACE = 512 << 20
"""Bytes: some 120 MB of it are Python and the libraries; the rest is room for metadata and small buffers."""

_HEADER_BYTES_A_PIXEL = 8
"""WebP's decoder reserves two pictures of 4 bytes a pixel as soon as it has read the header."""

_BYTES_A_PIXEL = 32
"""More than any decoder takes: AVIF of 10 bits, which takes most, takes some 27 with all its copies."""


def main(descriptor: int, entry: str) -> None:
    """Decode what the run asks for until the run closes its end of the socket ``descriptor``.

    ``entry`` names a function like ``pipeline.decoding.decode.decode``, as ``module:function``.
    """
    confine_reader(_INPUT)
    module, function = entry.split(":")
    decode: Decode = getattr(import_module(module), function)
    channel = Channel(socket.socket(fileno=descriptor))
    channel.send(Ready())
    # Until now the run read standard error; libtiff, for one, writes warnings there.
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), _ERRORS)
    memory = _SharedPixelMemory(channel)
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            request, content = channel.receive_with_descriptor()
            if not isinstance(request, DecodeRequest | DateRequest) or content is None:
                raise TypeError(f"unexpected message of the run: {request}")
            memory.begin(request)
            channel.send(_answer(decode, request, content, memory))


def _answer(
    decode: Decode, request: DecodeRequest | DateRequest, content: int, memory: "_SharedPixelMemory"
) -> Decoded | Dated | Refused:
    try:
        with open_content(request.length, content) as stream:
            if isinstance(request, DateRequest):
                taken = read_date(stream, request)
                return Dated(None, None) if taken is None else Dated(taken.at, taken.source)
            picture = decode(stream, request, memory)
    except Unreadable as error:
        return Refused(Stage.DECODE, error.reason, error.message)
    except OSError as error:
        return Refused(Stage.READ, Reason.UNREADABLE, f"it cannot be read: {error.strerror or error}")
    except MemoryError:
        message = "it takes far more memory than a photo of its size should"
        return Refused(Stage.DECODE, Reason.OUT_OF_MEMORY, message)
    return Decoded(
        width=picture.size.width,
        height=picture.size.height,
        taken_at=picture.taken_at,
        scale=picture.scale,
        picture=picture.picture.hex(),
        missing=picture.missing,
        taken_from=picture.taken_from,
        note=picture.note,
    )


class _SharedPixelMemory:
    """Memory that the run has made, reused for every photo because new pages cost time."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._memory: U8 = np.empty(0, np.uint8)
        self._file_bytes = 0

    def begin(self, request: DecodeRequest | DateRequest) -> None:
        self._file_bytes = 2 * request.length  # some decoders read it whole, and copy it
        limit_memory(_OWN_ADDRESS_SPACE + self._file_bytes + _HEADER_BYTES_A_PIXEL * request.pixel_cap)

    def prepare(self, needed: MemoryNeeded) -> None:
        """Ask the run for memory, and limit this process to little more."""
        self._channel.send(needed)
        answer, descriptor = self._channel.receive_with_descriptor()
        if not isinstance(answer, Continue):
            raise TypeError(f"unexpected message of the run: {answer}")
        if answer.new_bytes is not None and descriptor is not None:
            self._memory = np.empty(0, np.uint8)  # unmapped before more is mapped
            self._memory = map_shared(answer.new_bytes, descriptor)
        limit_memory(
            _OWN_ADDRESS_SPACE + self._file_bytes + len(self._memory) + _BYTES_A_PIXEL * needed.pixels
        )

    def canvas(self, height: int, width: int) -> U8:
        return self._memory[: height * width * 3].reshape(height, width, 3)
