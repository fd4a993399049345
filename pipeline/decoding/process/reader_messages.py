"""The messages between a run and its reader processes, over a Unix socket.

    run     DecodeRequest, with the content     decode this
    reader  MemoryNeeded                        the header is read
    run     Continue, perhaps with new memory   the pixels go there
    reader  Decoded or Refused                  the pixels are there, or the photo cannot be read
    run     DateRequest, with the content       say when this was taken
    reader  Dated or Refused                    this is what it says, or it cannot be read

A reader may find only then that a picture is damaged, and send MemoryNeeded again for another of the file.
Of a film it gives one frame after another, in two places in turn, so that it decodes while the run works:

    run     LookRequest, with the content       look through this film
    reader  FilmGoesOn                          now and then, while no frame is found
    reader  FilmOpened                          the first frame is found
    run     Continue, perhaps with new memory   frames go there
    reader  FilmFrame                           a frame is there
    run     FrameTaken or Enough                its place is free again; or no more is wanted
    reader  FilmEnded or Refused

A reader first sends Ready. A message is a line of JSON whose fields are checked, and no pickle: a photo that
takes over a decoder must not easily get further.
"""

import json
import math
import os
import select
import socket
import time
from collections import deque
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypeAlias, get_args, get_type_hints

from pipeline.decoding.format_reader import MemoryNeeded
from pipeline.decoding.formats import Format
from pipeline.values import DateSource, MissingPart, Reason, Side, Stage

MOST_PICTURES = 3
"""How many pictures of one file are tried: a preview, the raw pixels, and these in other proportions."""

_SHORTEST_WAIT = 0.001  # seconds; a timeout of zero would mean not to wait

_LONGEST = 1 << 16
"""Bytes of a message: a path may have 4,096, each of which JSON may write with six."""


class Nonsense(Exception):
    """The received bytes are not a valid message."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The reader has loaded its decoders."""


@dataclass(frozen=True, slots=True)
class DecodeRequest:
    """A photo to decode; the descriptor of its content, of ``length`` bytes, comes with it.

    ``path`` is as ``os.fsdecode`` gives it, ``long_edge`` as for ``OpenPicture.load``, and ``picture`` the
    hexadecimal digest of what the file shows, if it is known.
    """

    path: str
    length: int
    format: Format
    long_edge: int | None
    pixel_cap: int
    picture: str | None = None


@dataclass(frozen=True, slots=True)
class DateRequest:
    """A photo whose date is wanted, or, without a ``format``, its sidecar; otherwise as ``DecodeRequest``."""

    length: int
    format: Format | None
    pixel_cap: int


@dataclass(frozen=True, slots=True)
class Dated:
    """When a photo was taken, and what says so; ``None`` if nothing does."""

    taken_at: datetime | None
    taken_from: DateSource | None


@dataclass(frozen=True, slots=True)
class Continue:
    """Go on: memory of ``new_bytes`` comes as a descriptor; ``None`` if that of the last photo suffices."""

    new_bytes: int | None


@dataclass(frozen=True, slots=True)
class Decoded:
    """The pixels are at the start of the shared memory; attributes are those of ``DecodedPhoto``.

    ``picture`` is hexadecimal.
    """

    width: int
    height: int
    taken_at: datetime | None
    scale: float
    picture: str
    missing: MissingPart | None = None
    taken_from: DateSource | None = None
    note: str | None = None
    live_photo: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The photo cannot be read: the parts of a PhotoError."""

    stage: Stage
    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class LookRequest:
    """A film to look through; the descriptor of its file, of ``length`` bytes, comes with it.

    Attributes:
        container: FFmpeg's name of its format.
        begin: Offset of the film in the file, ``size`` its bytes.
        is_kept: Whether the content is in memory, as that of a photo with a film behind it.
        exact: Whether only the frame that is shown at ``start`` is wanted.
    """

    path: str
    length: int
    container: str
    begin: int
    size: int
    start: float
    per_second: float
    long_edge: int | None
    exact: bool
    pixel_cap: int
    is_kept: bool = False


@dataclass(frozen=True, slots=True)
class FilmOpened:
    """A film's header; attributes are those of ``FilmHeader``.

    Attributes:
        reduction: What frames are scaled down by: 1, 2, 4 or 8.
        result: Bytes of a frame as it is given.
        decoding: Bytes that decoding takes at most.
        shown: What, beside the coded pictures, decides what a player shows.
    """

    width: int
    height: int
    reduction: int
    result: int
    decoding: int
    duration: float | None
    taken_at: datetime | None
    live_photo: str | None
    shown: str
    codec: str


@dataclass(frozen=True, slots=True)
class FilmGoesOn:
    """No frame is found yet; the film has been read up to a moment."""

    reached: float


@dataclass(frozen=True, slots=True)
class FilmFrame:
    """A frame is in the shared memory, in the first or second ``place``."""

    moment: float
    after_cut: bool
    place: int


@dataclass(frozen=True, slots=True)
class FrameTaken:
    """The place of the frame before is free."""


@dataclass(frozen=True, slots=True)
class Enough:
    """No more frames are wanted."""


@dataclass(frozen=True, slots=True)
class FilmEnded:
    """No more frames come; attributes are those of ``FilmEnd``."""

    duration: float
    note: str | None


Message: TypeAlias = (
    Ready
    | DecodeRequest
    | MemoryNeeded
    | Continue
    | Decoded
    | DateRequest
    | Dated
    | Refused
    | LookRequest
    | FilmOpened
    | FilmGoesOn
    | FilmFrame
    | FrameTaken
    | Enough
    | FilmEnded
)

_KINDS: dict[str, type[Message]] = {kind.__name__: kind for kind in get_args(Message)}

# Made once: it takes as long as all else of a message.
_HINTS = {name: get_type_hints(kind) for name, kind in _KINDS.items()}


class Channel:
    """One end of the socket between a run and one reader. For one thread."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._received = b""
        self._descriptors: deque[int] = deque()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def send(self, message: Message, descriptor: int | None = None) -> None:
        """Send a message, and optionally an open file with it; OSError if the other end is closed."""
        packet = json.dumps([type(message).__name__, message], default=_plain).encode() + b"\n"
        self._socket.settimeout(None)
        if descriptor is not None:
            packet = packet[socket.send_fds(self._socket, [packet], [descriptor]) :]
        self._socket.sendall(packet)

    def receive(self, until: float | None = None, alone: bool = True) -> Message:
        """Wait for a message until a time of ``time.monotonic``, or for ever; drop a descriptor sent with it.

        Raises:
            TimeoutError: No message came in time.
            EOFError, OSError: The other end is closed.
            Nonsense: What came is not a message, or not ``alone``.
        """
        try:
            message = self._next(until)
            if alone and self._received:
                raise Nonsense("more than one message")
            return message
        finally:
            while self._descriptors:
                os.close(self._descriptors.popleft())

    def has_message(self) -> bool:
        """Return whether something has come, or the other end is closed."""
        return b"\n" in self._received or bool(select.select([self._socket], [], [], 0)[0])

    def receive_with_descriptor(self) -> tuple[Message, int | None]:
        """Receive a message and the descriptor that came along, which the caller must close."""
        message = self._next(None)
        has_one = isinstance(message, DecodeRequest | DateRequest | LookRequest) or (
            isinstance(message, Continue) and message.new_bytes is not None
        )
        return message, self._descriptors.popleft() if has_one and self._descriptors else None

    def _next(self, until: float | None) -> Message:
        """Return the next message; several may come at once, each descriptor with the start of its own."""
        while (end := self._received.find(b"\n")) < 0:
            if len(self._received) > _LONGEST:
                raise Nonsense("a message that is too long")
            self._socket.settimeout(None if until is None else max(until - time.monotonic(), _SHORTEST_WAIT))
            part, descriptors, _, _ = socket.recv_fds(self._socket, _LONGEST, 1)
            self._descriptors += descriptors
            if not part:
                raise EOFError("the other end is closed")
            self._received += part
        packet, self._received = self._received[:end], self._received[end + 1 :]
        try:
            name, values = json.loads(packet)
            hints = _HINTS[name]
            return _KINDS[name](**{field: _checked(hints[field], value) for field, value in values.items()})
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            raise Nonsense("no message") from error


def _plain(value: Any) -> object:
    """Return what JSON writes for a time, or for a message or a part of one."""
    if isinstance(value, datetime):
        return value.isoformat()
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _checked(kind: Any, value: object) -> Any:
    """Return a field's value of this type, from its JSON."""
    if isinstance(value, str) and kind in (Format, Stage, Reason):
        return kind(value)
    if isinstance(value, dict) and kind == MissingPart | None:
        return MissingPart(Side(value["side"]), float(value["share"]))
    if isinstance(value, str) and kind == Format | None:
        return Format(value)
    if isinstance(value, str) and kind == DateSource | None:
        return DateSource(value)
    if isinstance(value, str) and kind == datetime | None:
        return datetime.fromisoformat(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"{value!r} is no {kind}")
    if isinstance(value, float) and not math.isfinite(value):
        raise TypeError(f"{value!r} is no number")
    return value
