"""A reader: a process that decodes photos for a run, one at a time, so that no photo can take the run down.

It is started anew by `pipeline.decoding.decoders`, never forked, and imports no more than decoding needs. It
may take only so much memory as a photo of its size should, leaves no core file, writes nothing to the
terminal, and is the first to go when the machine runs out of memory. Signals that stop a run are not for it:
the run ends it, or dies, which ends it too, even in the middle of a decoder that never comes back.
"""

import contextlib
import fcntl
import mmap
import os
import resource
import signal
import socket
import tempfile
from collections.abc import Callable
from importlib import import_module
from typing import TypeAlias

import numpy as np

from pipeline.decoding.decode import Picture, PixelMemory
from pipeline.decoding.reader_messages import (
    Channel,
    Decoded,
    Granted,
    Message,
    Needs,
    Order,
    OutOfMemory,
    Ready,
    Refused,
)
from pipeline.errors import PhotoError
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import U8, PhotoFile

Decode: TypeAlias = Callable[[OpenPhoto, int | None, int, PixelMemory], Picture]

_LIFELINE = 0
"""Standard input: a pipe that nobody writes to, whose other end closes when the run does."""

_ERRORS = 2

_OWN_ADDRESS_SPACE = 512 << 20
"""Bytes: some 120 MB of it are Python and the libraries; the rest is room for metadata and small buffers."""

_HEADER_BYTES_A_PIXEL = 8
"""WebP's decoder reserves two pictures of 4 bytes a pixel as soon as it has read the header."""

_BYTES_A_PIXEL = 32
"""More than any decoder takes: AVIF of 10 bits, the thirstiest, takes some 27 with all its copies."""


def main(descriptor: int, entry: str) -> None:
    """Serve orders until the run closes its end.

    Args:
        descriptor: Of the socket to the run.
        entry: What decodes, as ``module:function``; a function like ``pipeline.decoding.decode.decode``.
    """
    _die_with_the_run()
    _go_first_when_memory_runs_out()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    module, function = entry.split(":")
    decode: Decode = getattr(import_module(module), function)
    channel = Channel(socket.socket(fileno=descriptor))
    channel.send(Ready())
    _fall_silent()
    with contextlib.suppress(EOFError, ConnectionError):
        _serve(channel, decode)


def _serve(channel: Channel, decode: Decode) -> None:
    room = _SharedPixelMemory(channel)
    while True:
        received = channel.receive()
        order = received.message
        if not isinstance(order, Order):
            raise TypeError(f"no order: {order}")
        file = PhotoFile(os.fsencode(order.path), order.size, order.mtime_ns)
        with OpenPhoto(file, received.descriptor) as photo:
            room.begin(photo, order)
            reply = _carry_out(decode, photo, order, room)
        channel.send(reply, room.new_file)
        room.hand_over()


def _carry_out(decode: Decode, photo: OpenPhoto, order: Order, room: "_SharedPixelMemory") -> Message:
    try:
        picture = decode(photo, order.long_edge, order.pixel_cap, room)
    except PhotoError as error:
        return Refused(error.stage, error.reason, error.message)
    except MemoryError:
        return OutOfMemory()
    rows, columns, _ = picture.pixels.shape
    taken_at = None if picture.taken_at is None else picture.taken_at.isoformat()
    return Decoded(rows, columns, picture.size.width, picture.size.height, taken_at, picture.scale)


class _SharedPixelMemory:
    """Memory that is shared with the run, and used again for every photo, since new pages cost time.

    It is an anonymous file, which is gone when both have gone, however they went.

    Attributes:
        new_file: The descriptor of that file while the run does not have it.
    """

    def __init__(self, channel: Channel) -> None:
        self.new_file: int | None = None
        self._channel = channel
        self._memory: mmap.mmap | None = None
        self._file_bytes = 0

    def begin(self, photo: OpenPhoto, order: Order) -> None:
        """Get ready for a photo, of which only the file is known."""
        self._file_bytes = 2 * photo.length  # some decoders read it whole, and copy it
        _limit_memory(self._file_bytes + _HEADER_BYTES_A_PIXEL * order.pixel_cap)

    def prepare(self, needed: int, pixels: int) -> None:
        """Ask the run for memory, as ``PixelMemory.prepare`` says; take not much more."""
        self._channel.send(Needs(needed, pixels))
        granted = self._channel.receive().message
        if not isinstance(granted, Granted):
            raise TypeError(f"memory not granted: {granted}")
        shared = 0 if self._memory is None else len(self._memory)
        _limit_memory(self._file_bytes + shared + _BYTES_A_PIXEL * pixels)

    def canvas(self, height: int, width: int) -> U8:
        """The shared memory, as ``PixelMemory.canvas`` says; larger than before where it must be."""
        size = height * width * 3
        if self._memory is None or len(self._memory) < size:
            self.hand_over()
            self.new_file = _anonymous_file(size)
            self._memory = _mapped(self.new_file, size)
        return np.frombuffer(self._memory, np.uint8, size).reshape(height, width, 3)

    def hand_over(self) -> None:
        """The run has the memory; its descriptor is not needed here any more."""
        if self.new_file is not None:
            os.close(self.new_file)
            self.new_file = None


def _anonymous_file(size: int) -> int:
    """The descriptor of a file of so many bytes that has no name anywhere."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("faceindex photo")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, size)
    return descriptor


def _mapped(descriptor: int, size: int) -> mmap.mmap:
    try:
        return mmap.mmap(descriptor, size)
    except OSError as error:
        raise MemoryError(f"no room for {size} bytes of pixels") from error


def _limit_memory(size: int) -> None:
    """Allow this process so many bytes beyond what it takes by itself."""
    wanted, hard = _OWN_ADDRESS_SPACE + size, resource.getrlimit(resource.RLIMIT_AS)[1]
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_AS, (allowed, hard))


def _die_with_the_run() -> None:
    """Have the kernel kill this process when the lifeline is cut, whatever the process is at then.

    Only Linux can. Elsewhere a reader ends when it next looks for an order.
    """
    if hasattr(fcntl, "F_SETSIG"):
        fcntl.fcntl(_LIFELINE, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(_LIFELINE, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(_LIFELINE, fcntl.F_SETFL, fcntl.fcntl(_LIFELINE, fcntl.F_GETFL) | os.O_ASYNC)


def _go_first_when_memory_runs_out() -> None:
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("1000")


def _fall_silent() -> None:
    """Until now errors were for the run to read; from now on libraries may say what they like.

    libtiff, for one, writes to standard error what it thinks of a file.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _ERRORS)
    os.close(nowhere)
