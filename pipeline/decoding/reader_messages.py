"""What a run and its reader processes say to each other, over a Unix socket.

    run     DecodeRequest, with the content     decode this
    reader  HeaderRead                          so much memory will be taken
    run     Continue, perhaps with new memory   it may be taken, and the pixels go there
    reader  Decoded                             the pixels are there
         or Refused                             the photo cannot be read
         or OutOfMemory                         the photo takes more memory than it may

A reader says Ready once, before its first request. Messages are JSON and not pickles, and what a reader sends
is checked: a photo that takes over a decoder shall not find it easy to go on from there. This module knows
neither files nor pictures.
"""

import json
import socket
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TypeAlias, get_type_hints

_LENGTH_BYTES = 4
_SHORTEST_WAIT = 0.001  # seconds; zero would mean not to wait, and an error of its own

_LONGEST = 1 << 16
"""Bytes of a message: a path may have 4,096, each of which JSON may write with six."""

_SCALES = (1.0, 0.5, 0.25, 0.125)

_BYTES_A_PIXEL = 16
"""More than any picture takes while it is decoded, beside its result."""


class Nonsense(Exception):
    """What was received is no message, or not one that can be true."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The reader has loaded its decoders."""


@dataclass(frozen=True, slots=True)
class DecodeRequest:
    """A photo to decode. Its content comes with it: a descriptor, the name of shared memory, or neither.

    Attributes:
        path: Of the file, as ``os.fsdecode`` gives it; it is opened where the content does not come.
        length: Of the content, bytes.
        content: The name of the shared memory, where it has one.
        format: A value of ``pipeline.decoding.formats.Format``.
        long_edge: As for ``pipeline.decoding.format_reader.OpenPicture.load``.
        pixel_cap: A photo of more pixels is refused.
    """

    path: str
    length: int
    content: str | None
    format: str
    long_edge: int | None
    pixel_cap: int


@dataclass(frozen=True, slots=True)
class HeaderRead:
    """The header is read; attributes are those of ``pipeline.decoding.format_reader.MemoryNeeded``."""

    pixels: int
    result: int
    decoding: int

    def check(self, pixel_cap: int) -> None:
        """See that it can be true.

        Raises:
            Nonsense: It cannot.
        """
        if not (
            0 < self.pixels <= pixel_cap
            and 0 < self.result <= 3 * self.pixels
            and 0 <= self.decoding <= _BYTES_A_PIXEL * self.pixels
        ):
            raise Nonsense(f"no header: {self}")


@dataclass(frozen=True, slots=True)
class Continue:
    """There is memory: go on.

    Attributes:
        new_bytes: Size of new memory for pixels, to be used from now on; ``None`` where that of the photo
            before is large enough. Its descriptor comes along where it has no name.
        name: Of the new memory, where it has one.
    """

    new_bytes: int | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Decoded:
    """The pixels lie at the start of the shared memory.

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

    def check(self, pixels: int, capacity: int) -> None:
        """Check that it can be true of a photo of so many pixels, whose result has ``capacity`` bytes.

        Raises:
            Nonsense: It cannot.
        """
        width, height = self.width, self.height
        if self.scale not in _SCALES or min(width, height) < 1 or width * height != pixels:
            raise Nonsense(f"no size: {self}")
        reduction = round(1 / self.scale)
        expected = (-(-height // reduction), -(-width // reduction))
        if (self.rows, self.columns) != expected or 3 * self.rows * self.columns > capacity:
            raise Nonsense(f"no pixels: {self}")
        try:
            self.time()
        except ValueError as error:
            raise Nonsense(f"no time: {self}") from error

    def time(self) -> datetime | None:
        """When the photo was taken."""
        return None if self.taken_at is None else datetime.fromisoformat(self.taken_at)


@dataclass(frozen=True, slots=True)
class Refused:
    """The photo cannot be read: a PhotoError in its parts."""

    stage: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class OutOfMemory:
    """The photo took more memory than the reader may."""


Message: TypeAlias = Ready | DecodeRequest | HeaderRead | Continue | Decoded | Refused | OutOfMemory

_KINDS: dict[str, type[Message]] = {
    kind.__name__: kind
    for kind in (Ready, DecodeRequest, HeaderRead, Continue, Decoded, Refused, OutOfMemory)
}


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
        if descriptor is None:
            self._socket.sendall(packet)
        else:
            sent = socket.send_fds(self._socket, [packet], [descriptor])
            self._socket.sendall(packet[sent:])

    def receive(self, until: float | None = None) -> Message:
        """Wait for a message; a descriptor that comes with it is dropped.

        Args:
            until: The time, of ``time.monotonic``, up to which to wait; without it, for ever.

        Raises:
            TimeoutError: None came in time.
            EOFError: Nobody is at the other end any more.
            OSError: The same.
            Nonsense: What came is no message.
        """
        return self._rest(b"", until)

    def receive_with_descriptor(self) -> tuple[Message, int | None]:
        """As ``receive``, and the descriptor that came along, which is the caller's to close."""
        # It arrives with the first byte of its message.
        start, descriptors, _, _ = socket.recv_fds(self._socket, _LENGTH_BYTES, 1)
        if not start:
            raise EOFError("the other end is closed")
        return self._rest(start, None), descriptors[0] if descriptors else None

    def _rest(self, start: bytes, until: float | None) -> Message:
        start += self._exactly(_LENGTH_BYTES - len(start), until)
        length = int.from_bytes(start, "big")
        if length > _LONGEST:
            raise Nonsense(f"a message of {length} bytes")
        return _parsed(self._exactly(length, until))

    def _exactly(self, length: int, until: float | None) -> bytes:
        parts = []
        while length:
            self._socket.settimeout(None if until is None else max(until - time.monotonic(), _SHORTEST_WAIT))
            part = self._socket.recv(length)
            if not part:
                raise EOFError("the other end is closed")
            parts.append(part)
            length -= len(part)
        return b"".join(parts)


def _parsed(content: bytes) -> Message:
    """The message in a packet, each of its fields of the right type.

    Raises:
        Nonsense: There is none.
    """
    try:
        name, fields = json.loads(content)
        message = _KINDS[name](**fields)
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise Nonsense("no message") from error
    for field, kind in get_type_hints(type(message)).items():
        value = getattr(message, field)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise Nonsense(f"{field} of {type(message).__name__} is {value!r}")
    return message
