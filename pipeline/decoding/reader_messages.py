"""What a run and its reader processes say to each other, over a Unix socket.

    run     Order, with the open file          decode this
    reader  Needs                              so much memory will be taken ...
    run     Granted                            ... and may be
    reader  Decoded, once with new memory      the pixels lie in the memory that we share
         or Refused                            a PhotoError
         or OutOfMemory                        the reader is of no more use

A reader says Ready once, before its first order. Messages are JSON and not pickles: a photo that takes over a
decoder shall not find it easy to go on from there. This module knows neither files nor pictures.
"""

import json
import socket
import time
from dataclasses import asdict, dataclass
from typing import TypeAlias

_LENGTH_BYTES = 4
_SHORTEST_WAIT = 0.001  # seconds; zero would mean not to wait, and an error of its own


@dataclass(frozen=True, slots=True)
class Ready:
    """The reader has loaded its decoders."""


@dataclass(frozen=True, slots=True)
class Order:
    """A photo to decode, sent with the descriptor of its file.

    Attributes:
        path: Absolute, as ``os.fsdecode`` gives it.
        size: Of the file as the crawl saw it, bytes.
        mtime_ns: Of the file as the crawl saw it.
        long_edge: As for ``pipeline.decoding.decode.decode``.
        pixel_cap: As for ``pipeline.decoding.decode.decode``.
    """

    path: str
    size: int
    mtime_ns: int
    long_edge: int | None
    pixel_cap: int


@dataclass(frozen=True, slots=True)
class Needs:
    """The header is read.

    Attributes:
        memory: Bytes that the photo will take while it is decoded.
        pixels: Of the photo at full size.
    """

    memory: int
    pixels: int


@dataclass(frozen=True, slots=True)
class Granted:
    """There is memory: go on."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """The pixels lie at the start of the shared memory; its descriptor comes along whenever it is a new one.

    Attributes:
        rows: Of the pixels.
        columns: Of the pixels.
        width: Of the upright photo at full size.
        height: Of the upright photo at full size.
        taken_at: In ISO 8601, or nothing.
        scale: As in ``pipeline.values.DecodedPhoto``.
    """

    rows: int
    columns: int
    width: int
    height: int
    taken_at: str | None
    scale: float


@dataclass(frozen=True, slots=True)
class Refused:
    """The photo cannot be read: a PhotoError in its parts."""

    stage: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class OutOfMemory:
    """The photo took more memory than the reader may."""


Message: TypeAlias = Ready | Order | Needs | Granted | Decoded | Refused | OutOfMemory

_KINDS: dict[str, type[Message]] = {
    kind.__name__: kind for kind in (Ready, Order, Needs, Granted, Decoded, Refused, OutOfMemory)
}


@dataclass(frozen=True, slots=True)
class Received:
    """A message, and the descriptor of the file that came with it, which is the receiver's to close."""

    message: Message
    descriptor: int | None


class Channel:
    """One end of the socket between a run and one reader. Not for use by two threads.

    Args:
        end: The socket; it is closed with this.
    """

    def __init__(self, end: socket.socket) -> None:
        self._socket = end

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def send(self, message: Message, descriptor: int | None = None) -> None:
        """Send a message, and an open file with it.

        Raises:
            OSError: Nobody is at the other end any more.
        """
        content = json.dumps([type(message).__name__, asdict(message)]).encode()
        packet = len(content).to_bytes(_LENGTH_BYTES, "big") + content
        self._socket.settimeout(None)
        sent = socket.send_fds(self._socket, [packet], [] if descriptor is None else [descriptor])
        self._socket.sendall(packet[sent:])

    def receive(self, until: float | None = None) -> Received:
        """Wait for a message.

        Args:
            until: The time, of ``time.monotonic``, up to which to wait; without it, for ever.

        Raises:
            TimeoutError: None came in time.
            EOFError: Nobody is at the other end any more.
            OSError: The same.
        """
        self._wait_until(until)
        # A descriptor arrives with the first byte of its message.
        flags = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
        start, descriptors, _, _ = socket.recv_fds(self._socket, _LENGTH_BYTES, 1, flags)
        if not start:
            raise EOFError("the other end is closed")
        start += self._exactly(_LENGTH_BYTES - len(start), until)
        name, fields = json.loads(self._exactly(int.from_bytes(start, "big"), until))
        return Received(_KINDS[name](**fields), descriptors[0] if descriptors else None)

    def _exactly(self, length: int, until: float | None) -> bytes:
        parts = []
        while length:
            self._wait_until(until)
            part = self._socket.recv(length)
            if not part:
                raise EOFError("the other end is closed")
            parts.append(part)
            length -= len(part)
        return b"".join(parts)

    def _wait_until(self, until: float | None) -> None:
        self._socket.settimeout(None if until is None else max(until - time.monotonic(), _SHORTEST_WAIT))
