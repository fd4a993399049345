"""Digests what a file shows, so that files that differ in their metadata alone count as one picture.

A JPEG is digested as it is compressed; other formats by their pixels, which another version of their decoder
may change a little.
"""

import re
from collections.abc import Iterator

from blake3 import blake3
from PIL import Image

_STRIP = 256
"""Rows copied at a time: a second copy of the whole picture could exceed the memory of a reader."""

# Markers of ITU-T T.81, table B.1, by their second byte.
_START_OF_SCAN, _END_OF_IMAGE, _COMMENT = 0xDA, 0xD9, 0xFE
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_APPLICATION = range(0xE0, 0xF0)
_DECIDES_COLOUR = ((0xEE, b"Adobe"), (0xE2, b"ICC_PROFILE\0"))
"""Application segments that change the pixels: the colour transform, and the colour profile."""

_NEXT_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
"""What ends the compressed data of a scan: neither a stuffed zero nor a restart marker."""


def digest_jpeg(content: bytes, orientation: int) -> bytes:
    """Return BLAKE3, 32 bytes, of a JPEG's first picture without its metadata.

    ``orientation``, EXIF's tag from 1 to 8, counts as a part of the picture.
    """
    hasher = blake3(bytes([orientation]))
    view = memoryview(content)
    for start, end in _segments(content):
        hasher.update(view[start:end])
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


def _segments(content: bytes) -> Iterator[tuple[int, int]]:
    """Yield start and end of each part of the first picture that is not metadata."""
    at = 2
    while 0 <= (at := content.find(b"\xff", at)) < len(content) - 1:  # decoders skip what is no marker
        marker = content[at + 1]
        if marker == 0xFF:  # filling
            at += 1
        elif marker in _WITHOUT_LENGTH:
            at += 2
        elif marker == _END_OF_IMAGE:
            return
        else:
            end = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
            if marker == _START_OF_SCAN:
                found = _NEXT_MARKER.search(content, end)
                end = found.start() if found else len(content)
            if _is_picture(marker, content[at + 4 : at + 16]):
                yield at, end
            at = max(end, at + 2)


def _is_picture(marker: int, data: bytes) -> bool:
    if marker in _APPLICATION:
        return any(marker == kind and data.startswith(name) for kind, name in _DECIDES_COLOUR)
    return marker != _COMMENT
