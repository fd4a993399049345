"""A reader: a process that decodes photos for a run, one at a time, so that no photo can take the run down.

It is started anew by `pipeline.decoding.decoders`, never forked, and imports no more than decoding needs. It
may take only so much memory as a photo of its size should, leaves no core file, writes nothing to the
terminal, and is the first to go when the machine runs out of memory. Signals that stop a run are not for it:
the run ends it, or dies, which ends it too, even in the middle of a decoder that never comes back.
"""

import contextlib
import os
import socket
from collections.abc import Callable
from importlib import import_module
from typing import BinaryIO, TypeAlias

from pipeline.decoding.decode import PixelMemory
from pipeline.decoding.format_reader import MemoryNeeded, Picture, Unreadable
from pipeline.decoding.reader_messages import (
    Channel,
    Continue,
    Decoded,
    DecodeRequest,
    HeaderRead,
    Message,
    OutOfMemory,
    Ready,
    Refused,
)
from pipeline.platform_support import SharedMemory, attach, confine_reader, limit_memory, open_content
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
    """Decode what is asked for until the run closes its end.

    Args:
        descriptor: Of the socket to the run.
        entry: What decodes, as ``module:function``; a function like ``pipeline.decoding.decode.decode``.
    """
    confine_reader(_INPUT)
    module, function = entry.split(":")
    decode: Decode = getattr(import_module(module), function)
    channel = Channel(socket.socket(fileno=descriptor))
    channel.send(Ready())
    _discard_errors()
    with contextlib.suppress(EOFError, ConnectionError):
        _serve(channel, decode)


def _serve(channel: Channel, decode: Decode) -> None:
    memory = _SharedPixelMemory(channel)
    while True:
        request, descriptor = channel.receive_with_descriptor()
        if not isinstance(request, DecodeRequest):
            raise TypeError(f"unexpected message of the run: {request}")
        memory.begin(request)
        channel.send(_answer(decode, request, descriptor, memory))


def _answer(
    decode: Decode, request: DecodeRequest, descriptor: int | None, memory: "_SharedPixelMemory"
) -> Message:
    try:
        with _content(request, descriptor) as stream:
            picture = decode(stream, request, memory)
    except Unreadable as error:
        return Refused(Stage.DECODE, error.reason, error.message)
    except OSError as error:
        return Refused(Stage.READ, Reason.UNREADABLE, f"it cannot be read: {error.strerror or error}")
    except MemoryError:
        return OutOfMemory()
    rows, columns, _ = picture.pixels.shape
    taken_at = None if picture.taken_at is None else picture.taken_at.isoformat()
    return Decoded(rows, columns, picture.size.width, picture.size.height, taken_at, picture.scale)


def _content(request: DecodeRequest, descriptor: int | None) -> BinaryIO:
    if descriptor is None and request.content is None:
        return open(os.fsencode(request.path), "rb")
    return open_content(request.length, request.content, descriptor)


class _SharedPixelMemory:
    """Memory that the run has made, and that is used again for every photo, since new pages cost time."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._memory: SharedMemory | None = None
        self._file_bytes = 0

    def begin(self, request: DecodeRequest) -> None:
        """Get ready for a photo, of which only the file is known."""
        self._file_bytes = 2 * request.length  # some decoders read it whole, and copy it
        limit_memory(_OWN_ADDRESS_SPACE + self._file_bytes + _HEADER_BYTES_A_PIXEL * request.pixel_cap)

    def prepare(self, needed: MemoryNeeded) -> None:
        """Ask the run for memory, as ``PixelMemory.prepare`` says; take not much more."""
        self._channel.send(HeaderRead(needed.pixels, needed.result, needed.decoding))
        answer, descriptor = self._channel.receive_with_descriptor()
        if not isinstance(answer, Continue):
            raise TypeError(f"unexpected message of the run: {answer}")
        if answer.new_bytes is not None:
            if self._memory is not None:
                self._memory.close()
            self._memory = attach(answer.new_bytes, answer.name, descriptor)
        shared = 0 if self._memory is None else self._memory.size
        limit_memory(_OWN_ADDRESS_SPACE + self._file_bytes + shared + _BYTES_A_PIXEL * needed.pixels)

    def canvas(self, height: int, width: int) -> U8:
        """The shared memory, as ``PixelMemory.canvas`` says."""
        if self._memory is None:
            raise ValueError("there is no memory for pixels yet")
        return self._memory.pixels(height * width * 3).reshape(height, width, 3)


def _discard_errors() -> None:
    """Discard what is written to standard error: until now it was for the run to read.

    libtiff, for one, writes there what it thinks of a file.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _ERRORS)
    os.close(nowhere)
