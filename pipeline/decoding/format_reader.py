"""The protocol for image libraries: open a picture, read its header, then decode as large as needed.

Only reader processes may call it on people's photos: hostile files may hang or crash a decoder, or exhaust
memory.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from importlib.metadata import version
from typing import BinaryIO, Protocol, TypeAlias

from pipeline.decoding.formats import Format
from pipeline.values import U8, DateSource, MissingPart, Reason, Size, Taken

Canvas: TypeAlias = Callable[[int, int], U8]
"""Memory for a result of this height and width: uint8 [height, width, 3], of any content."""

TRUNCATED = "the file ends before the picture does: copy it again from its source"
"""The message for a file that ends early."""

REDUCTIONS = (8, 4, 2)
"""Factors by which a photo may be scaled down, besides 1."""


@dataclass(frozen=True, slots=True)
class PhotoHeader:
    """What a picture's header says.

    Attributes:
        size: As stored, before the picture is turned upright.
        orientation: EXIF's tag, 1 to 8; 1 if it is absent or invalid.
        taken_at: Aware only if the offset from UTC is known.
        taken_from: What says so.
        live_photo: As in ``DecodedPhoto``.
    """

    size: Size
    orientation: int
    taken_at: datetime | None
    taken_from: DateSource | None = None
    live_photo: str | None = None

    @classmethod
    def dated(
        cls, size: Size, orientation: int, taken: Taken | None, live_photo: str | None = None
    ) -> "PhotoHeader":
        """Make a header of a picture that was taken at this time."""
        if taken is None:
            return cls(size, orientation, None, None, live_photo)
        return cls(size, orientation, taken.at, taken.source, live_photo)


@dataclass(frozen=True, slots=True)
class MemoryNeeded:
    """Memory that decoding a picture takes: pixels decoded, bytes of the result, and bytes beside it.

    Pixels are those of the full size, also where only a part of them is shown.
    """

    pixels: int
    result: int
    decoding: int

    @classmethod
    def of(cls, size: Size, long_edge: int | None, decoding: int) -> "MemoryNeeded":
        """Count what a picture of this size takes; ``long_edge`` is that of ``OpenPicture.load``."""
        reduction = choose_reduction(size, long_edge)
        columns, rows = (-(-edge // reduction) for edge in (size.width, size.height))
        return cls(size.width * size.height, 3 * rows * columns, decoding)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A ``DecodedPhoto`` without its file."""

    size: Size
    taken_at: datetime | None
    pixels: U8
    scale: float
    picture: bytes
    missing: MissingPart | None = None
    taken_from: DateSource | None = None
    note: str | None = None
    live_photo: str | None = None


class Unreadable(Exception):
    """A picture is not readable; the message is one line for the user, without the path."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class ReadInstead(Exception):
    """A picture is not what it seemed when it was opened; another one of the file is read in its place."""

    def __init__(self, picture: "OpenPicture") -> None:
        super().__init__()
        self.picture = picture


class OpenPicture(Protocol):
    """A picture of which only the header has been read."""

    @property
    def header(self) -> PhotoHeader:
        """What is known before the pixels: a PNG may give its orientation and time after them."""

    def memory_needed(self, long_edge: int | None) -> MemoryNeeded:
        """Return what ``load`` will take."""

    def load(self, long_edge: int | None, canvas: Canvas, picture: bytes | None = None) -> Picture:
        """Decode it, once, into memory from ``canvas``; ``picture`` is its digest, if that is known.

        The result is the smallest of full size and 1/2, 1/4, 1/8 of it whose longer edge has at least
        ``long_edge`` pixels; ``None`` asks for full size.

        Raises:
            Unreadable: It is damaged, or of an unsupported kind.
            ReadInstead: So it is, but the file holds another picture.
            OSError: The file cannot be read.
        """


class OpenFormat(Protocol):
    """Opens pictures of a format; only then it imports an image library."""

    def __call__(self, stream: BinaryIO, kind: Format, length: int) -> OpenPicture:
        """Read the header of a picture of ``length`` bytes from ``stream``, at its start.

        Raises:
            Unreadable: It holds no readable picture.
            OSError: The file cannot be read.
        """


@dataclass(frozen=True)
class FormatReader:
    """Reads pictures of some formats.

    Attributes:
        formats: The formats that it reads.
        packages: Names of the packages that decode them.
        open: Opens a picture of one of the formats.
    """

    formats: frozenset[Format]
    packages: tuple[str, ...]
    open: OpenFormat

    @cached_property
    def libraries(self) -> tuple[str, ...]:
        """The packages with their versions, each such as ``pillow 12.0.0``."""
        return tuple(f"{name} {version(name)}" for name in self.packages)


def choose_reduction(size: Size, long_edge: int | None) -> int:
    """Return the largest reduction of 1, 2, 4 and 8 that keeps this long edge, in pixels."""
    if long_edge is not None:
        short, long = sorted((size.width, size.height))
        for reduction in REDUCTIONS:
            if short >= reduction and -(-long // reduction) >= long_edge:
                return reduction
    return 1
