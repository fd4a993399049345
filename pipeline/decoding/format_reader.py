"""What every reader of picture formats does, whichever library it has.

A reader opens a picture, says what its header holds before a pixel is decoded, and decodes it as large as it
is needed. That runs in a process of its own, since a decoder that is given a hostile file may hang, crash, or
ask for all memory there is: nothing else may call it on people's photos.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol, TypeAlias

from pipeline.decoding.formats import Format
from pipeline.values import U8, Reason, Size

Canvas: TypeAlias = Callable[[int, int], U8]
"""Gives the memory for a result: its height and width to uint8 [height, width, 3], of any content."""

REDUCTIONS = (8, 4, 2)
"""By which a photo may be scaled down, besides not at all."""


@dataclass(frozen=True, slots=True)
class PhotoHeader:
    """What a picture's header says.

    Attributes:
        size: As it is stored.
        orientation: 1 to 8, EXIF's tag: which row and column of the stored picture is the upright photo's
            top and left.
        taken_at: When the photo was taken; aware only where an offset is given. ``None`` where nothing
            valid is said.
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
    """What a photo shows: a ``DecodedPhoto`` that does not know which file it is of.

    Attributes:
        size: The upright photo at full size.
        taken_at: As in ``PhotoHeader``.
        pixels: uint8 [H, W, 3], upright sRGB.
        scale: Decoded pixels per full-size pixel: 1.0, or 0.5, 0.25, 0.125.
    """

    size: Size
    taken_at: datetime | None
    pixels: U8
    scale: float


class Unreadable(Exception):
    """A picture cannot be read, or not all of it.

    Attributes:
        reason: Why.
        message: One line for the person who reads it, without the path.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class OpenPicture(Protocol):
    """A picture whose header is read, and no pixel yet.

    Attributes:
        header: As far as it stands before the pixels: a PNG may say its orientation and time after them.
    """

    @property
    def header(self) -> PhotoHeader: ...  # noqa: D102

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
    """Reads pictures of some formats. Making one imports no image library; opening a picture does.

    Attributes:
        formats: That it reads.
        version: The library that decodes, and its version, as ``pillow 12.0.0``.
    """

    @property
    def formats(self) -> frozenset[Format]: ...  # noqa: D102

    @property
    def version(self) -> str: ...  # noqa: D102

    def sniff(self, path: bytes, head: bytes) -> Format | None:
        """The format of a file by its first bytes; ``None`` where this reader does not read it.

        Args:
            path: The file.
            head: Its first bytes, as ``pipeline.sources.photo_file_access.OpenPhoto`` has them.
        """

    def open(self, stream: BinaryIO, kind: Format, length: int) -> OpenPicture:
        """Read a picture's header.

        Args:
            stream: The file, at its start.
            kind: Its format, as ``sniff`` says.
            length: Of the file, bytes.

        Raises:
            Unreadable: It holds no picture that can be read.
            OSError: The file cannot be read.
        """


def choose_reduction(size: Size, long_edge: int | None) -> int:
    """By what a photo of this size is scaled down to keep a long edge of so many pixels: 1, 2, 4 or 8."""
    if long_edge is not None:
        short, long = sorted((size.width, size.height))
        for reduction in REDUCTIONS:
            if short >= reduction and -(-long // reduction) >= long_edge:
                return reduction
    return 1
