"""Mends the container of a WebP whose pixels are whole, for a decoder that gives up at its first fault.

A copy that broke off within the metadata, which stand last, or a wrong length of the whole, costs no pixel
(RIFF container of the WebP specification). This module knows no image library.
"""

from collections.abc import Iterator

from pipeline.decoding.format_reader import TRUNCATED, Unreadable
from pipeline.values import Reason

_HEAD = 12
_EXTENDED = b"VP8X"
_STILL = frozenset({b"VP8 ", b"VP8L"})
_FRAME = b"ANMF"
_EXIF = b"EXIF"
_FLAGS = {b"ICCP": 0x20, _EXIF: 0x08, b"XMP ": 0x04}
"""Bits of the extended header that announce a chunk of metadata."""


def sound_webp(content: bytes) -> bytes:
    """Return a WebP with those of its chunks that are whole, and lengths that are right.

    Raises:
        Unreadable: It ends before its picture, or the first of them, does; or before its EXIF, without which
            nobody knows which way up the picture is.
    """
    chunks = list(_chunks(content))
    whole = [(name, data) for name, data, is_whole in chunks if is_whole]
    names = {name for name, _ in whole}
    if len(chunks) == len(whole) and int.from_bytes(content[4:8], "little") + 8 == len(content):
        return content
    announced = next((data[0] for name, data in whole if name == _EXTENDED and data), 0)
    if not names & (_STILL | {_FRAME}) or (announced & _FLAGS[_EXIF] and _EXIF not in names):
        raise Unreadable(Reason.TRUNCATED, TRUNCATED)
    parts = []
    for name, data in whole:
        if name == _EXTENDED and data:
            absent = sum(bit for each, bit in _FLAGS.items() if each not in names)
            data = bytes([announced & ~absent]) + data[1:]
        parts.append(name + len(data).to_bytes(4, "little") + data + bytes(len(data) % 2))
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """Yield name, data, and whether they are whole, of each chunk up to the end of the file."""
    at = _HEAD
    while at + 8 <= len(content):
        length = int.from_bytes(content[at + 4 : at + 8], "little")
        yield content[at : at + 4], content[at + 8 : at + 8 + length], at + 8 + length <= len(content)
        at += 8 + length + length % 2
