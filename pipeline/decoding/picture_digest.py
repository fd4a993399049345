"""Digests what a file shows, so that files that differ in their metadata alone count as one picture.

A JPEG is digested as it is compressed, HEIC and AVIF too (`pipeline.decoding.heif.heif_container`); other
formats by their pixels, which another version of their decoder may change a little.
"""

from blake3 import blake3
from PIL import Image

from pipeline.decoding.jpeg.jpeg_segments import segments

_STRIP = 256
"""Rows copied at a time: a second copy of the whole picture could exceed the memory of a reader."""

# Markers of ITU-T T.81, table B.1, by their second byte.
_COMMENT = 0xFE
_APPLICATION = range(0xE0, 0xF0)
_DECIDES_COLOUR = ((0xEE, b"Adobe"), (0xE2, b"ICC_PROFILE\0"))
"""Application segments that change the pixels: the colour transform, and the colour profile."""


def digest_jpeg(content: bytes, orientation: int) -> bytes:
    """Return BLAKE3, 32 bytes, of a JPEG's first picture without its metadata.

    ``orientation``, EXIF's tag from 1 to 8, counts as a part of the picture.
    """
    hasher = blake3(bytes([orientation]))
    view = memoryview(content)
    for each in segments(content):
        if _is_picture(each.marker, each.data(content)):
            hasher.update(view[each.start : each.end])
    return hasher.digest()


def digest_pixels(image: Image.Image, orientation: int) -> bytes:
    """Return BLAKE3, 32 bytes, of a loaded picture's pixels as stored, and what decides how they look."""
    width, height = image.size
    palette = image.palette.getdata() if image.palette else None
    info = (image.info.get(name) for name in ("transparency", "icc_profile"))
    hasher = blake3(repr((orientation, image.mode, image.size, palette, *info)).encode())
    for top in range(0, height, _STRIP):
        hasher.update(image.crop((0, top, width, min(top + _STRIP, height))).tobytes())
    return hasher.digest()


def _is_picture(marker: int, data: bytes) -> bool:
    if marker in _APPLICATION:
        return any(marker == kind and data.startswith(name) for kind, name in _DECIDES_COLOUR)
    return marker != _COMMENT
