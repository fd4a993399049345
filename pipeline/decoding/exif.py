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
from pipeline.decoding.metadata.tiff_tags import ORIENTATION, orientation_in
from pipeline.values import Size

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
        orientation = image.getexif().get(ORIENTATION)
    except _EXIF_ERRORS:
        orientation = None
    if orientation is None:  # Pillow gives up at the first tag that it cannot read
        block = image.info.get("exif")
        orientation = orientation_in(block) if isinstance(block, bytes) else None
    return orientation


def read_metadata(block: bytes) -> PhotoHeader:
    """Return what a block of EXIF says, of no picture; its size is 1 x 1."""
    image = Image.new("L", (1, 1))
    image.info["exif"] = block
    return read_header(image)


def _valid_orientation(value: object) -> int:
    if isinstance(value, bytes) and len(value) == 1:  # of type BYTE, and not SHORT
        value = value[0]
    return value if isinstance(value, int) and 1 <= value <= 8 else 1
