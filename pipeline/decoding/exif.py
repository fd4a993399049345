"""Reads a photo's header: its orientation from EXIF, and when it was taken from all that its file says.

Tags are those of EXIF 2.32 (CIPA DC-008). Cameras and editors write much nonsense: it counts as absent, and
raises no error.
"""

import struct

from PIL import Image

from pipeline.decoding.format_reader import PhotoHeader
from pipeline.decoding.metadata.blocks import Metadata
from pipeline.decoding.metadata.live_photo import live_photo_of
from pipeline.decoding.metadata.taken import when_taken
from pipeline.values import Size

_ORIENTATION = 0x0112
_BYTE, _SHORT = 1, 3  # types of numbers
_FIRST_OFFSET = 4  # where the header gives the first directory
_COUNT_BYTES, _ENTRY_BYTES = 2, 12

# What Pillow raises on damaged EXIF: foreign headers, values of a wrong type, offsets out of range.
_EXIF_ERRORS = (SyntaxError, ValueError, TypeError, LookupError, OverflowError, OSError, struct.error)


def read_header(image: Image.Image, metadata: Metadata | None = None) -> PhotoHeader:
    """Return a picture's size, its orientation by EXIF or upright, when it was taken, and its live photo.

    The picture must be loaded: PNG may hold EXIF after the pixels, and Pillow turns a TIFF upright while
    loading it and drops the tag. ``metadata`` are those of its file; without them, those that Pillow found
    count.
    """
    metadata = metadata or Metadata.of_image(image)
    taken = when_taken(metadata)
    orientation = _valid_orientation(_orientation_of(image))
    return PhotoHeader.dated(Size(*image.size), orientation, taken, live_photo_of(metadata))


def _orientation_of(image: Image.Image) -> object:
    try:
        orientation = image.getexif().get(_ORIENTATION)
    except _EXIF_ERRORS:
        orientation = None
    if orientation is None:  # Pillow gives up at the first tag that it cannot read
        orientation = _orientation_in(image.info.get("exif"))
    return orientation


def read_metadata(block: bytes) -> PhotoHeader:
    """Return what a block of EXIF says, of no picture; its size is 1 x 1."""
    image = Image.new("L", (1, 1))
    image.info["exif"] = block
    return read_header(image)


def _orientation_in(block: object) -> int | None:
    """Return the orientation in a block of EXIF, even if the rest is damaged (TIFF 6.0, section 2)."""
    if not isinstance(block, bytes):
        return None
    block = block.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if order is None or len(block) < _FIRST_OFFSET + 4:
        return None
    (start,) = struct.unpack_from(order + "I", block, _FIRST_OFFSET)
    entries = block[start + _COUNT_BYTES :]
    (count,) = struct.unpack(order + "H", block[start : start + _COUNT_BYTES].ljust(_COUNT_BYTES, b"\0"))
    for number in range(min(count, len(entries) // _ENTRY_BYTES)):
        entry = struct.unpack_from(order + "HHIH", entries, number * _ENTRY_BYTES)
        if entry[:3] == (_ORIENTATION, _SHORT, 1):
            return int(entry[3])
        if entry[:3] == (_ORIENTATION, _BYTE, 1):
            return entries[number * _ENTRY_BYTES + 8]
    return None


def _valid_orientation(value: object) -> int:
    if isinstance(value, bytes) and len(value) == 1:  # of type BYTE, and not SHORT
        value = value[0]
    return value if isinstance(value, int) and 1 <= value <= 8 else 1
