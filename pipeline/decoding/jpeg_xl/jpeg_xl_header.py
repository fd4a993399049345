"""Reads the header of a JPEG XL, and finds its metadata, without decoding it (ISO/IEC 18181-1 and -2)."""

import io
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.decoding.format_reader import TRUNCATED, Unreadable
from pipeline.decoding.heif.iso_media import IsoMedia, IsoMediaError
from pipeline.decoding.orientation import upright_size
from pipeline.values import Reason, Size

_CODESTREAM = b"\xff\x0a"
_HEADER_BYTES = 64
"""More than size and orientation take."""
_EXIF_OFFSET = 4
_LARGEST_BLOCK = 4 << 20

_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}
"""Width by height, where the header has one of these numbers and no width (annex D.2)."""
_SIZES = (9, 13, 18, 30)
"""Bits of an edge, by its selector."""


@dataclass(frozen=True, slots=True)
class JpegXlHeader:
    """The size of the upright picture, and blocks of metadata, of which some may be compressed by Brotli."""

    size: Size
    exif: tuple[bytes, ...]
    xmp: tuple[bytes, ...]
    packed: tuple[tuple[bytes, bytes], ...]


def read_jpeg_xl_header(content: bytes) -> JpegXlHeader:
    """Read the header of a file.

    Raises:
        Unreadable: It ends before the codestream begins.
    """
    if content.startswith(_CODESTREAM):
        return JpegXlHeader(_upright_size(content[: len(_CODESTREAM) + _HEADER_BYTES]), (), (), ())
    start, exif, xmp, packed = b"", [], [], []
    for kind, data in _boxes(content):
        if kind == b"jxlc":
            start = data[:_HEADER_BYTES]
        elif kind == b"jxlp" and len(start) < _HEADER_BYTES:
            start += data[4 : 4 + _HEADER_BYTES]
        elif kind == b"Exif" and len(data) <= _LARGEST_BLOCK:
            exif.append(data[_EXIF_OFFSET:])
        elif kind == b"xml " and len(data) <= _LARGEST_BLOCK:
            xmp.append(data)
        elif kind == b"brob" and len(data) <= _LARGEST_BLOCK:
            packed.append((data[:4], data[4:]))
    if not start.startswith(_CODESTREAM):
        raise Unreadable(Reason.TRUNCATED, TRUNCATED)
    return JpegXlHeader(_upright_size(start), tuple(exif), tuple(xmp), tuple(packed))


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield type and content of the boxes; what is cut ends early."""
    media = IsoMedia(io.BytesIO(content), len(content))
    try:
        for box in media.boxes():
            yield box.kind, content[box.content : box.end]
    except IsoMediaError:
        return


def _upright_size(start: bytes) -> Size:
    bits = _Bits(start[len(_CODESTREAM) :])
    size = _size(bits)
    all_default = bits.take(1)
    has_more = not all_default and bits.take(1)
    orientation = 1 + bits.take(3) if has_more else 1
    return upright_size(size, orientation)


def _size(bits: "_Bits") -> Size:
    small = bits.take(1)

    def edge() -> int:
        return 8 * (1 + bits.take(5)) if small else 1 + bits.take(_SIZES[bits.take(2)])

    height = edge()
    ratio = bits.take(3)
    if ratio:
        numerator, denominator = _RATIOS[ratio]
        return Size(height * numerator // denominator, height)
    return Size(edge(), height)


class _Bits:
    """Takes numbers from bytes, the lowest bit first; zeros behind their end."""

    def __init__(self, content: bytes) -> None:
        self._rest = int.from_bytes(content, "little")

    def take(self, count: int) -> int:
        value = self._rest & ((1 << count) - 1)
        self._rest >>= count
        return value
