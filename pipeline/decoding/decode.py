"""Decodes the content of one photo, whichever its format, within the pixel cap and the memory there is.

This runs in a process of its own (`pipeline.decoding.reader_main`). It knows nothing of processes, nor where
the content comes from.
"""

from typing import BinaryIO, Protocol

from pipeline.decoding import pillow_picture  # noqa: F401 -- loaded before the time of a photo counts
from pipeline.decoding.format_reader import MemoryNeeded, Picture, Unreadable
from pipeline.decoding.formats import Format
from pipeline.decoding.reader_messages import DecodeRequest
from pipeline.decoding.readers import READERS
from pipeline.values import U8, Reason


class PixelMemory(Protocol):
    """Where the memory for a photo comes from."""

    def prepare(self, needed: MemoryNeeded) -> None:
        """Called once the header is read, before any pixel is; returns when there is memory."""

    def canvas(self, height: int, width: int) -> U8:
        """Memory for the result: uint8 [height, width, 3], C-contiguous, of any content."""


def decode(stream: BinaryIO, request: DecodeRequest, memory: PixelMemory) -> Picture:
    """Decodes a photo, of many frames the first.

    Args:
        stream: Its content.
        request: What is asked for.
        memory: Where memory comes from.

    Returns:
        The photo, upright and in sRGB.

    Raises:
        Unreadable: The content holds no picture that can be read, or not all of one; or it has more pixels
            than the cap.
        OSError: The content cannot be read.
    """
    kind = Format(request.format)
    picture = READERS[kind].open(stream, kind, request.length)
    size = picture.header.size
    if size.width * size.height > request.pixel_cap:
        raise Unreadable(
            Reason.TOO_LARGE,
            f"{size.width} x {size.height} pixels are more than the cap of {request.pixel_cap}: "
            "raise the pixel cap to read it",
        )
    memory.prepare(picture.memory_needed(request.long_edge))
    return picture.load(request.long_edge, memory.canvas)
