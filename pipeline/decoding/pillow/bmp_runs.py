"""Rewrites bitmaps of runs whose rows skip pixels or that end early, which Pillow refuses, as plain ones.

Runs are those of Windows' BI_RLE8 and BI_RLE4. Pixels that no run reaches have the first colour. This module
knows no image library.
"""

import struct

import numpy as np

from pipeline.values import U8

_BITS_AT, _PLAIN_HEADER = 28, 40
_BITS = {1: 8, 2: 4}  # by compression
_END_OF_ROW, _END, _SKIP = 0, 1, 2


def with_plain_rows(content: bytes) -> bytes | None:
    """Return a bitmap of the same pixels without runs; ``None`` if this one is of another kind, or cut."""
    if len(content) < _BITS_AT + 26:
        return None
    start, header, width, height = struct.unpack_from("<IIii", content, 10)
    bits, compression = struct.unpack_from("<HI", content, _BITS_AT)
    if header < _PLAIN_HEADER or _BITS.get(compression) != bits or min(width, height) < 1:
        return None
    rows = np.zeros((height, (width + 3) // 4 * 4), np.uint8)
    if not _fill(rows[:, :width], content, start, bits):
        return None
    head = bytearray(content[:start])
    (colours,) = struct.unpack_from("<I", head, 46)
    struct.pack_into("<HII", head, _BITS_AT, 8, 0, rows.nbytes)
    struct.pack_into("<I", head, 46, colours or 1 << bits)
    return bytes(head) + rows.tobytes()


def _fill(rows: U8, content: bytes, at: int, bits: int) -> bool:
    """Fill rows, bottom up as they are stored; return whether the runs come to their end within them."""
    x = y = 0
    height, width = rows.shape
    while at + 2 <= len(content):
        count, value = content[at : at + 2]
        at += 2
        if count:
            pixels = np.full(count, value, np.uint8) if bits == 8 else _nibbles(bytes([value]) * count)
        elif value == _END_OF_ROW:
            x, y = 0, y + 1
            continue
        elif value == _END:
            return True
        elif value == _SKIP:
            if at + 2 > len(content):
                return False
            x, y = x + content[at], y + content[at + 1]
            at += 2
            continue
        else:
            count = value
            data = content[at : at + -(-count * bits // 8)]
            pixels = np.frombuffer(data, np.uint8) if bits == 8 else _nibbles(data)
            at += (len(data) + 1) // 2 * 2
        if y >= height:
            return False
        pixels = pixels[:count][: max(0, width - x)]
        rows[y, x : x + len(pixels)] = pixels
        x += count
    return False


def _nibbles(data: bytes) -> U8:
    """Return two pixels of 4 bits for each byte, the upper first."""
    packed = np.frombuffer(data, np.uint8)
    pixels: U8 = np.stack([packed >> 4, packed & 15], -1).reshape(-1)
    return pixels
