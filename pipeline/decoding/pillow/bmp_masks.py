"""Rewrites bitmaps whose channels are any bits of a pixel as bitmaps of whole bytes, which decoders know.

Layouts are those of Windows' BITMAPINFOHEADER and its successors. This module knows no image library.
"""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.decoding.format_reader import TRUNCATED, Unreadable
from pipeline.values import U8, Reason

_FILE_HEADER = 14
_PLAIN_HEADER = 40
_WITH_ALPHA = 56
"""Bytes of the first header that has a mask for alpha."""
_BIT_FIELDS, _ALPHA_BIT_FIELDS = 3, 6
_MASKS_AT = _FILE_HEADER + _PLAIN_HEADER
_BYTES_HEADER = 108
_PLAIN_MASKS = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
_ROWS = 64


@dataclass(frozen=True, slots=True)
class _Layout:
    pixels: int
    width: int
    height: int
    bits: int
    masks: tuple[int, ...]


def with_whole_bytes(content: bytes) -> bytes | None:
    """Return a bitmap of the same pixels, 8 bits a channel; ``None`` if this one is of another kind.

    Raises:
        Unreadable: It ends early.
    """
    layout = _layout(content)
    if layout is None:
        return None
    stride = (layout.width * layout.bits + 31) // 32 * 4
    if layout.pixels + stride * abs(layout.height) > len(content):
        raise Unreadable(Reason.TRUNCATED, TRUNCATED)
    rows = np.frombuffer(content, np.uint8, stride * abs(layout.height), layout.pixels).reshape(-1, stride)
    values = rows[:, : layout.width * layout.bits // 8]
    pixels = np.zeros((len(rows), layout.width, 4), np.uint8)
    for top in range(0, len(rows), _ROWS):
        band = np.ascontiguousarray(values[top : top + _ROWS]).view(f"<u{layout.bits // 8}")
        for place, mask in zip((2, 1, 0, 3), layout.masks, strict=False):
            if mask:
                pixels[top : top + _ROWS, :, place] = _channel(band, mask)
    masks = _PLAIN_MASKS if layout.masks[3] else (*_PLAIN_MASKS[:3], 0)
    header = struct.pack(
        "<IiiHHIIiiII",
        _BYTES_HEADER,
        layout.width,
        layout.height,
        1,
        32,
        _BIT_FIELDS,
        pixels.nbytes,
        0,
        0,
        0,
        0,
    )
    header = (header + struct.pack("<4I", *masks)).ljust(_BYTES_HEADER, b"\0")
    start = _FILE_HEADER + _BYTES_HEADER
    return b"".join(
        (b"BM", struct.pack("<IHHI", start + pixels.nbytes, 0, 0, start), header, pixels.tobytes())
    )


def _layout(content: bytes) -> _Layout | None:
    if len(content) < _MASKS_AT + 16:
        return None
    pixels, size, width, height, _, bits, compression = struct.unpack_from("<IIiiHHI", content, 10)
    if size < _PLAIN_HEADER or bits not in (16, 32) or width < 1 or not height:
        return None
    if compression not in (_BIT_FIELDS, _ALPHA_BIT_FIELDS):
        return None
    masks = struct.unpack_from("<4I", content, _MASKS_AT)
    if size < _WITH_ALPHA and compression == _BIT_FIELDS:
        masks = (*masks[:3], 0)
    if not all(masks[:3]) or not all(_is_field(mask, bits) for mask in masks):
        return None
    return _Layout(pixels, width, height, bits, masks)


def _is_field(mask: int, bits: int) -> bool:
    """Tell whether the bits of a mask follow one another within a pixel; one of no bits does."""
    lowest = mask & -mask
    return mask >> bits == 0 and (mask + lowest) & mask == 0


def _channel(values: NDArray[np.unsignedinteger], mask: int) -> U8:
    shift = (mask & -mask).bit_length() - 1
    highest = mask >> shift
    levels = (values & values.dtype.type(mask)) >> values.dtype.type(shift)
    pixels: U8 = np.rint(levels * (255 / highest)).astype(np.uint8)
    return pixels
