"""The seam to image libraries: what a reader of picture formats does.

It opens a picture, reads the header before any pixel, and decodes as large as needed. Only reader processes
may call it on people's photos: a decoder that is given a hostile file may hang, crash, or take all memory.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol, TypeAlias

from pipeline.decoding.formats import Format
from pipeline.values import U8, Reason, Size

Canvas: TypeAlias = Callable[[int, int], U8]
"""Memory for a result of this height and width: uint8 [height, width, 3], of any content."""

REDUCTIONS = (8, 4, 2)
"""By which a photo may be scaled down, besides not at all."""


@dataclass(frozen=True, slots=True)
class PhotoHeader:
    """What a picture's header says.

    Attributes:
        size: As it is stored.
        orientation: 1 to 8, EXIF's tag: which row and column of the stored picture is the upright photo's
            top and left. 1 where the tag is absent or invalid.
        taken_at: When the photo was taken; aware only where EXIF gives the offset from UTC.
    """

    size: Size
    orientation: int
    taken_at: datetime | None


@dataclass(frozen=True, slots=True)
class MemoryNeeded:
    """Memory that decoding a picture takes.

    Attributes:
        pixels: Of the photo at full size.
        result: Bytes of the result.
        decoding: Bytes beside the result.
    """

    pixels: int
    result: int
    decoding: int


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A ``DecodedPhoto`` without its file; attributes are those of it."""

    size: Size
    taken_at: datetime | None
    pixels: U8
    scale: float


class Unreadable(Exception):
    """A picture cannot be read, or not all of it; the message is one line for people, without the path."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class OpenPicture(Protocol):
    """A picture of which only the header is read."""

    @property
    def header(self) -> PhotoHeader:
        """What stands before the pixels: a PNG may give its orientation and time after them."""

    def memory_needed(self, long_edge: int | None) -> MemoryNeeded:
        """What ``load`` will take."""

    def load(self, long_edge: int | None, canvas: Canvas) -> Picture:
        """Decode it, once.

        Args:
            long_edge: The result is the smallest of full size and 1/2, 1/4, 1/8 of it whose longer edge still
                has that many pixels; ``None`` asks for full size.
            canvas: Gives the memory for the result.

        Raises:
            Unreadable: It is damaged, or of a kind that is not read.
            OSError: The file cannot be read.
        """


class FormatReader(Protocol):
    """Reads pictures of some formats. Only ``open`` may import an image library."""

    @property
    def formats(self) -> frozenset[Format]:
        """The formats that it reads."""

    @property
    def version(self) -> str:
        """The library that decodes, and its version, as ``pillow 12.0.0``."""

    def sniff(self, path: bytes, head: bytes) -> Format | None:
        """The format of a file, by path and ``OpenPhoto.head``; ``None`` if this reader does not read it."""

    def open(self, stream: BinaryIO, kind: Format, length: int) -> OpenPicture:
        """Read the header of a picture.

        Args:
            stream: The file, at its start.
            kind: What ``sniff`` returned.
            length: Bytes of the file.

        Raises:
            Unreadable: It holds no picture that can be read.
            OSError: The file cannot be read.
        """


def choose_reduction(size: Size, long_edge: int | None) -> int:
    """The largest of 1, 2, 4 and 8 by which a photo can be scaled down and keep this long edge in pixels."""
    if long_edge is not None:
        short, long = sorted((size.width, size.height))
        for reduction in REDUCTIONS:
            if short >= reduction and -(-long // reduction) >= long_edge:
                return reduction
    return 1
