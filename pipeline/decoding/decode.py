"""Decodes the content of one photo of any format. Runs in a reader process, of which it knows nothing."""

from typing import BinaryIO, Protocol

from pipeline.decoding.format_reader import MemoryNeeded, OpenPicture, Picture, ReadInstead, Unreadable

# Loaded before the time of a photo counts.
from pipeline.decoding.heif import avif_picture  # noqa: F401
from pipeline.decoding.jpeg import jpeg_picture  # noqa: F401
from pipeline.decoding.metadata.blocks import Metadata
from pipeline.decoding.metadata.taken import when_taken, when_taken_by_sidecar
from pipeline.decoding.metadata.xmp import MOST_BYTES
from pipeline.decoding.pillow import pillow_picture  # noqa: F401
from pipeline.decoding.process.reader_messages import MOST_PICTURES, DateRequest, DecodeRequest
from pipeline.decoding.readers import READERS
from pipeline.decoding.tiff import tiff_picture  # noqa: F401
from pipeline.values import U8, Reason, Taken


class PixelMemory(Protocol):
    """Provides the memory for a photo."""

    def prepare(self, needed: MemoryNeeded) -> None:
        """Wait until there is memory; called between header and pixels."""

    def canvas(self, height: int, width: int) -> U8:
        """Return memory for the result: uint8 [height, width, 3], C-contiguous, not initialised."""


def decode(stream: BinaryIO, request: DecodeRequest, memory: PixelMemory) -> Picture:
    """Decode a photo, or its first frame, to upright sRGB.

    Raises:
        Unreadable: The content is not a complete, readable picture, or has more pixels than the cap.
        OSError: The content cannot be read.
    """
    known = None if request.picture is None else bytes.fromhex(request.picture)
    picture = READERS[request.format].open(stream, request.format, request.length)
    for _ in range(MOST_PICTURES - 1):
        try:
            return _load(picture, request, memory, known)
        except ReadInstead as other:
            picture = other.picture
    return _load(picture, request, memory, known)


def read_date(stream: BinaryIO, request: DateRequest) -> Taken | None:
    """Read when a photo was taken from what its file says, or from its sidecar, without decoding the photo.

    Raises:
        Unreadable: The content is no readable picture.
        OSError: The content cannot be read.
    """
    if request.format is None:
        return when_taken_by_sidecar(stream.read(MOST_BYTES))
    metadata = Metadata.of_stream(stream, request.format)
    if metadata is not None:
        return when_taken(metadata)
    header = READERS[request.format].open(stream, request.format, request.length).header
    return (
        None
        if header.taken_at is None or not header.taken_from
        else Taken(header.taken_at, header.taken_from)
    )


def _load(picture: OpenPicture, request: DecodeRequest, memory: PixelMemory, known: bytes | None) -> Picture:
    size, needed = picture.header.size, picture.memory_needed(request.long_edge)
    if needed.pixels > request.pixel_cap:
        raise Unreadable(
            Reason.TOO_LARGE,
            f"its {size.width} x {size.height} pixels exceed {request.pixel_cap / 1e6:g} megapixels: "
            "raise --max-megapixels to read it",
        )
    memory.prepare(needed)
    return picture.load(request.long_edge, memory.canvas, known)
