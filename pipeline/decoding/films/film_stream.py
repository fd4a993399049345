"""Opens the picture stream of a film with PyAV: its header, packets, and frames. Runs in reader processes.

Only this module, `film_sampling` and `film_painting` know PyAV. FFmpeg reads through one open descriptor, and
can open no other file or address.
"""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, TypeAlias

import av
import numpy as np
from av import VideoFrame, VideoStream
from av.container import InputContainer
from av.error import DecoderNotFoundError, FFmpegError
from av.packet import Packet
from av.stream import Discard, Disposition

from pipeline.decoding.films.film_bytes import FilmBytes
from pipeline.decoding.films.film_dates import taken_at
from pipeline.decoding.films.film_faults import no_picture
from pipeline.decoding.format_reader import Unreadable
from pipeline.values import U8, Reason, Size

av.logging.set_level(None)

if TYPE_CHECKING:
    FilmPacket: TypeAlias = Packet[VideoStream]
else:
    FilmPacket = Packet

_READ_BYTES = 1 << 16
"""Bytes that FFmpeg asks for at a time."""

_NO_FILM = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image

_ENCRYPTED = frozenset({"encv", "drmi"})
"""Types of sample entries: common encryption (ISO/IEC 23001-7), which FFmpeg hides, and FairPlay."""

_IS_ENCRYPTED = "it is encrypted: only the program for which it was bought plays it"

_UNKNOWN_CODEC = "FFmpeg has no decoder for its pictures: convert it to MP4 with H.264"

_IDENTIFIER = "com.apple.quicktime.content.identifier"

_MOST_STRETCHED = 4
"""A pixel more oblong than this is nonsense of the header."""

_USUAL_STEP = 0.04
"""Seconds between frames if nothing says so."""

_MISSING_REFERENCES = 16
"""Packets behind a keyframe whose frames may need others from before it, which is no fault."""

_BEFORE_START = 10.0
"""Seconds."""

_JUMP = 1.0
"""Seconds back in the order of decoding that are no fault of one packet."""

_LARGEST_EDGE = 16_384
_UNSEEKABLE = frozenset({"h264", "hevc", "mpegvideo"})
"""Streams without a container, in which only counting finds a moment."""

_WITHOUT_STAMPS = _UNSEEKABLE | {"avi"}
"""Containers that do not say when a frame is shown, only in which order frames are decoded, if that."""

_MOST_ERRORS = 1000
"""Packets that cannot be read, one after another, before a film counts as ended."""


@dataclass(frozen=True, slots=True)
class StreamHeader:
    """What is known of a film before its first frame.

    Attributes:
        stored: Size of a frame as it is coded.
        pixel_aspect: Width of a pixel by its height.
        duration: Seconds, or ``None``.
    """

    stored: Size
    pixel_aspect: Fraction
    duration: float | None
    taken_at: datetime | None
    live_photo: str | None


class FilmStream:
    """The picture stream of a film. Moments are seconds from its first frame.

    Attributes:
        errors: How many packets could not be read or decoded.
    """

    def __init__(self, source: FilmBytes, container: str) -> None:
        """Open a film; ``container`` is from ``container_of``.

        Raises:
            Unreadable: It holds no stream of pictures that can be decoded.
            MemoryError: It takes more memory than a film should.
        """
        self.errors = 0
        self._source = source
        try:
            self._container = _open(source, container)
            self._stream = _picture_stream(self._container)
        except DecoderNotFoundError as error:
            raise Unreadable(Reason.UNSUPPORTED, _UNKNOWN_CODEC) from error
        except FFmpegError as error:
            _raise_if_fatal(error)
            source.check()
            raise source.cannot_be_opened(container, error.strerror or "unknown error") from error
        self._codec = self._stream.codec_context
        self._codec.thread_count = 1
        base = self._stream.time_base
        self._base = float(base) if base else 1.0
        self._origin = _origin(self._container, self._stream)
        rate = self._stream.guessed_rate or self._stream.average_rate
        self._step = float(1 / rate) if rate else _USUAL_STEP
        self._is_stamped = container not in _WITHOUT_STAMPS
        self._stamps: deque[int] = deque()
        self._read = 0
        self._last: int | None = None
        self._shift = 0
        self._since_restart = 0
        for each in self._container.streams:
            if each is not self._stream:
                each.discard = Discard.all

    @property
    def header(self) -> StreamHeader:
        """What the container says."""
        aspect = self._stream.sample_aspect_ratio or self._codec.sample_aspect_ratio
        if not aspect or not 1 / _MOST_STRETCHED <= aspect <= _MOST_STRETCHED:
            aspect = Fraction(1)
        metadata = {**self._stream.metadata, **self._container.metadata}
        return StreamHeader(
            stored=Size(self._codec.width, self._codec.height),
            pixel_aspect=aspect,
            duration=self._duration(),
            taken_at=taken_at(metadata),
            live_photo=metadata.get(_IDENTIFIER),
        )

    @property
    def codec(self) -> str:
        """FFmpeg's name of how the pictures are coded."""
        return self._codec.codec.canonical_name

    @property
    def shown(self) -> str:
        """What, beside the coded pictures, decides what a player shows."""
        stream = self._stream
        return f"{self._codec.name} {stream.start_time} {stream.duration} {stream.frames} {stream.time_base}"

    def packets(self) -> Iterator[FilmPacket]:
        """Yield the packets from where the stream is, until it ends or cannot be read any further."""
        errors = 0
        packets = self._container.demux(self._stream)
        while errors < _MOST_ERRORS:
            try:
                packet = next(packets)
            except StopIteration:
                self._source.check()
                return
            except (FFmpegError, IndexError) as error:  # the latter for a stream that turns up late
                _raise_if_fatal(error)
                self._source.check()
                self.errors += 1
                errors += 1
                packets = self._container.demux(self._stream)
                continue
            if packet.size:
                errors = 0
                self.errors += packet.is_corrupt
                if packet.has_sidedata("encryption_info"):
                    raise Unreadable(Reason.UNSUPPORTED, _IS_ENCRYPTED)
                self._stamp(packet)
                yield packet

    def _stamp(self, packet: FilmPacket) -> None:
        """Where a film does not say when frames are shown, take the order in which they are decoded."""
        if not self._is_stamped:
            counted = self._origin + round(self._read * self._step / self._base)
            packet.pts = packet.dts = counted if packet.dts is None else packet.dts
            self._read += 1
        self._go_on_after_jump(packet)

    def _go_on_after_jump(self, packet: FilmPacket) -> None:
        """Let time go on where it jumps back, as where recordings were joined, or a clock was set."""
        if packet.dts is None:
            return
        packet.dts += self._shift
        if packet.pts is not None:
            packet.pts += self._shift
        back = 0 if self._last is None else self._last - packet.dts
        if back * self._base > _JUMP:
            back += round(self._step / self._base)
            self._shift += back
            packet.dts += back
            packet.pts = packet.dts if packet.pts is None else packet.pts + back
        self._last = packet.dts

    def seek(self, moment: float) -> bool:
        """Go to the keyframe at or before a moment; return whether the film can."""
        if self._container.format.name in _UNSEEKABLE:
            return False
        try:
            self._container.seek(int(moment / self._base) + self._origin, stream=self._stream)
        except FFmpegError as error:
            _raise_if_fatal(error)
            return False
        self.restart()
        self._last, self._shift = None, 0
        return True

    def rewind(self) -> bool:
        """Go to the start; return whether the film can. Some can only from a moment before it."""
        return self.seek(-_BEFORE_START) or self.seek(0.0)

    def skip_frames(self, which: Literal["DEFAULT", "NONREF"]) -> None:
        """Say which frames are not decoded: ``DEFAULT``, or ``NONREF``, those that no other needs."""
        if self._is_stamped:  # frames are counted otherwise
            self._codec.skip_frame = which

    def decode(self, packet: FilmPacket | None) -> list[VideoFrame]:
        """Return the frames that a packet completes; ``None`` asks for the rest, and ends decoding."""
        if packet is not None and packet.dts is not None:
            self._stamps.append(packet.dts)
        self._since_restart += 1
        try:
            frames = self._codec.decode(packet)
        except FFmpegError as error:
            _raise_if_fatal(error)
            self.errors += self._since_restart > _MISSING_REFERENCES
            return []
        if not self._is_stamped:
            for frame in frames:
                frame.pts = self._stamps.popleft() if self._stamps else None
        return [each for each in frames if not each.is_corrupt]

    def restart(self) -> None:
        """Make the decoder ready for another keyframe."""
        self._codec.flush_buffers()
        self._stamps.clear()
        self._since_restart = 0

    def moment_of(self, item: FilmPacket | VideoFrame) -> float | None:
        """Return when a frame is shown; ``None`` if the film does not say."""
        stamp = item.pts if item.pts is not None else item.dts
        return None if stamp is None else round(max(0.0, (stamp - self._origin) * self._base), 3)

    def end_of(self, packet: FilmPacket) -> float | None:
        """Return the moment at which a packet's frame gives way to the next."""
        moment = self.moment_of(packet)
        if moment is None:
            return None
        length = packet.duration * self._base if packet.duration else self._step
        return moment + length

    def _duration(self) -> float | None:
        if self._stream.duration:
            return float(self._stream.duration * self._base)
        if self._container.duration:
            return self._container.duration / av.time_base
        return None


def bytes_of(frame: VideoFrame) -> U8:
    """Return the rows of a frame of one plane, with what pads them: uint8 [H, bytes of a row]."""
    plane = frame.planes[0]
    return np.frombuffer(memoryview(plane), np.uint8).reshape(frame.height, plane.line_size)


def _open(source: FilmBytes, container: str) -> InputContainer:
    return av.open(
        source,
        mode="r",
        format=container,
        buffer_size=_READ_BYTES,
        io_open=_open_nothing,
        metadata_errors="replace",
    )


def _open_nothing(url: str, flags: int, options: object) -> None:
    raise PermissionError(f"a film may not open {url}")


def _raise_if_fatal(error: Exception) -> None:
    if isinstance(error, MemoryError):
        raise MemoryError from error


def _picture_stream(container: InputContainer) -> VideoStream:
    streams = [each for each in container.streams.video if not each.disposition & _NO_FILM]
    if not streams and not container.streams.audio:
        raise no_picture(is_cut=False)
    if not streams:
        raise Unreadable(Reason.NOT_AN_IMAGE, "it has sound, and no moving picture")
    known = [each for each in streams if each.codec_context is not None]
    if not known:
        raise Unreadable(Reason.UNSUPPORTED, _UNKNOWN_CODEC)
    best = max(known, key=lambda each: (bool(each.disposition & Disposition.default), _pixels(each)))
    if best.codec_context.codec_tag in _ENCRYPTED:
        raise Unreadable(Reason.UNSUPPORTED, _IS_ENCRYPTED)
    size = best.codec_context.width, best.codec_context.height
    if min(size) < 1:
        raise Unreadable(Reason.CORRUPT, "its pictures have no size")
    if max(size) > _LARGEST_EDGE:
        raise Unreadable(Reason.TOO_LARGE, f"its pictures of {size[0]} x {size[1]} pixels are too large")
    return best


def _pixels(stream: VideoStream) -> int:
    return stream.codec_context.width * stream.codec_context.height


def _origin(container: InputContainer, stream: VideoStream) -> int:
    """Return the time stamp of the first frame."""
    if stream.start_time is not None:
        return stream.start_time
    if container.start_time is not None and stream.time_base:
        return math.floor(container.start_time / av.time_base / stream.time_base)
    return 0
